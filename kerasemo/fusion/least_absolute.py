"""Linear regression with the loss of scikit-learn's `LinearSVR` at epsilon 0, solved to a known accuracy.

`LinearSVR(C=C, epsilon=0)` minimises `0.5 |w|^2 + C sum_t |y_t - x_t w|`; the intercept is the weight of an additional
input that is 1. Its coordinate descent needs thousands of passes if inputs are collinear, as predictions in a context
window are. This module uses the alternating direction method of multipliers (ADMM; Boyd et al. 2011, "Distributed
optimization and statistical learning via the alternating direction method of multipliers", sections 3.1.1, 3.4.3 and
6.1), which factorises the Gram matrix once. It stops when the duality gap is small: the objective is then within `tol`
of the optimum.

In the notation of the reference, `A x - b` are the residuals `inputs @ weights - targets`, `z` is the variable that is
set equal to them, `u` the scaled dual variable, `rho` the penalty and `alpha` the over-relaxation.
"""

from collections.abc import Sequence

import numpy as np
import scipy.linalg

from kerasemo.fusion.windows import Windows

__all__ = ["ALPHA", "CHECK_EVERY", "SCALE", "Problem", "objective", "solve"]

ALPHA = 1.6
# Size of a large residual, in mean absolute deviations of the targets. It affects the speed, not the solution.
SCALE = 4.0
CHECK_EVERY = 5


class Problem:
    """One regression of all targets, and the state of its solution.

    Args:
        C: weight of the loss.
        cost: cost of the square of each weight; 1 in the formula above.
        gram: `inputs.T @ inputs` of the shared inputs, the own inputs and the constant 1, in this order, float64.
        targets: `frames x targets`.
        own: inputs that only this problem has.
        start: a solved problem with the same targets; a similar problem saves iterations.

    Attributes:
        weights: `inputs x targets`, float64.
        gap: for each target, an upper bound of the distance of the objective from the optimum, as a share of it.
        fitted: `inputs @ weights`.
        n_iter: number of iterations.
    """

    def __init__(
        self,
        C: float,
        cost: np.ndarray,
        gram: np.ndarray,
        targets: np.ndarray,
        own: Windows,
        start: "Problem | None" = None,
    ) -> None:
        self.C, self.cost, self.targets, self.own = C, cost[:, None], targets.astype(own.inputs.dtype), own
        self.scale = SCALE * float(np.abs(targets - np.median(targets, axis=0)).mean()) or 1.0
        self.rho = C / self.scale
        factor = gram.copy()
        factor[np.diag_indices_from(factor)] += cost * self.scale / C
        self.factor = scipy.linalg.cho_factor(factor, overwrite_a=True, check_finite=False)
        self.z = np.zeros_like(self.targets) if start is None else start.z
        self.u = np.zeros_like(self.targets) if start is None else start.u
        self.weights = np.zeros((len(gram), targets.shape[1]))
        self.gap = np.full(targets.shape[1], np.inf)
        self.fitted = np.zeros_like(self.targets)
        self.n_iter = 0

    @property
    def right_hand_side(self) -> np.ndarray:
        """The values that the next least-squares fit approximates."""
        return self.targets + self.z - self.u

    @property
    def dual(self) -> np.ndarray:
        """The dual variables, within -C and C."""
        return self.u * self.targets.dtype.type(self.rho)

    def update_weights(self, correlations: np.ndarray) -> None:
        """Set the weights to the ridge fit of `right_hand_side`, given `inputs.T @ right_hand_side`.

        Args:
            correlations: `inputs.T @ right_hand_side`, `inputs x targets`.
        """
        self.weights = scipy.linalg.cho_solve(self.factor, correlations, check_finite=False)

    def update_z_and_u(self, fitted: np.ndarray) -> None:
        """Update the residuals `z` by soft thresholding, and the scaled dual variable `u`.

        Args:
            fitted: `inputs @ weights`, `frames x targets`.
        """
        self.fitted = fitted
        self.n_iter += 1
        relaxed = ALPHA * (fitted - self.targets) + (1 - ALPHA) * self.z + self.u
        self.u = np.clip(relaxed, -self.scale, self.scale)
        self.z = relaxed - self.u

    def update_gap(self, correlations: np.ndarray) -> None:
        """Compute the duality gap, given `inputs.T @ dual`.

        Args:
            correlations: `inputs.T @ dual`, `inputs x targets`.
        """
        slope = (self.dual * self.targets).sum(axis=0, dtype=float)
        curvature = np.maximum((correlations**2 / self.cost).sum(axis=0), np.finfo(float).tiny)
        # The dual variables times any factor from 0 to 1 give a lower bound of the objective; this is the best factor.
        length = np.clip(-slope / curvature, 0, 1)
        bound = -0.5 * length**2 * curvature - length * slope
        value = objective(self.weights, self.cost, self.fitted - self.targets, self.C)
        self.gap = (value - bound) / np.maximum(value, np.finfo(float).tiny)


