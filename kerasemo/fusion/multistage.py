"""Multistage fusion by support vector regression (atmaja2020, section 4.2), and the choice of its context and C."""

import itertools
from collections.abc import Iterator, Sequence

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.model_selection import GroupKFold
from sklearn.utils.validation import check_is_fitted

from kerasemo.evaluation.scores import ccc
from kerasemo.fusion.multistage_grid import fit_grid
from kerasemo.fusion.recordings import checked, checked_groups, checked_input, checked_lengths, shaped, slices
from kerasemo.fusion.stage import Stage, apply

__all__ = ["COMPARED_TOLERANCE", "CONTEXTS", "CS", "STAGES", "TOLERANCE", "MultistageSVR", "MultistageSVRCV", "Staged"]

# The authors' grid.
CONTEXTS = (11, 13, 15, 17, 19)
CS = (0.001, 0.01, 0.1, 1.0)
STAGES = 5
# With this gap, CCC after five stages differs by less than .005 from converged fits on AVEC 2019
# (benchmarks/fusion_grid.py).
TOLERANCE = 1.5e-3
# Fits that are only compared may be less exact; the chosen one is solved to `TOLERANCE`.
COMPARED_TOLERANCE = 1e-2


class Staged(RegressorMixin, BaseEstimator):
    """A fusion in several linear stages; `fit` sets `stages_`."""

    def predict(self, X, lengths: Sequence[int] | None = None) -> np.ndarray:
        """Return the traces of the last stage, with the number of axes of the targets.

        Args:
            X: predictions of all models, `frames x (models * targets)`.
            lengths: frames of each recording; None: each frame is a recording.
        """
        *_, last = self.staged_predict(X, lengths)
        return last

    def staged_predict(self, X, lengths: Sequence[int] | None = None) -> Iterator[np.ndarray]:
        """Yield the traces of every stage, from the first to the last.

        Args:
            X: predictions of all models, `frames x (models * targets)`.
            lengths: frames of each recording; None: each frame is a recording.
        """
        check_is_fitted(self)
        X = checked_input(self, X)
        for fused in apply(self.stages_, X, checked_lengths(lengths, len(X))):
            yield shaped(self, fused)

    def stages(self) -> list[Stage]:
        """Return the fitted fusion as arrays."""
        check_is_fitted(self)
        return self.stages_

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


class MultistageSVR(Staged):
    """Several stages of linear support vector regression over a context window.

    There is one regression per target (`LinearSVR` with epsilon 0, inputs not scaled). Its inputs are all targets of
    all models in a window of frames. Each further stage uses the outputs of the previous stage as an additional model.
    The regressions are those to which `LinearSVR` converges, see `least_absolute`; with the authors' `max_iter=3000`,
    `LinearSVR` often stops earlier.

    Args:
        context: frames of the window on each side.
        C: weight of the loss relative to the squared norm of the weights.
        n_stages: number of stages.
        quirk: build the window as in the authors' code, see `windows.offsets`.
        tol: largest accepted distance of the objective from the optimum, as a share of the objective.
        max_iter: maximum number of iterations.

    Attributes:
        stages_: the fitted stages.
        gaps_: upper bound of the distance of the objective from the optimum, as a share of it, `stages x targets`.
        n_iter_: number of iterations of each stage.
    """

    def __init__(
        self,
        context: int = 11,
        C: float = 0.01,
        n_stages: int = STAGES,
        quirk: bool = True,
        tol: float = TOLERANCE,
        max_iter: int = 1000,
    ) -> None:
        self.context = context
        self.C = C
        self.n_stages = n_stages
        self.quirk = quirk
        self.tol = tol
        self.max_iter = max_iter

    def fit(self, X, y, lengths: Sequence[int] | None = None, groups: Sequence | None = None) -> "MultistageSVR":
        """Fit all stages; each uses the outputs of the previous stage for the training frames.

        Args:
            X: `frames x (models * targets)`.
            y: `frames` or `frames x targets`.
            lengths: frames of each recording; None: each frame is a recording.
            groups: ignored.

        Returns:
            This estimator.
        """
        X, targets = checked(self, X, y)
        fit_grid([self], X, targets, checked_lengths(lengths, len(X)))
        return self


class MultistageSVRCV(Staged):
    """`MultistageSVR` with context and C chosen from a grid by the mean CCC of the first stage.

    Args:
        contexts: contexts to choose from.
        Cs: values of C to choose from.
        n_stages: number of stages.
        quirk: see `MultistageSVR`.
        inner_folds: number of inner folds of whole groups for the choice; 0 chooses by the scores on the training
            frames, as the paper does.
        tol: `tol` of the compared fits; the chosen fit is repeated with the `tol` of `MultistageSVR`.

    Attributes:
        best_estimator_: the fitted `MultistageSVR`.
    """

    def __init__(
        self,
        contexts: Sequence[int] = CONTEXTS,
        Cs: Sequence[float] = CS,
        n_stages: int = STAGES,
        quirk: bool = True,
        inner_folds: int = 0,
        tol: float = COMPARED_TOLERANCE,
    ) -> None:
        self.contexts = contexts
        self.Cs = Cs
        self.n_stages = n_stages
        self.quirk = quirk
        self.inner_folds = inner_folds
        self.tol = tol

    def fit(self, X, y, lengths: Sequence[int] | None = None, groups: Sequence | None = None) -> "MultistageSVRCV":
        """Choose a cell of the grid and fit it; arguments as in `MultistageSVR.fit`, `groups` define the folds.

        Returns:
            This estimator.
        """
        X, targets = checked(self, X, y)
        lengths = checked_lengths(lengths, len(X))
        cells = [
            MultistageSVR(context, C, n_stages=1, quirk=self.quirk, tol=self.tol)
            for context, C in itertools.product(self.contexts, self.Cs)
        ]
        scores = np.zeros(len(cells))
        if len(cells) > 1:
            fused = self._fused(cells, X, targets, lengths, checked_groups(groups, lengths))
            scores = [np.mean([ccc(*pair) for pair in zip(targets.T, traces.T, strict=True)]) for traces in fused]
        best = cells[int(np.argmax(scores))]
        self.best_estimator_ = MultistageSVR(best.context, best.C, self.n_stages, self.quirk).fit(X, y, lengths)
        self.stages_ = self.best_estimator_.stages_
        return self

    def _fused(
        self,
        cells: Sequence[MultistageSVR],
        X: np.ndarray,
        targets: np.ndarray,
        lengths: np.ndarray,
        groups: np.ndarray,
    ) -> list[np.ndarray]:
        """Return each cell's predictions for all frames, fitted on all frames or on the other folds."""
        folds = min(self.inner_folds, len(np.unique(groups)))
        if folds < 2:
            fit_grid(cells, X, targets, lengths)
            return [apply(cell.stages_, X, lengths)[0] for cell in cells]
        fused = [np.empty_like(targets) for _ in cells]
        rows = slices(lengths)
        for train, test in GroupKFold(folds).split(lengths, groups=groups):
            train_rows, test_rows = (np.concatenate([np.r_[rows[number]] for number in side]) for side in (train, test))
            fit_grid(cells, X[train_rows], targets[train_rows], lengths[train])
            for cell, traces in zip(cells, fused, strict=True):
                traces[test_rows] = apply(cell.stages_, X[test_rows], lengths[test])[0]
        return fused
