"""Runs many independent trainings in parallel, on one machine or on a cluster."""

import asyncio
import logging
import multiprocessing
import os
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import cache
from typing import TYPE_CHECKING, TypeVar

from joblib import delayed
from joblib.externals.loky import get_reusable_executor
from joblib.externals.loky.process_executor import TerminatedWorkerError
from threadpoolctl import threadpool_limits

from kerasemo.errors import InputError
from kerasemo.progress import track
from kerasemo.workers import side_by_side

if TYPE_CHECKING:
    from distributed import Client, Future

__all__ = ["ALLOWED_DEATHS", "CONNECT_S", "FIRST_WORKER_S", "IDLE_S", "Cell", "run_cells"]

Cell = TypeVar("Cell")

# If the process of a cell dies more often than this in a row, the grid is stopped. Dask has the same limit.
ALLOWED_DEATHS = 3
CONNECT_S = 5
FIRST_WORKER_S = 10
IDLE_S = 300


def run_cells(
    train: Callable[[Cell], None],
    cells: Sequence[Cell],
    jobs: int,
    description: str,
    scheduler: str | None = None,
) -> None:
    """Call `train` for each cell, with one thread per cell, so that results do not depend on `jobs` or a cluster.

    `train` must write its results to disk and skip existing results, so that an interrupted grid can be resumed. A cell
    whose process is killed is run again. The first error in a cell stops the grid and is raised.

    On a cluster, every machine needs this package and the run folder under the same path, on a shared file system. A
    worker runs as many cells at a time as it has threads, each in a separate process. If the grid is interrupted,
    waiting cells are cancelled and running cells are completed. If all workers are lost, it waits for new ones.

    Args:
        train: function that runs one cell.
        cells: the arguments of the calls; plain values.
        jobs: number of processes on this machine; 1: the current process. Ignored if there is a scheduler.
        description: text of the progress bar.
        scheduler: address of a Dask scheduler, such as `tcp://host:8786`, whose workers run the cells.

    Raises:
        InputError: The scheduler cannot be reached, has no workers or is lost; Dask is not installed; the process of a
            cell was killed repeatedly.
    """
    finished = _on_this_machine(train, cells, jobs) if scheduler is None else _on_cluster(train, cells, scheduler)
    # `closing` ends all processes on an interruption, so that none continues to write.
    with closing(finished):
        for _ in track(finished, total=len(cells), description=description):
            pass


def _on_this_machine(train: Callable[[Cell], None], cells: Sequence[Cell], jobs: int) -> Iterator[int]:
    """Yield the number of each finished cell."""
    waiting = dict(enumerate(cells))
    deaths = 0
    # joblib replaces processes that use too much memory, and warns about it needlessly.
    warnings.filterwarnings("ignore", "A worker stopped while some jobs", UserWarning)
    while waiting:
        tasks = [delayed(_in_process_of)(os.getpid(), train, cell, number) for number, cell in waiting.items()]
        try:
            with side_by_side(tasks, jobs, backend="loky") as done:
                for number in done:
                    del waiting[number]
                    deaths = 0
                    yield number
        except TerminatedWorkerError:
            deaths += 1
            if deaths > ALLOWED_DEATHS:
                raise _killed_error(deaths, "use a smaller --jobs") from None


def _killed_error(deaths: int, remedy: str) -> InputError:
    return InputError(
        f"a process was killed before it finished its cell, {deaths} times in a row; if there is too little memory, "
        f"{remedy}."
    )


def _in_process_of(starter: int, train: Callable[[Cell], None], cell: Cell, number: int) -> int:
    """Run one cell in one thread; `starter` is the id of the process that started it, this one or its parent."""
    from kerasemo.training.reproducible import one_thread

    if os.getpid() != starter:
        _end_with_parent()
    one_thread()
    with threadpool_limits(1):
        train(cell)
    return number