def solve(shared: Windows, problems: Sequence[Problem], tol: float, max_iter: int) -> None:
    """Solve several problems together: most of the time is for reading the shared inputs, which is done once for all.

    Args:
        shared: inputs of all problems. Products are computed in their type; float32 is sufficient for a `tol` of 1e-4
            or more.
        problems: the problems to solve; their weights and gaps are set.
        tol: a problem is solved when the gaps of all its targets are at most `tol`.
        max_iter: maximum number of iterations.
    """
    unsolved = list(problems)
    for iteration in range(1, max_iter + 1):
        right_hand_sides = [problem.right_hand_side for problem in unsolved]
        for problem, correlations in zip(unsolved, _correlations(shared, unsolved, right_hand_sides), strict=True):
            problem.update_weights(correlations)
        for problem, fitted in zip(unsolved, _fitted(shared, unsolved), strict=True):
            problem.update_z_and_u(fitted)
        if iteration % CHECK_EVERY == 0 or iteration == max_iter:
            duals = _correlations(shared, unsolved, [problem.dual for problem in unsolved])
            for problem, correlations in zip(unsolved, duals, strict=True):
                problem.update_gap(correlations)
            unsolved = [problem for problem in unsolved if (problem.gap > tol).any()]
            if not unsolved:
                return


def objective(weights: np.ndarray, cost: np.ndarray, residuals: np.ndarray, C: float) -> np.ndarray:
    """Return the objective that is minimised, for each target.

    Args:
        weights: `inputs x targets`.
        cost: cost of the square of each weight, `inputs x 1`.
        residuals: `frames x targets`.
        C: weight of the loss.

    Example:
        >>> objective(np.array([[3.0], [4.0]]), np.ones((2, 1)), np.array([[1.0], [-1.0]]), C=10.0)
        array([32.5])
    """
    return 0.5 * (cost * weights**2).sum(axis=0) + C * np.abs(residuals).sum(axis=0, dtype=float)


def _correlations(shared: Windows, problems: Sequence[Problem], values: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Return `inputs.T @ values` for each problem."""
    common = np.split(shared.transposed_dot(np.hstack(values)), len(problems), axis=1)
    return [
        np.concatenate([part, problem.own.transposed_dot(own), own.sum(axis=0, keepdims=True)]).astype(float)
        for part, problem, own in zip(common, problems, values, strict=True)
    ]


def _fitted(shared: Windows, problems: Sequence[Problem]) -> list[np.ndarray]:
    """Return `inputs @ weights` for each problem."""
    weights = [problem.weights.astype(shared.inputs.dtype) for problem in problems]
    width = shared.shape[1]
    common = np.split(shared.dot(np.hstack([w[:width] for w in weights])), len(problems), axis=1)
    return [
        part + problem.own.dot(w[width:-1]) + w[-1] for part, problem, w in zip(common, problems, weights, strict=True)
    ]
