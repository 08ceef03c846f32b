"""Random search for the task weights of a joint loss, recorded in a journal."""

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

# Optuna is imported where it is used, because its import is slow.
if TYPE_CHECKING:
    import optuna

Point = dict[str, float]

STEPS = 10


@dataclass(frozen=True)
class WeightSearch:
    """The result of a search.

    Attributes:
        trials: one row per trial, in the order of the points: `trial` (from 0), a column for the weight of each task,
            `value` (NaN if the trial failed) and `state` ("COMPLETE", or "FAIL" if the objective was not finite).
        best: the weights with the highest value; the first ones if several are equal.
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
    """Find the task weights with the highest objective by random search, as in atmaja2020 (section 5: .7, .2, 1.0).

    The points are those of `draw_points`. The journal is an Optuna study with one record for each finished trial.
    Finished trials are never repeated; trials that were running when the search was killed are run again. Points and
    values therefore do not depend on the number of workers or on interruptions, and a later call with more trials
    continues the search. The journal may also contain searches with other tasks or seeds; another objective needs
    another journal. If a process is killed while it writes, the journal is blocked for half a minute.

    Args:
        objective: function from a point to the value to maximise; if the value is not finite, the trial has failed.
        tasks: names of the tasks.
        n_trials: total number of points, including those in the journal.
        seed: seed of the points, 0 or more.
        journal: the file, such as `weights.journal` in the run folder; it is created if it does not exist.
        jobs, scheduler: where the trials run, see `run_cells`.

    Returns:
        All trials, and the best weights.

    Raises:
        InputError: There are fewer points than trials, the journal is damaged, no trial gave a finite value, or the
            scheduler cannot be used.
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
        raise InputError(f"none of the {n_trials} trials in {journal} gave a finite value; check the training.")
    return WeightSearch(trials, points[trials["value"].idxmax()])


def draw_points(tasks: Sequence[str], n_points: int, seed: int) -> list[Point]:
    """Draw different points of task weights, each weight independent and uniform over 0, .1, ..., 1.

    The paper gives the range 0..1 without a constraint on the sum, and the optimum .7, .2, 1.0, hence multiples of .1
    including 1. The point with all weights 0 is excluded. A larger number of points begins with the same points.

    Args:
        tasks: names of the tasks.
        n_points: number of points.
        seed: seed of the points, 0 or more.

    Returns:
        The points, each task -> weight.

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
    """Compute and record the objective at a point, unless it is known; one cell of the grid."""
    if tuple(point.values()) not in record.finished(point):
        record.add(point, float(objective(point)))


@dataclass(frozen=True)
class _Record:
    """One search in a journal. It is a plain value, so that each worker opens the file itself."""

    journal: Path
    name: str

    def begin(self) -> None:
        """Create the journal and the search in it, if they do not exist."""
        import optuna

        self.journal.parent.mkdir(parents=True, exist_ok=True)
        try:
            optuna.create_study(
                storage=self._storage(), study_name=self.name, direction="maximize", load_if_exists=True
            )
        except (ValueError, KeyError, TypeError, AssertionError):
            raise InputError(
                f"{self.journal} is not the journal of a weight search, or it is damaged; remove it for a new search."
            ) from None

    def finished(self, tasks: Sequence[str]) -> dict[tuple[float, ...], "optuna.trial.FrozenTrial"]:
        """Return the finished trials by their weights, in the order of the tasks."""
        trials = self._study().get_trials(deepcopy=False)
        # Reversed, so that the first one is used if two workers computed the same point at the same time.
        return {tuple(trial.params[task] for task in tasks): trial for trial in reversed(trials)}

    def add(self, point: Point, value: float) -> None:
        """Write a finished trial as one record."""
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
            optuna.storages.journal.JournalFileBackend(str(self.journal), _RepairingLock(self.journal))
        )


class _RepairingLock:
    """Optuna's lock of a journal; `acquire` also removes an incomplete line that a killed process may have left."""

    def __init__(self, journal: Path):
        from optuna.storages.journal import JournalFileOpenLock

        self._lock = JournalFileOpenLock(str(journal))
        self._journal = journal

    def acquire(self) -> bool:
        acquired = self._lock.acquire()
        content = self._journal.read_bytes()
        end = content.rfind(b"\n") + 1
        if end < len(content):
            os.truncate(self._journal, end)
        return acquired

    def release(self) -> None:
        self._lock.release()
