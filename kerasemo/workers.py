"""Parallel processes that end together with their work, and leave Ctrl-C to the process that started them."""

import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from itertools import islice
from typing import Any, TypeVar

from kerasemo.errors import InputError

__all__ = ["computed_ahead", "side_by_side"]

Result = TypeVar("Result")


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
def computed_ahead(call: Callable[..., Result], arguments: Iterable[tuple], jobs: int) -> Iterator[Iterator[Result]]:
    """Yield an iterator over the results of calls, in order; other processes compute them from the start of the block.

    At most two results for each process are computed ahead, so that memory does not grow with their number. When the
    block ends, the processes are killed.

    Args:
        call: function of a module that is fast to import.
        arguments: the arguments of each call.
        jobs: number of processes, in addition to the current one.

    Raises:
        InputError: a process was killed, which the iterator raises.
    """
    from joblib.externals.loky.process_executor import ProcessPoolExecutor, TerminatedWorkerError

    waiting = iter(arguments)
    with _children_ignoring_interrupts():
        executor = ProcessPoolExecutor(jobs)
        futures = deque(executor.submit(call, *each) for each in islice(waiting, 2 * jobs))

    def results() -> Iterator[Result]:
        while futures:
            try:
                yield futures.popleft().result()
            except TerminatedWorkerError:
                raise InputError("a process that reads files was killed, perhaps for lack of memory.") from None
            futures.extend(executor.submit(call, *each) for each in islice(waiting, 1))

    try:
        yield results()
    finally:
        executor.shutdown(kill_workers=True)


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
