"""Parallel processes that end together with their work, and leave Ctrl-C to the process that started them."""

import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from typing import Any

__all__ = ["side_by_side"]


@contextmanager
def side_by_side(tasks: Iterable, jobs: int, return_as: str = "generator_unordered", **options: Any) -> Iterator:
    """Yield an iterator over the results of joblib tasks; if the block ends early, the processes are killed.

    Args:
        tasks: calls wrapped in `joblib.delayed`.
        jobs: number of processes; 1: the current process; -1: one per core.
        return_as: `generator_unordered`, or `generator` for results in the order of the tasks.
        **options: further arguments of `joblib.Parallel`.
    """
    from joblib import Parallel

    with _children_ignoring_interrupts():
        results = Parallel(n_jobs=jobs, return_as=return_as, **options)(tasks)
    with closing(results):
        yield results


@contextmanager
def _children_ignoring_interrupts() -> Iterator[None]:
    """Let processes that start in this block ignore Ctrl-C; otherwise each would print a traceback.

    A process ignores the signals that its parent ignored when it started. A Ctrl-C within these milliseconds is lost.
    """
    if threading.current_thread() is not threading.main_thread():  # signal handlers can only be set there
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
