"""Fusion without weights: the mean of the models, as it is or brought to the labels' spread."""

from collections.abc import Sequence

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from kerasemo.fusion.recordings import checked, checked_input, mean_inputs, shaped
from kerasemo.fusion.stage import Stage


class Mean(RegressorMixin, BaseEstimator):
    """The mean of the models, per target; nothing is fitted.

    Attributes:
        gain_: what the mean is multiplied by, per target.
        bias_: what is then added, per target.
    """

    def fit(self, X, y, lengths: Sequence[int] | None = None, groups: Sequence | None = None) -> "Mean":
        """Note the number of targets; `lengths` and `groups` do not matter.

        Args:
            X: `frames x (models * targets)`.
            y: `frames` or `frames x targets`.
            lengths: frames of each recording.
            groups: the group of each recording.
        """
        X, targets = checked(self, X, y)
        self.gain_, self.bias_ = self._line(mean_inputs(X, targets.shape[1]), targets)
        return self

    def predict(self, X, lengths: Sequence[int] | None = None) -> np.ndarray:
        """The fused traces, in the form that the targets had."""
        check_is_fitted(self)
        return shaped(self, mean_inputs(checked_input(self, X), len(self.gain_)) * self.gain_ + self.bias_)

    def stages(self) -> list[Stage]:
        """The fitted fusion as arrays."""
        check_is_fitted(self)
        n_models = self.n_features_in_ // len(self.gain_)
        weights = np.tile(np.diag(self.gain_) / n_models, (n_models, 1))
        return [Stage(weights[None], np.zeros_like(weights), self.bias_)]

    def _line(self, means: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return np.ones(targets.shape[1]), np.zeros(targets.shape[1])

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        # Inputs are taken for predictions of the targets; on anything else the mean says nothing.
        tags.regressor_tags.poor_score = True
        return tags


class VarianceMatchedMean(Mean):
    """The mean of the models, rescaled per target to the spread of the training labels.

    Averaging takes away variance, which the concordance correlation coefficient punishes. What is rescaled is the
    distance from the mean over the training frames, which stays: models learn the labels' mean from more recordings
    than a fusion sees. A mean of models that never changes stays as it is.
    """

    def _line(self, means: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        gain = matching_gain(means.std(axis=0), targets.std(axis=0))
        return gain, (1 - gain) * means.mean(axis=0)


def matching_gain(spread: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """What to multiply by to come from one standard deviation to another; 0 where there is none to begin with.

    >>> matching_gain(np.array([0.5, 0.0]), np.array([1.0, 1.0])).tolist()
    [2.0, 0.0]
    """
    constant = spread <= 1e-9 * np.maximum(wanted, 1e-300)
    return np.where(constant, 0.0, wanted / np.where(constant, 1.0, spread))
