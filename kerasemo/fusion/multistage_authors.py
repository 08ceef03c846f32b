"""Multistage fusion as in the published script of the authors of atmaja2020, with all its choices and borders."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from sklearn.utils.validation import check_array, check_is_fitted

from kerasemo.evaluation.scores import ccc
from kerasemo.fusion.least_absolute import Problem, solve
from kerasemo.fusion.multistage import COMPARED_TOLERANCE, CONTEXTS, CS, STAGES, TOLERANCE, Staged
from kerasemo.fusion.multistage_grid import Design, Lagged, as_stage, reach
from kerasemo.fusion.recordings import checked, checked_input, checked_lengths, shaped
from kerasemo.fusion.stage import Stage, apply

__all__ = ["AuthorsMultistageSVR", "Cell"]

Cell = tuple[int, float]


class AuthorsMultistageSVR(Staged):
    """Multistage fusion that chooses context and C for each target and each stage, on the training frames.

    It differs from `MultistageSVRCV` in three ways, all of them as in the authors' script. Each target of each stage
    has the context and C with the highest CCC (variances divided by N - 1) of the regression on its own training
    frames. For fitting, all recordings are one: windows extend over the borders between them. For predicting, a
    recording includes its padding, and only then windows end with the recording; the input of the next stage is
    predicted in this way, too. The script rounds the output of a stage to six decimals, which is not repeated here.

    Args:
        contexts: contexts to choose from.
        Cs: values of C to choose from.
        n_stages: number of stages.
        tol: `tol` of the chosen regressions, see `MultistageSVR`; for the choice, `COMPARED_TOLERANCE` is enough.
        max_iter: see `MultistageSVR`.

    Attributes:
        stages_: the fitted stages.
        chosen_: context and C of each target, one list per stage.
        n_iter_: largest number of iterations in each stage.
    """

    def __init__(
        self,
        contexts: Sequence[int] = CONTEXTS,
        Cs: Sequence[float] = CS,
        n_stages: int = STAGES,
        tol: float = TOLERANCE,
        max_iter: int = 1000,
    ) -> None:
        self.contexts = contexts
        self.Cs = Cs
        self.n_stages = n_stages
        self.tol = tol
        self.max_iter = max_iter

    def fit(
        self,
        X,
        y,
        lengths: Sequence[int] | None = None,
        groups: Sequence | None = None,
        padding: Sequence[np.ndarray] | None = None,
    ) -> "AuthorsMultistageSVR":
        """Choose and fit all stages.

        Args:
            X: `frames x (models * targets)`.
            y: `frames` or `frames x targets`.
            lengths: frames of each recording; None: each frame is a recording.
            groups: ignored.
            padding: for each recording, the models' outputs after its last frame, `frames x (models * targets)`; None:
                there are none.

        Returns:
            This estimator.
        """
        X, targets = checked(self, X, y)
        check_array(X, ensure_min_samples=2)
        lengths = checked_lengths(lengths, len(X))
        widest = Lagged.of(X, [len(X)], max(reach(context, quirk=True) for context in self.contexts))
        bases = {context: widest.narrowed(reach(context, quirk=True)) for context in self.contexts}
        problems: dict[Cell, Problem] = {}
        output = None
        self.stages_, self.chosen_, self.n_iter_ = [], [], []
        for _ in range(self.n_stages):
            problems = self._compared(bases, output, targets, problems)
            scores = {cell: _scores(targets, problem.fitted) for cell, problem in problems.items()}
            chosen = [list(scores)[best] for best in np.argmax(list(scores.values()), axis=0)]
            for context, C in set(chosen):
                solve(bases[context].windows, [problems[context, C]], self.tol, self.max_iter)
            self.chosen_.append(chosen)
            self.n_iter_.append(max(problem.n_iter for problem in problems.values()))
            self.stages_.append(_joined([_stage(problems, cell, X.shape[1]) for cell in chosen]))
            output = self._outputs(X, lengths, padding)[-1]
        return self

    def staged_predict(
        self, X, lengths: Sequence[int] | None = None, padding: Sequence[np.ndarray] | None = None
    ) -> Iterator[np.ndarray]:
        """Yield the traces of every stage, from the first to the last; `padding` as in `fit`.

        Args:
            X: predictions of all models, `frames x (models * targets)`.
            lengths: frames of each recording; None: each frame is a recording.
            padding: the models' outputs after the last frame of each recording, as in `fit`.
        """
        check_is_fitted(self)
        X = checked_input(self, X)
        for fused in self._outputs(X, checked_lengths(lengths, len(X)), padding):
            yield shaped(self, fused)

    def _compared(
        self,
        bases: Mapping[int, Lagged],
        output: np.ndarray | None,
        targets: np.ndarray,
        starts: Mapping[Cell, Problem],
    ) -> dict[Cell, Problem]:
        """Return the regressions of one stage for the whole grid, solved well enough to be compared.

        Args:
            bases: the base inputs for each context.
            output: the output of the previous stage; None for the first.
            targets: `frames x targets`.
            starts: the regressions of the previous stage.
        """
        problems: dict[Cell, Problem] = {}
        for context, base in bases.items():
            design = Design.of(base, output, context, quirk=True)
            row = {(context, C): design.problem(C, targets, starts.get((context, C))) for C in self.Cs}
            solve(base.windows, list(row.values()), max(self.tol, COMPARED_TOLERANCE), self.max_iter)
            problems |= row
        return problems

    def _outputs(self, X: np.ndarray, lengths: np.ndarray, padding: Sequence[np.ndarray] | None) -> list[np.ndarray]:
        """Return the outputs of all fitted stages, computed with the padding, without the rows of the padding."""
        if padding is None:
            return apply(self.stages_, X, lengths)
        parts = [part for pair in zip(np.split(X, np.cumsum(lengths)[:-1]), padding, strict=True) for part in pair]
        sizes = np.array([len(part) for part in parts])
        kept = np.repeat(np.arange(len(parts)) % 2 == 0, sizes)
        outputs = apply(self.stages_, np.concatenate(parts), sizes[::2] + sizes[1::2])
        return [output[kept] for output in outputs]


def _scores(targets: np.ndarray, fitted: np.ndarray) -> list[float]:
    """Return the CCC of each target, with variances divided by N - 1 as in the script."""
    return [ccc(*pair, ddof=1) for pair in zip(targets.T, fitted.T, strict=True)]


def _stage(problems: Mapping[Cell, Problem], cell: Cell, n_base: int) -> Stage:
    return as_stage(problems[cell].weights, 2 * reach(cell[0], quirk=True) + 1, n_base)


def _joined(stages: Sequence[Stage]) -> Stage:
    """Join stages: the first target of the first one, the second target of the second one, and so on."""
    widest = max(stage.reach for stage in stages)
    kernels = [np.pad(stage.kernel, [(widest - stage.reach,) * 2, (0, 0), (0, 0)]) for stage in stages]
    kernel = np.stack([kernel[..., n] for n, kernel in enumerate(kernels)], axis=-1)
    return Stage(kernel, np.zeros(kernel.shape[1:]), np.array([stage.bias[n] for n, stage in enumerate(stages)]))
