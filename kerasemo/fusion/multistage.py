"""Multistage fusion by support vector regression (atmaja2020, section 4.2), and the choice of its grid."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.model_selection import GroupKFold
from sklearn.utils.validation import check_is_fitted

from kerasemo.evaluation.scores import ccc
from kerasemo.fusion.least_absolute import Problem, solve
from kerasemo.fusion.recordings import checked, checked_groups, checked_input, checked_lengths, shaped, slices
from kerasemo.fusion.stage import Stage, apply
from kerasemo.fusion.windows import Windows, gram, offsets

# The authors' grid.
CONTEXTS = (11, 13, 15, 17, 19)
CS = (0.001, 0.01, 0.1, 1.0)
STAGES = 5
# At this gap, CCC after five stages is within .005 of that of converged fits on AVEC 2019 (benchmarks/fusion_grid.py).
TOLERANCE = 1.5e-3


class MultistageSVR(RegressorMixin, BaseEstimator):
    """Linear support vector regressions over a context window, stage after stage.

    There is one regression a target (`LinearSVR` with epsilon 0, inputs as they are); its inputs are all targets of all
    models in a window of frames. The next stage sees the outputs of this one as one more model. The fits are those
    that `LinearSVR` converges to, see `least_absolute`; with the authors' `max_iter=3000` it often stops before.

    Args:
        context: frames of the window on each side.
        C: weight of the loss against the squared norm of the weights.
        n_stages: how many stages.
        quirk: build the window as the authors' code does, see `windows.offsets`.
        tol: how far the objective of a fit may be above the best, as a share of it.
        max_iter: iterations at most.

    Attributes:
        stages_: what each stage has learned.
        gaps_: how far the objective may be above the best, as a share of it, `stages x targets`.
        n_iter_: iterations that each stage ran.
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
        """Fit every stage on the outputs that the stage before has for the frames it was fitted on.

        Args:
            X: `frames x (models * targets)`.
            y: `frames` or `frames x targets`.
            lengths: frames of each recording; without them, each frame is one.
            groups: do not matter.
        """
        X, targets = checked(self, X, y)
        fit_grid([self], X, targets, checked_lengths(lengths, len(X)))
        return self

    def predict(self, X, lengths: Sequence[int] | None = None) -> np.ndarray:
        """The last stage's traces, in the form that the targets had."""
        *_, last = self.staged_predict(X, lengths)
        return last

    def staged_predict(self, X, lengths: Sequence[int] | None = None) -> Iterator[np.ndarray]:
        """The traces of every stage, from the first to the last."""
        check_is_fitted(self)
        X = checked_input(self, X)
        for fused in apply(self.stages_, X, checked_lengths(lengths, len(X))):
            yield shaped(self, fused)

    def stages(self) -> list[Stage]:
        """The fitted fusion as arrays."""
        check_is_fitted(self)
        return self.stages_

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


class MultistageSVRCV(RegressorMixin, BaseEstimator):
    """`MultistageSVR` with its context and C chosen from a grid by the mean CCC of the first stage.

    Args:
        contexts: contexts to choose from.
        Cs: values of C to choose from.
        n_stages: how many stages.
        quirk: see `MultistageSVR`.
        inner_folds: folds of whole groups on whose held-out part a cell is scored; 0 scores it on the frames it was
            fitted on, as the paper does.
        tol: how exactly the cells that are compared are fitted; the chosen one is fitted as `MultistageSVR` does.

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
        tol: float = 1e-2,
    ) -> None:
        self.contexts = contexts
        self.Cs = Cs
        self.n_stages = n_stages
        self.quirk = quirk
        self.inner_folds = inner_folds
        self.tol = tol

    def fit(self, X, y, lengths: Sequence[int] | None = None, groups: Sequence | None = None) -> "MultistageSVRCV":
        """Choose a cell of the grid and fit it; arguments as in `MultistageSVR.fit`, `groups` make the folds."""
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
        return self

    def predict(self, X, lengths: Sequence[int] | None = None) -> np.ndarray:
        """The last stage's traces, in the form that the targets had."""
        check_is_fitted(self)
        return self.best_estimator_.predict(checked_input(self, X), lengths)

    def staged_predict(self, X, lengths: Sequence[int] | None = None) -> Iterator[np.ndarray]:
        """The traces of every stage, from the first to the last."""
        check_is_fitted(self)
        return self.best_estimator_.staged_predict(checked_input(self, X), lengths)

    def stages(self) -> list[Stage]:
        """The fitted fusion as arrays."""
        check_is_fitted(self)
        return self.best_estimator_.stages()

    def _fused(
        self,
        cells: Sequence[MultistageSVR],
        X: np.ndarray,
        targets: np.ndarray,
        lengths: np.ndarray,
        groups: np.ndarray,
    ) -> list[np.ndarray]:
        """What each cell predicts for every frame: fitted on all, or on the folds the frame is not in."""
        folds = min(self.inner_folds, len(np.unique(groups)))
        if folds < 2:
            fit_grid(cells, X, targets, lengths)
            return [apply(cell.stages_, X, lengths)[0] for cell in cells]
        fused = [np.empty_like(targets) for _ in cells]
        rows = slices(lengths)
        for train, test in GroupKFold(folds).split(lengths, groups=groups):
            fitted_on, held_out = (np.concatenate([np.r_[rows[number]] for number in side]) for side in (train, test))
            fit_grid(cells, X[fitted_on], targets[fitted_on], lengths[train])
            for cell, traces in zip(cells, fused, strict=True):
                traces[held_out] = apply(cell.stages_, X[held_out], lengths[test])[0]
        return fused

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


