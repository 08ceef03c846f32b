"""Fusion of the best models, which are chosen on the training frames of the fusion."""

from collections.abc import Iterator, Sequence

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.utils.validation import check_is_fitted, has_fit_parameter

from kerasemo.evaluation.scores import ccc
from kerasemo.fusion.recordings import checked, checked_input

__all__ = ["BestModels"]


class BestModels(RegressorMixin, BaseEstimator):
    """Choose the models with the highest average CCC, and fuse them.

    The choice is part of the fit: in the held-out protocol it is repeated for each fold without the held-out data.
    atmaja2020 (section 6) fuses its 11 best models, chosen on the same data that are scored.

    Args:
        estimator: the fusion of the chosen models.
        n_models: number of models to choose; if there are fewer, all are used.

    Attributes:
        models_: numbers of the chosen models, best first.
        estimator_: the fitted fusion of their columns, in that order.
    """

    def __init__(self, estimator: BaseEstimator, n_models: int = 11) -> None:
        self.estimator = estimator
        self.n_models = n_models

    def fit(
        self,
        X,
        y,
        lengths: Sequence[int] | None = None,
        groups: Sequence | None = None,
        padding: Sequence[np.ndarray] | None = None,
    ) -> "BestModels":
        """Choose the models and fit their fusion.

        Args:
            X: `frames x (models * targets)`.
            y: `frames` or `frames x targets`.
            lengths: frames of each recording.
            groups: the group of each recording.
            padding: see `AuthorsMultistageSVR.fit`; other fusions do not use it.

        Returns:
            This estimator.
        """
        X, targets = checked(self, X, y)
        n_targets = targets.shape[1]
        traces = X.reshape(len(X), -1, n_targets)
        scores = [
            np.mean([ccc(targets[:, target], traces[:, model, target]) for target in range(n_targets)])
            for model in range(traces.shape[1])
        ]
        self.models_ = np.argsort(scores, kind="stable")[::-1][: self.n_models]
        self.columns_ = (self.models_[:, None] * n_targets + np.arange(n_targets)).ravel()
        self.estimator_ = clone(self.estimator).fit(X[:, self.columns_], y, lengths, groups, **self._padding(padding))
        return self

    def predict(self, X, lengths: Sequence[int] | None = None) -> np.ndarray:
        """Return the fused traces, with the number of axes of the targets.

        Args:
            X: predictions of all models, `frames x (models * targets)`.
            lengths: frames of each recording.
        """
        *_, last = self.staged_predict(X, lengths)
        return last

    def staged_predict(
        self, X, lengths: Sequence[int] | None = None, padding: Sequence[np.ndarray] | None = None
    ) -> Iterator[np.ndarray]:
        """Yield the traces of every stage, from the first to the last; other fusions have one stage.

        Args:
            X: predictions of all models, `frames x (models * targets)`.
            lengths: frames of each recording.
            padding: see `AuthorsMultistageSVR.fit`; other fusions do not use it.
        """
        check_is_fitted(self)
        X = checked_input(self, X)[:, self.columns_]
        if hasattr(self.estimator_, "staged_predict"):
            yield from self.estimator_.staged_predict(X, lengths, **self._padding(padding))
        else:
            yield self.estimator_.predict(X, lengths)

    def _padding(self, padding: Sequence[np.ndarray] | None) -> dict[str, list[np.ndarray]]:
        """Return the chosen columns of the padding as an argument, if the fusion takes it."""
        if padding is None or not has_fit_parameter(self.estimator, "padding"):
            return {}
        return {"padding": [frames[:, self.columns_] for frames in padding]}

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        tags.regressor_tags.poor_score = True
        return tags