@cache
def _end_with_parent() -> None:
    """Let this process end within two seconds after its parent has died; a killed parent cannot end it itself."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _on_cluster(train: Callable[[Cell], None], cells: Sequence[Cell], scheduler: str) -> Iterator[None]:
    """Yield None for each finished cell."""
    with _connected(scheduler) as client:
        from distributed import KilledWorker, as_completed
        from distributed.client import FutureCancelledError

        for future in as_completed(_submit(client, train, cells), loop=client.loop):
            try:
                future.result()
            except KilledWorker as error:
                raise InputError(
                    f"{error.allowed_failures + 1} workers died while running the same cell, the last at "
                    f"{error.last_worker.address}; see its log, and if there is too little memory, start workers with "
                    "more."
                ) from None
            except FutureCancelledError:
                raise _lost_error(scheduler) from None
            # When a worker dies, its results are lost, and Dask runs cells again if their futures still exist.
            del future
            yield


@contextmanager
def _connected(scheduler: str) -> Iterator["Client"]:
    """Yield a client of a scheduler that has workers; at the end, cells that have not started are cancelled."""
    try:
        from distributed import Client
        from distributed.versions import VersionMismatchWarning
    except ImportError:
        raise InputError("--scheduler needs Dask, which is not installed: pip install kerasemo[cluster].") from None
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)  # errors are raised instead
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", VersionMismatchWarning)
        try:
            # A client that failed to connect is closed by the garbage collector: perhaps in the thread of the next
            # client, which is just starting and holds the lock that closing needs. So the address is tried without one.
            asyncio.run(_try_connecting(scheduler))
            client = Client(scheduler, timeout=CONNECT_S, set_as_default=False)
        except (OSError, ValueError):
            raise InputError(
                f"no Dask scheduler answers at {scheduler}; start one with `dask scheduler` and give its address, such "
                "as tcp://host:8786."
            ) from None
    with client:
        try:
            client.wait_for_workers(1, timeout=FIRST_WORKER_S)
        except TimeoutError:
            raise InputError(
                f"the Dask scheduler {scheduler} has no workers; start some with `dask worker {scheduler}`."
            ) from None
        except OSError:
            raise _lost_error(scheduler) from None
        yield client


async def _try_connecting(scheduler: str) -> None:
    from distributed.comm import connect

    comm = await connect(scheduler, timeout=CONNECT_S)
    await comm.close()


def _lost_error(scheduler: str) -> InputError:
    return InputError(
        f"the connection to the Dask scheduler {scheduler} was lost; finished cells are kept, start again to continue."
    )


def _submit(client: "Client", train: Callable[[Cell], None], cells: Sequence[Cell]) -> list["Future"]:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sending large graph")
        # `train` may contain all the data, so it is sent once, not with each cell. As the result of a task, it is
        # computed again if its worker dies.
        shared = client.submit(_identity, train, pure=False)
        # Not pure: the result of a cell of another run must not be reused.
        return client.map(_on_worker, cells, train=shared, pure=False)


def _identity(train: Callable[[Cell], None]) -> Callable[[Cell], None]:
    return train


def _on_worker(cell: Cell, train: Callable[[Cell], None]) -> None:
    """Run one cell in a child process of this Dask worker.

    In the worker process itself, results would not be reproducible: its threads use Python's random numbers, from which
    Keras seeds its layers, and TensorFlow has one seed per process.
    """
    from distributed import get_worker

    # A worker under a nanny is a daemon, which cannot have children in Python. These children end with the worker.
    multiprocessing.current_process().daemon = False
    for _ in range(ALLOWED_DEATHS + 1):
        children = get_reusable_executor(get_worker().state.nthreads, timeout=IDLE_S)
        try:
            children.submit(_in_process_of, os.getpid(), train, cell, 0).result()
            return
        except TerminatedWorkerError:
            continue
    raise _killed_error(ALLOWED_DEATHS + 1, "give the workers fewer threads")
