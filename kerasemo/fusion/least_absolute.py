"""Linear fits with the loss of scikit-learn's `LinearSVR` at epsilon 0, solved to a known accuracy.

`LinearSVR(C=C, epsilon=0)` minimises `0.5 |w|^2 + C sum_t |y_t - x_t w|`; the intercept is one more weight, of an input
that is 1. Its coordinate descent needs thousands of passes where inputs are collinear, and predictions in a context
window are. Here: the alternating direction method of multipliers (Boyd et al. 2011, "Distributed optimization and
statistical learning via the ADMM", sections 3.4.3 and 6.1), which factorises the Gram matrix once. It stops on the
duality gap: the objective is then known to be within `tol` of the best there is.
"""

from collections.abc import Sequence

import numpy as np
import scipy.linalg

from kerasemo.fusion.windows import Windows

RELAXATION = 1.6
# What counts as a large residual, in mean deviations of the targets; it governs the speed, not the solution.
SCALE = 4.0
CHECK_EVERY = 5


class Problem:
    """One fit of all targets: how it is posed, and how far it has come.

    Args:
        C: weight of the loss.
        cost: what the square of each weight costs; 1 in the formula above.
        gram: `inputs.T @ inputs` of the shared inputs, the own ones and the constant 1, in this order, float64.
        targets: `frames x targets`.
        own: inputs that only this problem has.
        start: a problem with the same targets, solved; one that is alike saves iterations.

    Attributes:
        weights: `inputs x targets`, float64.
        gap: per target, how far the objective may be above the best, as a share of it.
        fitted: `inputs @ weights`.
        n_iter: iterations run.
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
        factor = gram.copy()
        factor[np.diag_indices_from(factor)] += cost * self.scale / C
        self.factor = scipy.linalg.cho_factor(factor, overwrite_a=True, check_finite=False)
        # The residuals split off, and the multipliers of the split in units of C / scale.
        self.split = np.zeros_like(self.targets) if start is None else start.split
        self.multipliers = np.zeros_like(self.targets) if start is None else start.multipliers
        self.weights = np.zeros((len(gram), targets.shape[1]))
        self.gap = np.full(targets.shape[1], np.inf)
        self.fitted = np.zeros_like(self.targets)
        self.n_iter = 0

    @property
    def aim(self) -> np.ndarray:
        """What the next least-squares fit approximates."""
        return self.targets + self.split - self.multipliers

    @property
    def dual(self) -> np.ndarray:
        """The dual variables: within -C and C."""
        return self.multipliers * self.targets.dtype.type(self.C / self.scale)

    def project(self, correlations: np.ndarray) -> None:
        """Set the weights to the ridge fit of `aim`, from `inputs.T @ aim`."""
        self.weights = scipy.linalg.cho_solve(self.factor, correlations, check_finite=False)

    def split_off(self, fitted: np.ndarray) -> None:
        """Shrink the residuals and move the multipliers."""
        self.fitted = fitted
        self.n_iter += 1
        relaxed = RELAXATION * (fitted - self.targets) + (1 - RELAXATION) * self.split + self.multipliers
        self.multipliers = np.clip(relaxed, -self.scale, self.scale)
        self.split = relaxed - self.multipliers

    def measure(self, correlations: np.ndarray) -> None:
        """Set the gap, from `inputs.T @ dual`."""
        slope = (self.dual * self.targets).sum(axis=0, dtype=float)
        curvature = np.maximum((correlations**2 / self.cost).sum(axis=0), np.finfo(float).tiny)
        # Every multiple of the dual variables up to one bounds the objective from below; this one does it best.
        length = np.clip(-slope / curvature, 0, 1)
        bound = -0.5 * length**2 * curvature - length * slope
        reached = objective(self.weights, self.cost, self.fitted - self.targets, self.C)
        self.gap = (reached - bound) / np.maximum(reached, np.finfo(float).tiny)


def solve(shared: Windows, problems: Sequence[Problem], tol: float, max_iter: int) -> None:
    """Solve problems side by side: reading the shared inputs from memory is what costs, and all do it at once.

    Args:
        shared: inputs of all problems. Products are computed in its type; float32 serves a `tol`
            of 1e-4 and above.
        problems: what to solve; weights and gap are set.
        tol: a problem is done when the gap of each of its targets is below.
        max_iter: end then, whatever the gaps.
    """
    left = list(problems)
    for iteration in range(1, max_iter + 1):
        for problem, correlations in zip(left, _correlations(shared, left, [p.aim for p in left]), strict=True):
            problem.project(correlations)
        for problem, fitted in zip(left, _fitted(shared, left), strict=True):
            problem.split_off(fitted)
        if iteration % CHECK_EVERY == 0 or iteration == max_iter:
            duals = _correlations(shared, left, [problem.dual for problem in left])
            for problem, correlations in zip(left, duals, strict=True):
                problem.measure(correlations)
            left = [problem for problem in left if (problem.gap > tol).any()]
            if not left:
                return


def objective(weights: np.ndarray, cost: np.ndarray, residuals: np.ndarray, C: float) -> np.ndarray:
    """What is minimised, per target.

    >>> objective(np.array([[3.0], [4.0]]), np.ones((2, 1)), np.array([[1.0], [-1.0]]), C=10.0)
    array([32.5])
    """
    return 0.5 * (cost * weights**2).sum(axis=0) + C * np.abs(residuals).sum(axis=0, dtype=float)


def _correlations(shared: Windows, problems: Sequence[Problem], values: Sequence[np.ndarray]) -> list[np.ndarray]:
    """`inputs.T @ values` of each problem."""
    common = np.split(shared.transposed_dot(np.hstack(values)), len(problems), axis=1)
    return [
        np.concatenate([part, problem.own.transposed_dot(own), own.sum(axis=0, keepdims=True)]).astype(float)
        for part, problem, own in zip(common, problems, values, strict=True)
    ]


def _fitted(shared: Windows, problems: Sequence[Problem]) -> list[np.ndarray]:
    """`inputs @ weights` of each problem."""
    weights = [problem.weights.astype(shared.inputs.dtype) for problem in problems]
    width = shared.shape[1]
    common = np.split(shared.dot(np.hstack([w[:width] for w in weights])), len(problems), axis=1)
    return [
        part + problem.own.dot(w[width:-1]) + w[-1] for part, problem, w in zip(common, problems, weights, strict=True)
    ]
