"""Processes side by side that end with the work, and leave Ctrl-C to the process that has started them."""

import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from typing import Any


@contextmanager
def side_by_side(tasks: Iterable, jobs: int, return_as: str = "generator_unordered", **options: Any) -> Iterator:
    """The results of joblib tasks, as they come; left early, the processes are ended where they stand.

    Args:
        tasks: calls wrapped in `joblib.delayed`.
        jobs: number of processes; 1: this one; -1: one a core.
        return_as: `generator_unordered`, or `generator` for results in the order of the tasks.
        **options: as those of `joblib.Parallel`.
    """
    from joblib import Parallel

    with _deaf_children():
        done = Parallel(n_jobs=jobs, return_as=return_as, **options)(tasks)
    with closing(done):
        yield done


@contextmanager
def _deaf_children() -> Iterator[None]:
    """Processes started in here do not hear Ctrl-C, which would have each print its own traceback.

    What is ignored when a process starts it goes on ignoring. A Ctrl-C that falls into these milliseconds is lost.
    """
    if threading.current_thread() is not threading.main_thread():  # only there can it be set
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
