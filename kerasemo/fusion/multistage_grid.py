"""Fits many multistage fusions on the same frames: what their context windows share is computed once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from kerasemo.fusion.least_absolute import Problem, solve
from kerasemo.fusion.stage import Stage
from kerasemo.fusion.windows import Windows, gram, offsets

if TYPE_CHECKING:
    from kerasemo.fusion.multistage import MultistageSVR

__all__ = ["Design", "Lagged", "as_stage", "fit_grid", "reach"]


def fit_grid(cells: "Sequence[MultistageSVR]", X: np.ndarray, targets: np.ndarray, lengths: np.ndarray) -> None:
    """Fit many estimators on the same frames, much faster than one by one.

    The smaller windows are part of the larger ones: the windows with the largest reach and their Gram matrix are
    computed once for all cells. Cells that only differ in C are solved together.

    Args:
        cells: the estimators to fit, with any parameters.
        X: `frames x inputs`, float64.
        targets: `frames x targets`.
        lengths: frames of each recording.
    """
    widest = Lagged.of(X, lengths, max(reach(cell.context, cell.quirk) for cell in cells))
    rows: dict[tuple, list[MultistageSVR]] = {}
    for cell in cells:
        rows.setdefault((cell.context, cell.quirk, cell.n_stages, cell.tol, cell.max_iter), []).append(cell)
    for row in rows.values():
        _fit_row(row, widest.narrowed(reach(row[0].context, row[0].quirk)), targets)


def reach(context: int, quirk: bool) -> int:
    """Return the largest lag of a window, see `windows.offsets`.

    Args:
        context: frames on each side of the window.
        quirk: as in `windows.offsets`.
    """
    return int(offsets(context, quirk).max())


def as_stage(weights: np.ndarray, lags: int, n_base: int) -> Stage:
    """Return a stage with the weights of lagged base inputs, lagged added inputs and the constant 1.

    Args:
        weights: `lagged inputs x targets`, the base inputs first, the constant last.
        lags: number of lags of each input.
        n_base: number of base inputs.
    """
    n_targets = weights.shape[1]
    base = weights[: lags * n_base].reshape(lags, n_base, n_targets)
    added = weights[lags * n_base : -1].reshape(lags, -1, n_targets)
    kernel = np.concatenate([base, added], axis=1)
    return Stage(kernel, np.zeros(kernel.shape[1:]), weights[-1])


def _fit_row(cells: "Sequence[MultistageSVR]", base: "Lagged", targets: np.ndarray) -> None:
    """Fit estimators that only differ in C."""
    first = cells[0]
    outputs: list[np.ndarray | None] = [None] * len(cells)
    problems: list[Problem | None] = [None] * len(cells)
    for cell in cells:
        cell.stages_, cell.gaps_, cell.n_iter_ = [], [], []
    for _ in range(first.n_stages):
        problems = [
            Design.of(base, output, first.context, first.quirk).problem(cell.C, targets, previous)
            for cell, output, previous in zip(cells, outputs, problems, strict=True)
        ]
        solve(base.windows, problems, first.tol, first.max_iter)
        for number, (cell, problem) in enumerate(zip(cells, problems, strict=True)):
            cell.stages_.append(as_stage(problem.weights, 2 * base.reach + 1, base.inputs.shape[1]))
            cell.gaps_.append(problem.gap)
            cell.n_iter_.append(problem.n_iter)
            outputs[number] = problem.fitted


@dataclass(frozen=True)
class Lagged:
    """The inputs of one stage and what its regressions share.

    Attributes:
        inputs: the concatenated frames of all recordings, `frames x inputs`.
        lengths: frames of each recording.
        reach: the largest lag, in frames.
        windows: the lagged inputs, float32.
        sums: the sum of each lagged input over the frames, float64.
        gram: the Gram matrix of the lagged inputs, float64.
    """

    inputs: np.ndarray
    lengths: np.ndarray
    reach: int
    windows: Windows
    sums: np.ndarray
    gram: np.ndarray

    @classmethod
    def of(cls, inputs: np.ndarray, lengths: np.ndarray, reach: int) -> "Lagged":
        """Return the windows of some inputs, with their sums and Gram matrix.

        Args:
            inputs: the concatenated frames of all recordings, `frames x inputs`, float64.
            lengths: frames of each recording.
            reach: the largest lag, in frames.
        """
        sums = Windows(inputs, lengths, reach).transposed_dot(np.ones((len(inputs), 1)))[:, 0]
        products = gram(inputs, inputs, lengths, reach)
        return cls(inputs, lengths, reach, Windows(inputs.astype(np.float32), lengths, reach), sums, products)

    def narrowed(self, reach: int) -> "Lagged":
        """Return a copy with a smaller reach; sums and Gram matrix are views.

        Args:
            reach: the new largest lag, at most the present one.
        """
        n_removed = (self.reach - reach) * self.inputs.shape[1]
        kept = slice(n_removed, len(self.sums) - n_removed)
        narrow = Windows(self.windows.inputs, self.lengths, reach)
        return replace(self, reach=reach, windows=narrow, sums=self.sums[kept], gram=self.gram[kept, kept])


@dataclass(frozen=True)
class Design:
    """The inputs of the regressions of one stage, without C and targets, see `Problem`.

    Attributes:
        cost: cost of the square of each weight.
        gram: the Gram matrix of all inputs, float64.
        added: the inputs that are not those of the first stage.
    """

    cost: np.ndarray
    gram: np.ndarray
    added: Windows

    @classmethod
    def of(cls, base: Lagged, output: np.ndarray | None, context: int, quirk: bool) -> "Design":
        """Return the base inputs, the output of the previous stage (None for the first) and the constant 1, joined.

        Args:
            base: the inputs of the first stage.
            output: `frames x targets`.
            context: frames on each side of the window.
            quirk: as in `windows.offsets`.
        """
        frames = len(base.inputs)
        added = Lagged.of(np.empty((frames, 0)) if output is None else output, base.lengths, base.reach)
        across = gram(base.inputs, added.inputs, base.lengths, base.reach)
        sums = np.concatenate([base.sums, added.sums])[:, None]
        products = np.block([[base.gram, across], [across.T, added.gram]])
        products = np.block([[products, sums], [sums.T, np.full((1, 1), float(frames))]])
        # If a frame occurs n times in the window, its weight w is the sum of n equal weights, which cost w^2 / n.
        copies = np.unique(offsets(context, quirk), return_counts=True)[1]
        costs = [np.repeat(1 / copies, part.inputs.shape[1]) for part in (base, added)]
        return cls(np.concatenate([*costs, [1.0]]), products, added.windows)

    def problem(self, C: float, targets: np.ndarray, start: Problem | None) -> Problem:
        """Return the regression with a value of C; `start` is that of the previous stage.

        Args:
            C: weight of the loss.
            targets: `frames x targets`.
            start: the solved regression to start from; None: start at zero.
        """
        return Problem(C, self.cost, self.gram, targets, self.added, start)
