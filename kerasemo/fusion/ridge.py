"""Ridge regression that shrinks to equal weights; between and within recordings, it is the recommended fusion."""

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

# Penalty of the weight that all models of a target share, in units of the inputs' variance: nearly free.
COMMON = 0.1
# How far the smoothing kernel reaches, in standard deviations.
TRUNCATE = 4.0


class EqualWeightsRidge(RegressorMixin, BaseEstimator):
    """Weights of the models by ridge regression, shrunk to equal ones and rescaled to the labels' spread.

    The weight of a model is one that all models of the target share, nearly free, and a deviation, which is penalised.
    Inputs are standardised. Per target, the penalty is the one whose predictions of left-out groups, all together,
    have the highest concordance correlation coefficient; with fewer than three groups it is the strongest.

    Args:
        strengths: penalties of the deviations to choose from, in units of the inputs' variance.

    Attributes:
        coef_: `levels x inputs x targets`, the weights of the inputs.
        intercept_: per target.
        chosen_: per target, the strength and the cross penalty chosen.
    """

    def __init__(self, strengths: Sequence[float] = (1.0, 10.0, 100.0)) -> None:
        self.strengths = strengths

    def fit(self, X, y, lengths: Sequence[int] | None = None, groups: Sequence | None = None) -> "EqualWeightsRidge":
        """Choose the penalties and fit.

        Args:
            X: `frames x (models * targets)`.
            y: `frames` or `frames x targets`.
            lengths: frames of each recording; without them, each frame is one.
            groups: the group of each recording, such as its dialogue, that the choice of penalties leaves out in turn;
                without them, nothing is left out.
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
        # What is the same in every frame reaches the first level alone: later ones are deviations from it.
        self.intercept_ = centre - mean @ self.coef_[0]
        return self

    def predict(self, X, lengths: Sequence[int] | None = None) -> np.ndarray:
        """The fused traces, in the form that the targets had."""
        check_is_fitted(self)
        X = checked_input(self, X)
        levels = self._levels(X, checked_lengths(lengths, len(X)))
        fused = sum(level @ weights for level, weights in zip(levels, self.coef_, strict=True))
        return shaped(self, fused + self.intercept_)

    def stages(self) -> list[Stage]:
        """The fitted fusion as arrays."""
        check_is_fitted(self)
        return [Stage(self.coef_, np.zeros_like(self.coef_[0]), self.intercept_)]

    def _levels(self, X: np.ndarray, lengths: np.ndarray) -> list[np.ndarray]:
        """The inputs that get weights of their own, each `frames x inputs`."""
        return [X]

    def _cross_penalties(self) -> Sequence[float]:
        """How much harder inputs of other targets are penalised; infinity leaves them out."""
        return [np.inf]

    def _fitted(self, moments: "Moments", n_levels: int, n_models: int) -> tuple[np.ndarray, np.ndarray]:
        """Weights and intercept of the best penalties of each target."""
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
        """`levels x inputs x targets`: the shared weights handed to the models, and the deviations."""
        n_targets = weights.shape[1]
        shared = weights[: n_levels * n_targets].reshape(n_levels, n_targets, n_targets)
        deviations = weights[n_levels * n_targets :].reshape(n_levels, -1, n_targets)
        n_models = deviations.shape[1] // n_targets
        return deviations + np.tile(shared / n_models, (1, n_models, 1))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        # Rescaling to the labels' spread is right for concordance and costs squared error.
        tags.regressor_tags.poor_score = True
        return tags


class WithinBetweenRidge(EqualWeightsRidge):
    """`EqualWeightsRidge` with weights of their own for how recordings differ and for the course of each.

    Every input is split into its mean over the recording and the deviation from it (the within-between model of
    Mundlak 1978, "On the pooling of time series and cross section data", Econometrica 46), for models differ in which
    of both they know. The course is smoothed: annotations move slowly, errors of models do not. The predictions of
    other targets are inputs too, under a penalty that is chosen with the other one.

    Args:
        strengths: penalties of the deviations to choose from, in units of the inputs' variance.
        cross: how much harder the inputs of other targets are penalised, to choose from.
        smoothing: standard deviation of the Gaussian that smooths the course, in frames; 15 are 1.5 s.
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
        """The fitted fusion as arrays."""
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
    """Sums of products of inputs and targets by group: all that ridge regressions and their scores need.

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
        """How many groups there are."""
        return len(self.sums)

    def fit(self, sums: np.ndarray, penalties: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Ridge regression, rescaled to the targets' spread.

        Args:
            sums: of the groups to fit on.
            penalties: `inputs x targets`, in units of the inputs' variance.

        Returns:
            Weights `inputs x targets`, and the intercept of each target.
        """
        mean = sums[0, 1:] / sums[0, 0]
        covariance = sums[1:, 1:] / sums[0, 0] - np.outer(mean, mean)
        of_inputs = covariance[: self.n_inputs, : self.n_inputs]
        weights = np.empty((self.n_inputs, self.n_targets))
        for target in range(self.n_targets):
            # Scaling by the root of the penalty leaves out what is penalised infinitely.
            scale = 1 / np.sqrt(penalties[:, target])
            system = of_inputs * np.outer(scale, scale) + np.eye(self.n_inputs)
            weights[:, target] = scale * np.linalg.solve(
                system, scale * covariance[: self.n_inputs, self.n_inputs + target]
            )
        spread = np.sqrt(np.maximum(np.einsum("it,ij,jt->t", weights, of_inputs, weights), 0))
        wanted = np.sqrt(np.maximum(np.diag(covariance)[self.n_inputs :], 0))
        weights *= matching_gain(spread, wanted)
        return weights, mean[self.n_inputs :] - mean[: self.n_inputs] @ weights

    def left_out_ccc(self, penalties: np.ndarray) -> np.ndarray:
        """The concordance correlation coefficient of each target over all groups, each predicted by the others."""
        total = self.sums.sum(axis=0)
        scores = sum(self._scored(left_out, *self.fit(total - left_out, penalties)) for left_out in self.sums)
        return ccc_of_sums(scores)

    def _scored(self, sums: np.ndarray, weights: np.ndarray, intercept: np.ndarray) -> np.ndarray:
        """The sums of `ccc_sums` of predictions of a group, `targets x 6`."""
        line = np.vstack([intercept, weights])
        true = sums[1 + self.n_inputs :]
        predicted = sums[: 1 + self.n_inputs, : 1 + self.n_inputs] @ line
        return np.stack(
            [
                np.full(self.n_targets, sums[0, 0]),
                true[:, 0],
                predicted[0],
                np.diag(true[:, 1 + self.n_inputs :]),
                (line * predicted).sum(axis=0),
                (line * sums[: 1 + self.n_inputs, 1 + self.n_inputs :]).sum(axis=0),
            ],
            axis=1,
        )


def _penalties(strength: float, cross: float, n_levels: int, n_models: int, n_targets: int) -> np.ndarray:
    """The penalty of each input for each target: first the shared weights of all levels, then the deviations."""
    of_targets = np.where(np.eye(n_targets, dtype=bool), 1.0, cross)
    return np.concatenate(
        [
            np.tile(COMMON * of_targets, (n_levels, 1)),
            np.tile(strength * of_targets, (n_levels * n_models, 1)),
        ]
    )
