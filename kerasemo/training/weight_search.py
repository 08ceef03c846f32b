"""Random search of the task weights of a joint loss, kept in a journal."""

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from kerasemo.errors import InputError
from kerasemo.training.grid import run_cells

# Optuna loads where it is used: its import is slow.
if TYPE_CHECKING:
    import optuna

Point = dict[str, float]

STEPS = 10


@dataclass(frozen=True)
class WeightSearch:
    """What a search found.

    Attributes:
        trials: a row a trial, in the order of the points: `trial` (from 0), each task's weight under its name, `value`
            (NaN if it failed) and `state` ("COMPLETE", or "FAIL" if the objective was not finite).
        best: the weights of the highest value; of equal ones the first.
    """

    trials: pd.DataFrame
    best: Point


def search_weights(
    objective: Callable[[Point], float],
    tasks: Sequence[str],
    n_trials: int,
    seed: int,
    journal: str | os.PathLike,
    jobs: int,
    scheduler: str | None = None,
) -> WeightSearch:
    """Find the task weights of the highest objective by random search, as atmaja2020 (section 5) found .7, .2, 1.0.

    The points are those of `draw_points`. The journal is an Optuna study that gets one record, written whole, for each
    finished trial. A finished trial is never done again; what was running when the search was killed is done anew. So
    points and values are the same for any number of workers and any interruption, and a later call with more trials
    goes on. The journal may also hold searches with other tasks or seeds; another objective needs a journal of its own.
    A process killed while it writes blocks the journal for half a minute.

    Args:
        objective: point -> value to maximise; a value that is not finite marks the trial as failed.
        tasks: names of the tasks.
        n_trials: number of points in all, those in the journal included.
        seed: what the points follow from, 0 or more.
        journal: the file, such as `weights.journal` in the run folder; made if it is not there.
        jobs, scheduler: where the trials run, see `run_cells`.

    Raises:
        InputError: there are fewer points than trials, the journal is damaged, no trial gave a finite value, or the
            scheduler is of no use.
    """
    points = draw_points(tasks, n_trials, seed)
    record = _Record(Path(journal).resolve(), f"{', '.join(tasks)}; seed {seed}")
    record.begin()
    finished = record.finished(tasks)
    missing = [point for point in points if tuple(point.values()) not in finished]
    run_cells(partial(_evaluate, objective, record), missing, jobs, "Searching weights", scheduler)
    finished = record.finished(tasks)
    rows = [
        {"trial": number, **point, "value": trial.value, "state": trial.state.name}
        for number, point in enumerate(points)
        for trial in [finished[tuple(point.values())]]
    ]
    trials = pd.DataFrame(rows).astype({"value": float})
    if trials["value"].isna().all():
        raise InputError(f"none of the {n_trials} trials in {journal} gave a finite value; look into the training.")
    return WeightSearch(trials, points[trials["value"].idxmax()])


def draw_points(tasks: Sequence[str], n_points: int, seed: int) -> list[Point]:
    """Draw task weights, each uniform over 0, .1, ..., 1 and free of the others, no point twice.

    The paper gives the range 0..1, no constraint on the sum, and as optimum .7, .2, 1.0: tenths with 1 included. The
    point where all weights are 0, at which nothing is learnt, is left out. More points begin with the same ones.

    Args:
        tasks: names of the tasks.
        n_points: how many.
        seed: what they follow from, 0 or more.

    Raises:
        InputError: `n_points` is below 1 or above 11 ^ tasks - 1, the number of points.

    Example:
        >>> draw_points(["arousal", "valence", "liking"], n_points=2, seed=0)
        [{'arousal': 0.9, 'valence': 0.7, 'liking': 0.5}, {'arousal': 0.2, 'valence': 0.3, 'liking': 0.0}]
    """
    most = (STEPS + 1) ** len(tasks) - 1
    if not 1 <= n_points <= most:
        raise InputError(f"a search over {len(tasks)} weights has 1 to {most} trials, not {n_points}.")
    generator = np.random.default_rng(seed)
    points = {}  # a dict keeps the order
    while len(points) < n_points:
        steps = generator.integers(0, STEPS, len(tasks), endpoint=True)
        if steps.any():
            points[tuple(steps.tolist())] = None
    return [dict(zip(tasks, (step / STEPS for step in steps), strict=True)) for steps in points]


def _evaluate(objective: Callable[[Point], float], record: "_Record", point: Point) -> None:
    """One cell of the grid: the objective at a point, unless it is known."""
    if tuple(point.values()) not in record.finished(point):
        record.add(point, float(objective(point)))


@dataclass(frozen=True)
class _Record:
    """One search in a journal; a plain value, so that workers open the file themselves."""

    journal: Path
    name: str

    def begin(self) -> None:
        """Make the journal and the search in it, where they are not there."""
        import optuna

        self.journal.parent.mkdir(parents=True, exist_ok=True)
        try:
            optuna.create_study(
                storage=self._storage(), study_name=self.name, direction="maximize", load_if_exists=True
            )
        except (ValueError, KeyError, TypeError, AssertionError):
            raise InputError(
                f"{self.journal} is no journal of a weight search, or it is damaged; move it away to search anew."
            ) from None

    def finished(self, tasks: Sequence[str]) -> dict[tuple[float, ...], "optuna.trial.FrozenTrial"]:
        """The finished trials by their weights, in the order of the tasks."""
        trials = self._study().get_trials(deepcopy=False)
        # Reversed: of two that did the same point at the same time, the first counts.
        return {tuple(trial.params[task] for task in tasks): trial for trial in reversed(trials)}

    def add(self, point: Point, value: float) -> None:
        """Write a finished trial, in one piece."""
        import optuna

        valid = math.isfinite(value)
        self._study().add_trial(
            optuna.create_trial(
                state=optuna.trial.TrialState.COMPLETE if valid else optuna.trial.TrialState.FAIL,
                value=value if valid else None,
                params=point,
                distributions=dict.fromkeys(point, optuna.distributions.FloatDistribution(0, 1, step=1 / STEPS)),
            )
        )

    def _study(self) -> "optuna.Study":
        import optuna

        return optuna.load_study(study_name=self.name, storage=self._storage())

    def _storage(self) -> "optuna.storages.JournalStorage":
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        return optuna.storages.JournalStorage(
            optuna.storages.journal.JournalFileBackend(str(self.journal), _MendingLock(self.journal))
        )


class _MendingLock:
    """Optuna's lock of a journal; whoever takes it cuts off the half line that a killed process may have left."""

    def __init__(self, journal: Path):
        from optuna.storages.journal import JournalFileOpenLock

        self._lock = JournalFileOpenLock(str(journal))
        self._journal = journal

    def acquire(self) -> bool:
        acquired = self._lock.acquire()
        content = self._journal.read_bytes()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            os.truncate(self._journal, whole)
        return acquired

    def release(self) -> None:
        self._lock.release()
