"""Fusion without weights: the mean of the models, optionally rescaled to the standard deviation of the labels."""

from collections.abc import Sequence

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from kerasemo.fusion.recordings import checked, checked_input, mean_inputs, shaped
from kerasemo.fusion.stage import Stage

__all__ = ["Mean", "VarianceMatchedMean", "matching_gain"]


class Mean(RegressorMixin, BaseEstimator):
    """The mean of the models for each target; nothing is fitted.

    Attributes:
        gain_: the factor of the mean, for each target.
        bias_: the number that is then added, for each target.
    """

    def fit(self, X, y, lengths: Sequence[int] | None = None, groups: Sequence | None = None) -> "Mean":
        """Store the number of targets.

        Args:
            X: `frames x (models * targets)`.
            y: `frames` or `frames x targets`.
            lengths: ignored.
            groups: ignored.

        Returns:
            This estimator.
        """
        X, targets = checked(self, X, y)
        self.gain_, self.bias_ = self._line(mean_inputs(X, targets.shape[1]), targets)
        return self

    def predict(self, X, lengths: Sequence[int] | None = None) -> np.ndarray:
        """Return the fused traces, with the number of axes of the targets.

        Args:
            X: predictions of all models, `frames x (models * targets)`.
            lengths: ignored.
        """
        check_is_fitted(self)
        return shaped(self, mean_inputs(checked_input(self, X), len(self.gain_)) * self.gain_ + self.bias_)

    def stages(self) -> list[Stage]:
        """Return the fitted fusion as arrays."""
        check_is_fitted(self)
        n_models = self.n_features_in_ // len(self.gain_)
        weights = np.tile(np.diag(self.gain_) / n_models, (n_models, 1))
        return [Stage(weights[None], np.zeros_like(weights), self.bias_)]

    def _line(self, means: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return np.ones(targets.shape[1]), np.zeros(targets.shape[1])

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        # The mean is only useful if the inputs are predictions of the targets, unlike the data of `check_estimator`.
        tags.regressor_tags.poor_score = True
        return tags


class VarianceMatchedMean(Mean):
    """The mean of the models, rescaled for each target to the standard deviation of the training labels.

    Averaging reduces the variance, which lowers the concordance correlation coefficient. The deviation from the mean
    over the training frames is rescaled, and this mean is kept, because the models have learned the mean of the labels
    from more recordings than the fusion has. If the mean of the models is constant, it is not changed.
    """

    def _line(self, means: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        gain = matching_gain(means.std(axis=0), targets.std(axis=0))
        return gain, (1 - gain) * means.mean(axis=0)


def matching_gain(spread: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Return the factor from one standard deviation to the wanted one; 0 if the first is 0.

    Args:
        spread: the standard deviations that there are, 0 or more.
        wanted: the standard deviations to reach, of the same shape.

    Example:
        >>> matching_gain(np.array([0.5, 0.0]), np.array([1.0, 1.0])).tolist()
        [2.0, 0.0]
    """
    constant = spread <= 1e-9 * np.maximum(wanted, 1e-300)
    return np.where(constant, 0.0, wanted / np.where(constant, 1.0, spread))
