"""Ridge regression that shrinks to equal weights. The recommended fusion uses it within and between recordings."""

import itertools
from collections.abc import Sequence

import numpy as np
from scipy.ndimage import gaussian_filter1d
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
        """
        X, targets = checked(self, X, y)
        lengths = checked_lengths(lengths, len(X))
        group_of_frame = np.repeat(checked_groups(groups, lengths), lengths)
        mean, spread = X.mean(axis=0), X.std(axis=0)
        gain = matching_gain(spread, np.ones_like(spread))
        levels = self._levels((X - mean) * gain, lengths)
        shared = [mean_inputs(level, targets.shape[1]) for level in levels]
        moments = Moments(np.hstack([*shared, *levels]), targets, group_of_frame)
        weights, centre = self._fitted(moments, len(levels), X.shape[1] // targets.shape[1])
        self.coef_ = self._per_input(weights, len(levels)) * gain[:, None]
        # A constant offset only affects the first level: the others are deviations from it.
        self.intercept_ = centre - mean @ self.coef_[0]
        return self

    def predict(self, X, lengths: Sequence[int] | None = None) -> np.ndarray:
        """Return the fused traces, with the number of axes of the targets."""
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

    def _fitted(self, moments: "Moments", n_levels: int, n_models: int) -> tuple[np.ndarray, np.ndarray]:
        """Choose the best penalties of each target; return weights and intercepts."""
        grid = list(itertools.product(self.strengths, self._cross_penalties()))
        penalties = [_penalties(*point, n_levels, n_models, moments.n_targets) for point in grid]
        if moments.n_groups < 3:
            best = np.full(moments.n_targets, len(grid) - 1)
        else:
            best = np.argmax([moments.left_out_ccc(penalty) for penalty in penalties], axis=0)
        self.chosen_ = np.array(grid)[best]
        chosen = np.stack([penalties[point][:, target] for target, point in enumerate(best)], axis=1)
        return moments.fit(moments.sums.sum(axis=0), chosen)

    def _per_input(self, weights: np.ndarray, n_levels: int) -> np.ndarray:
        """Return the sum of shared weights and deviations, `levels x inputs x targets`."""
        n_targets = weights.shape[1]
        shared = weights[: n_levels * n_targets].reshape(n_levels, n_targets, n_targets)
        deviations = weights[n_levels * n_targets :].reshape(n_levels, -1, n_targets)
        n_models = deviations.shape[1] // n_targets
        return deviations + np.tile(shared / n_models, (1, n_models, 1))

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
        between, within = self.coef_
        impulse = np.zeros(2 * int(TRUNCATE * self.smoothing + 0.5) + 1)
        impulse[len(impulse) // 2] = 1.0
        kernel = self._smooth(impulse)[:, None, None] * within
        return [Stage(kernel, between - within, self.intercept_)]

    def _levels(self, X: np.ndarray, lengths: np.ndarray) -> list[np.ndarray]:
        between, within = np.empty_like(X), np.empty_like(X)
        for rows in slices(lengths):
            between[rows] = X[rows].mean(axis=0)
            within[rows] = self._smooth(X[rows]) - between[rows]
        return [between, within]

    def _cross_penalties(self) -> Sequence[float]:
        return self.cross

    def _smooth(self, traces: np.ndarray) -> np.ndarray:
        return gaussian_filter1d(traces, self.smoothing, axis=0, mode="nearest", truncate=TRUNCATE)


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

    def fit(self, sums: np.ndarray, penalties: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Compute a ridge regression, rescaled to the standard deviation of the targets.

        Args:
            sums: sums over the groups to fit on.
            penalties: `inputs x targets`, in units of the inputs' variance.

        Returns:
            Weights, `inputs x targets`, and the intercept of each target.
        """
        mean = sums[0, 1:] / sums[0, 0]
        covariance = sums[1:, 1:] / sums[0, 0] - np.outer(mean, mean)
        input_covariance = covariance[: self.n_inputs, : self.n_inputs]
        weights = np.empty((self.n_inputs, self.n_targets))
        for target in range(self.n_targets):
            # Scaling by the root of the penalty excludes inputs with an infinite penalty.
            scale = 1 / np.sqrt(penalties[:, target])
            system = input_covariance * np.outer(scale, scale) + np.eye(self.n_inputs)
            weights[:, target] = scale * np.linalg.solve(
                system, scale * covariance[: self.n_inputs, self.n_inputs + target]
            )
        spread = np.sqrt(np.maximum(np.einsum("it,ij,jt->t", weights, input_covariance, weights), 0))
        wanted = np.sqrt(np.maximum(np.diag(covariance)[self.n_inputs :], 0))
        weights *= matching_gain(spread, wanted)
        return weights, mean[self.n_inputs :] - mean[: self.n_inputs] @ weights

    def left_out_ccc(self, penalties: np.ndarray) -> np.ndarray:
        """Return the CCC of each target over all groups, where each group is predicted by a fit on the others."""
        total = self.sums.sum(axis=0)
        scores = sum(self._scored(left_out, *self.fit(total - left_out, penalties)) for left_out in self.sums)
        return ccc_of_sums(scores)

    def _scored(self, sums: np.ndarray, weights: np.ndarray, intercept: np.ndarray) -> np.ndarray:
        """Return the sums of `ccc_sums` for the predictions of a group, `targets x 6`."""
        coefficients = np.vstack([intercept, weights])
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


def _penalties(strength: float, cross: float, n_levels: int, n_models: int, n_targets: int) -> np.ndarray:
    """Return the penalty of each weight for each target: first the shared weights of all levels, then deviations."""
    factors = np.where(np.eye(n_targets, dtype=bool), 1.0, cross)
    return np.concatenate(
        [
            np.tile(COMMON * factors, (n_levels, 1)),
            np.tile(strength * factors, (n_levels * n_models, 1)),
        ]
    )