def fit_grid(cells: Sequence[MultistageSVR], X: np.ndarray, targets: np.ndarray, lengths: np.ndarray) -> None:
    """Fit many estimators on the same frames, at much less than the sum of their costs.

    The windows nest: those of the farthest reach, and their Gram matrix, are computed once and serve all cells. Cells
    that differ in nothing but C are solved side by side.

    Args:
        cells: what to fit; their parameters may differ.
        X: `frames x inputs`, float64.
        targets: `frames x targets`.
        lengths: frames of each recording.
    """
    widest = _Lagged.of(X, lengths, max(_reach(cell) for cell in cells))
    alike: dict[tuple, list[MultistageSVR]] = {}
    for cell in cells:
        alike.setdefault((cell.context, cell.quirk, cell.n_stages, cell.tol, cell.max_iter), []).append(cell)
    for row in alike.values():
        _fit_row(row, widest.narrowed(_reach(row[0])), targets)


def _fit_row(cells: Sequence[MultistageSVR], base: "_Lagged", targets: np.ndarray) -> None:
    """Fit estimators that differ in nothing but C."""
    first = cells[0]
    copies = np.unique(offsets(first.context, first.quirk), return_counts=True)[1]
    outputs: list[np.ndarray | None] = [None] * len(cells)
    problems: list[Problem | None] = [None] * len(cells)
    for cell in cells:
        cell.stages_, cell.gaps_, cell.n_iter_ = [], [], []
    for _ in range(first.n_stages):
        problems = [
            _posed(cell.C, copies, base, targets, output, before)
            for cell, output, before in zip(cells, outputs, problems, strict=True)
        ]
        solve(base.windows, problems, first.tol, first.max_iter)
        for number, (cell, problem) in enumerate(zip(cells, problems, strict=True)):
            cell.stages_.append(_stage(problem.weights, len(copies), base.inputs.shape[1]))
            cell.gaps_.append(problem.gap)
            cell.n_iter_.append(problem.n_iter)
            outputs[number] = problem.fitted


def _posed(
    C: float,
    copies: np.ndarray,
    base: "_Lagged",
    targets: np.ndarray,
    output: np.ndarray | None,
    before: Problem | None,
) -> Problem:
    """The fit of one stage; `output` is what the stage before gives for the frames, None at the first."""
    frames = len(targets)
    added = _Lagged.of(np.empty((frames, 0)) if output is None else output, base.lengths, base.reach)
    across = gram(base.inputs, added.inputs, base.lengths, base.reach)
    sums = np.concatenate([base.sums, added.sums])[:, None]
    products = np.block([[base.gram, across], [across.T, added.gram]])
    products = np.block([[products, sums], [sums.T, np.full((1, 1), float(frames))]])
    # Where a frame stands several times, its weight is the sum of as many equal ones, which costs less.
    costs = [np.repeat(1 / copies, part.inputs.shape[1]) for part in (base, added)]
    return Problem(C, np.concatenate([*costs, [1.0]]), products, targets, added.windows, before)


def _stage(weights: np.ndarray, lags: int, n_base: int) -> Stage:
    """The weights of lagged base inputs, lagged added inputs and the constant one as a stage."""
    n_targets = weights.shape[1]
    base = weights[: lags * n_base].reshape(lags, n_base, n_targets)
    added = weights[lags * n_base : -1].reshape(lags, -1, n_targets)
    kernel = np.concatenate([base, added], axis=1)
    return Stage(kernel, np.zeros(kernel.shape[1:]), weights[-1])


def _reach(cell: MultistageSVR) -> int:
    return int(offsets(cell.context, cell.quirk).max())


@dataclass(frozen=True)
class _Lagged:
    """Inputs of frames, their windows (float32), and the windows' sums and Gram matrix (float64)."""

    inputs: np.ndarray
    lengths: np.ndarray
    reach: int
    windows: Windows
    sums: np.ndarray
    gram: np.ndarray

    @classmethod
    def of(cls, inputs: np.ndarray, lengths: np.ndarray, reach: int) -> "_Lagged":
        sums = Windows(inputs, lengths, reach).transposed_dot(np.ones((len(inputs), 1)))[:, 0]
        products = gram(inputs, inputs, lengths, reach)
        return cls(inputs, lengths, reach, Windows(inputs.astype(np.float32), lengths, reach), sums, products)

    def narrowed(self, reach: int) -> "_Lagged":
        """The same with a smaller reach; sums and Gram matrix are views."""
        left_out = (self.reach - reach) * self.inputs.shape[1]
        kept = slice(left_out, len(self.sums) - left_out)
        narrow = Windows(self.windows.inputs, self.lengths, reach)
        return replace(self, reach=reach, windows=narrow, sums=self.sums[kept], gram=self.gram[kept, kept])
