"""Many independent trainings, side by side."""

from collections.abc import Callable, Sequence
from contextlib import closing
from typing import TypeVar

from joblib import Parallel, delayed

from kerasemo.progress import track

Cell = TypeVar("Cell")


def run_cells(train: Callable[[Cell], None], cells: Sequence[Cell], jobs: int, description: str) -> None:
    """Call `train` on each cell, `jobs` at a time, each in one thread, so that the results do not depend on `jobs`.

    `train` writes its results to disk and skips what is there already; that makes an interrupted grid resume.

    Args:
        train: does one cell.
        cells: what to do; plain values.
        jobs: number of processes; 1: this one.
        description: what the progress bar says.
    """
    tasks = (delayed(_in_one_thread)(train, cell) for cell in cells)
    # Closed at once when interrupted: no process may go on writing.
    with closing(Parallel(n_jobs=jobs, return_as="generator_unordered")(tasks)) as done:
        for _ in track(done, total=len(cells), description=description):
            pass


def _in_one_thread(train: Callable[[Cell], None], cell: Cell) -> None:
    from kerasemo.training.reproducible import one_thread

    one_thread()
    train(cell)
