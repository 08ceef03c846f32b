"""Ridge regression that shrinks to equal weights, also with separate weights within and between recordings."""

import itertools
from collections.abc import Sequence
from copy import copy

import numpy as np
from scipy.linalg import block_diag
from scipy.ndimage import gaussian_filter
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from kerasemo.evaluation.scores import ccc_of_sums
from kerasemo.fusion.mean import matching_gain
from kerasemo.fusion.recordings import (
    checked,
    checked_groups,
    checked_input,
    checked_lengths,
    mean_inputs,
    shaped,
    slices,
)
from kerasemo.fusion.stage import Stage

__all__ = [
    "COMMON",
    "TRUNCATE",
    "EqualWeightsRidge",
    "Moments",
    "WithinBetweenRidge",
    "mean_and_covariance",
    "weight_penalties",
]

# Penalty of the weight that all models of a target share, in units of the inputs' variance: almost none.
COMMON = 0.1
# Half-width of the smoothing kernel, in standard deviations.
TRUNCATE = 4.0


class EqualWeightsRidge(RegressorMixin, BaseEstimator):
    """Ridge regression that shrinks the models' weights to equal weights; its output is rescaled to the labels.

    The weight of a model is the sum of a weight that all models of the target share, almost without penalty, and a
    deviation, which is penalised. Inputs are standardised, and the output is rescaled to the standard deviation of the
    labels. For each target, the penalty is chosen that gives the highest concordance correlation coefficient of the
    pooled predictions of left-out groups; with fewer than three groups, the strongest penalty is used.

    Args:
        strengths: penalties of the deviations to choose from, in units of the inputs' variance.

    Attributes:
        coef_: weights of the inputs, `levels x inputs x targets`.
        intercept_: intercept of each target.
        chosen_: the chosen strength and cross penalty of each target.
    """

    def __init__(self, strengths: Sequence[float] = (1.0, 10.0, 100.0)) -> None:
        self.strengths = strengths

    def fit(self, X, y, lengths: Sequence[int] | None = None, groups: Sequence | None = None) -> "EqualWeightsRidge":
        """Choose the penalties and fit.

        Args:
            X: `frames x (models * targets)`.
            y: `frames` or `frames x targets`.
            lengths: frames of each recording; None: each frame is a recording.
            groups: the group of each recording, such as its dialogue. The groups are left out in turn to choose the
                penalties. None: there is only one group.

        Returns:
            This estimator.
        """
        X, targets = checked(self, X, y)
        lengths = checked_lengths(lengths, len(X))
        group_of_frame = np.repeat(checked_groups(groups, lengths), lengths)
        mean, spread = X.mean(axis=0), X.std(axis=0)
        gain = matching_gain(spread, np.ones_like(spread))
        levels = self._levels((X - mean) * gain, lengths)
        shared = [mean_inputs(level, targets.shape[1]) for level in levels]
        moments = Moments(np.hstack([*shared, *levels]), targets, group_of_frame)
        intercept, *weights = self._fitted(moments, len(levels), X.shape[1] // targets.shape[1])
        self.coef_ = _per_input(np.array(weights), len(levels)) * gain[:, None]
        # A constant offset only affects the first level: the others are deviations from it.
        self.intercept_ = intercept - mean @ self.coef_[0]
        return self

    def predict(self, X, lengths: Sequence[int] | None = None) -> np.ndarray:
        """Return the fused traces, with the number of axes of the targets.

        Args:
            X: predictions of all models, `frames x (models * targets)`.
            lengths: frames of each recording; None: each frame is a recording.
        """
        check_is_fitted(self)
        X = checked_input(self, X)
        levels = self._levels(X, checked_lengths(lengths, len(X)))
        fused = sum(level @ weights for level, weights in zip(levels, self.coef_, strict=True))
        return shaped(self, fused + self.intercept_)

    def stages(self) -> list[Stage]:
        """Return the fitted fusion as arrays."""
        check_is_fitted(self)
        return [Stage(self.coef_, np.zeros_like(self.coef_[0]), self.intercept_)]

    def _levels(self, X: np.ndarray, lengths: np.ndarray) -> list[np.ndarray]:
        """Return the levels of the inputs, which have separate weights, each `frames x inputs`."""
        return [X]

    def _cross_penalties(self) -> Sequence[float]:
        """Return factors of the penalty of inputs of other targets to choose from; infinity excludes these inputs."""
        return [np.inf]

    def _fitted(self, moments: "Moments", n_levels: int, n_models: int) -> np.ndarray:
        """Choose the best penalties of each target; return intercepts and weights."""
        grid = list(itertools.product(self.strengths, self._cross_penalties()))
        penalties = [weight_penalties(*point, n_levels, n_models, moments.n_targets) for point in grid]
        if moments.n_groups < 3:
            best = np.full(moments.n_targets, len(grid) - 1)
        else:
            best = np.argmax([moments.left_out_ccc(penalty) for penalty in penalties], axis=0)
        self.chosen_ = np.array(grid)[best]
        chosen = np.stack([penalties[point][:, target] for target, point in enumerate(best)], axis=1)
        return moments.fit(moments.sums.sum(axis=0), chosen)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        # Rescaling to the standard deviation of the labels improves CCC and increases the squared error.
        tags.regressor_tags.poor_score = True
        return tags


class WithinBetweenRidge(EqualWeightsRidge):
    """`EqualWeightsRidge` with separate weights for differences between recordings and for changes within each.

    Each input is split into its mean over the recording and the deviation from it (the within-between model of Mundlak
    1978, "On the pooling of time series and cross section data", Econometrica 46), because some models predict the
    former better, others the latter. The deviation is smoothed: annotations change slowly, errors of models do not. The
    predictions of other targets are inputs, too, with an additional penalty.

    Args:
        strengths: penalties of the deviations to choose from, in units of the inputs' variance.
        cross: factors of the penalty of inputs of other targets to choose from.
        smoothing: standard deviation of the smoothing Gaussian, in frames; 15 frames are 1.5 s.
    """

    def __init__(
        self,
        strengths: Sequence[float] = (1.0, 10.0, 100.0),
        cross: Sequence[float] = (1.0, 10.0, 100.0),
        smoothing: float = 15.0,
    ) -> None:
        super().__init__(strengths)
        self.cross = cross
        self.smoothing = smoothing

    def stages(self) -> list[Stage]:
        """Return the fitted fusion as arrays."""
        check_is_fitted(self)
        between, *within = self.coef_
        reach = int(TRUNCATE * max(self._smoothings()) + 0.5)
        impulse = np.eye(2 * reach + 1)[:, [reach]]
        smoothed = [_smooth(impulse, smoothing) for smoothing in self._smoothings()]
        kernel = sum(shape[:, None] * weights for shape, weights in zip(smoothed, within, strict=True))
        return [Stage(kernel, between - sum(within), self.intercept_)]

    def _levels(self, X: np.ndarray, lengths: np.ndarray) -> list[np.ndarray]:
        between, *within = (np.empty_like(X) for _ in range(1 + len(self._smoothings())))
        for rows in slices(lengths):
            between[rows] = X[rows].mean(axis=0)
            for smoothing, level in zip(self._smoothings(), within, strict=True):
                level[rows] = _smooth(X[rows], smoothing) - between[rows]
        return [between, *within]

    def _cross_penalties(self) -> Sequence[float]:
        return self.cross

    def _smoothings(self) -> Sequence[float]:
        """Return the smoothing of each level of changes within a recording."""
        return [self.smoothing]


class Moments:
    """Sums of products of inputs and targets for each group, sufficient for ridge regressions and their scores.

    Args:
        inputs: `frames x inputs`.
        targets: `frames x targets`.
        groups: the number of each frame's group.
    """

    def __init__(self, inputs: np.ndarray, targets: np.ndarray, groups: np.ndarray) -> None:
        self.n_inputs, self.n_targets = inputs.shape[1], targets.shape[1]
        table = np.hstack([np.ones((len(inputs), 1)), inputs, targets])
        self.sums = np.stack([table[groups == group].T @ table[groups == group] for group in np.unique(groups)])

    @property
    def n_groups(self) -> int:
        """The number of groups."""
        return len(self.sums)

    def combined(self, basis: np.ndarray) -> "Moments":
        """Return the moments of linear combinations of the inputs, `inputs x combinations`.

        Args:
            basis: the combinations, one per column.
        """
        moments = copy(self)
        moments.n_inputs = basis.shape[1]
        columns = block_diag(1, basis, np.eye(self.n_targets))
        moments.sums = columns.T @ self.sums @ columns
        return moments

    def fit(self, sums: np.ndarray, penalties: np.ndarray) -> np.ndarray:
        """Compute a ridge regression, rescaled to the standard deviation of the targets.

        Rescaled least squares, which is the result without penalties, is the linear predictor with the highest
        concordance correlation coefficient (Kim, Bottai et al., "Maximum Agreement Linear Predictors", arXiv
        2304.04221).

        Args:
            sums: sums over the groups to fit on.
            penalties: `inputs x targets`; inputs with an infinite penalty are excluded.

        Returns:
            Intercept, then weights of each target: `(1 + inputs) x targets`.
        """
        mean, covariance = mean_and_covariance(sums)
        weights = np.zeros((self.n_inputs, self.n_targets))
        for target, penalty in enumerate(penalties.T):
            used = np.flatnonzero(np.isfinite(penalty))
            system = covariance[np.ix_(used, used)] + np.diag(penalty[used])
            weights[used, target] = np.linalg.solve(system, covariance[used, self.n_inputs + target])
        return self.matched(sums, np.vstack([mean[self.n_inputs :] - mean[: self.n_inputs] @ weights, weights]))

    def matched(self, sums: np.ndarray, coefficients: np.ndarray) -> np.ndarray:
        """Rescale a linear fusion to the standard deviation of the targets; its mean stays the same.

        Args:
            sums: sums over the groups that define the standard deviations.
            coefficients: intercept, then weights of each target: `(1 + inputs) x targets`.

        Returns:
            The rescaled coefficients, `(1 + inputs) x targets`.
        """
        mean, covariance = mean_and_covariance(sums)
        weights, own = coefficients[1:], slice(self.n_inputs)
        spread = np.sqrt(np.maximum((weights * (covariance[own, own] @ weights)).sum(axis=0), 0))
        wanted = np.sqrt(np.maximum(np.diag(covariance)[self.n_inputs :], 0))
        rescaled = weights * matching_gain(spread, wanted)
        return np.vstack([coefficients[0] + mean[own] @ (weights - rescaled), rescaled])

    def left_out_ccc(self, penalties: np.ndarray) -> np.ndarray:
        """Return the CCC of each target over all groups, where each group is predicted by a fit on the others.

        Args:
            penalties: `inputs x targets`, see `fit`.
        """
        total = self.sums.sum(axis=0)
        scores = sum(self._scored(left_out, self.fit(total - left_out, penalties)) for left_out in self.sums)
        return ccc_of_sums(scores)

    def _scored(self, sums: np.ndarray, coefficients: np.ndarray) -> np.ndarray:
        """Return the sums of `ccc_sums` for the predictions of a group, `targets x 6`."""
        true = sums[1 + self.n_inputs :]
        predicted = sums[: 1 + self.n_inputs, : 1 + self.n_inputs] @ coefficients
        return np.stack(
            [
                np.full(self.n_targets, sums[0, 0]),
                true[:, 0],
                predicted[0],
                np.diag(true[:, 1 + self.n_inputs :]),
                (coefficients * predicted).sum(axis=0),
                (coefficients * sums[: 1 + self.n_inputs, 1 + self.n_inputs :]).sum(axis=0),
            ],
            axis=1,
        )


def mean_and_covariance(sums: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and covariance of columns, given the sums of products of a constant 1 and the columns.

    Args:
        sums: `(1 + columns) x (1 + columns)`.
    """
    mean = sums[0, 1:] / sums[0, 0]
    return mean, sums[1:, 1:] / sums[0, 0] - np.outer(mean, mean)


def weight_penalties(strength: float, cross: float, n_levels: int, n_models: int, n_targets: int) -> np.ndarray:
    """Return the penalty of each weight for each target: first the shared weights of all levels, then deviations.

    Args:
        strength: penalty of the models' deviations from equal weights.
        cross: factor of the penalty of inputs of other targets.
        n_levels: number of levels, parts of the inputs with separate weights.
        n_models: number of models.
        n_targets: number of targets.
    """
    factors = np.where(np.eye(n_targets, dtype=bool), 1.0, cross)
    return np.concatenate(
        [
            np.tile(COMMON * factors, (n_levels, 1)),
            np.tile(strength * factors, (n_levels * n_models, 1)),
        ]
    )


def _per_input(weights: np.ndarray, n_levels: int) -> np.ndarray:
    """Return the sum of shared weights and deviations, `levels x inputs x targets`."""
    n_targets = weights.shape[1]
    shared = weights[: n_levels * n_targets].reshape(n_levels, n_targets, n_targets)
    deviations = weights[n_levels * n_targets :].reshape(n_levels, -1, n_targets)
    n_models = deviations.shape[1] // n_targets
    return deviations + np.tile(shared / n_models, (1, n_models, 1))


def _smooth(traces: np.ndarray, smoothing: float) -> np.ndarray:
    """Smooth each column; 0 does not change it."""
    return gaussian_filter(traces, (smoothing, 0), mode="nearest", truncate=TRUNCATE)
