"""Many independent trainings, side by side on one machine or on a cluster."""

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

Cell = TypeVar("Cell")

# A cell that ends its process so often in a row would end the next one too. Dask's own limit is the same.
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
    """Call `train` on each cell, each in one thread, so that the results do not depend on `jobs` or a cluster.

    `train` writes its results to disk and skips what is there already; that makes an interrupted grid resume. A cell
    whose process is killed is run again. The first error in a cell ends the grid and is raised here.

    On a cluster every machine must have this package and see the run folder, on a shared file system, under the same
    path. A worker does as many cells at a time as it has threads, each in a process of its own. Interrupted, the grid
    takes back the cells that wait; those that run there go on to their end. Without workers it waits for new ones.

    Args:
        train: does one cell.
        cells: what to do; plain values.
        jobs: number of processes on this machine; 1: this one. Of no effect with a scheduler.
        description: what the progress bar says.
        scheduler: address of a Dask scheduler, such as `tcp://host:8786`, on whose workers the cells run.

    Raises:
        InputError: the scheduler cannot be reached, has no workers or is lost; Dask is not installed; a cell ended its
            process again and again.
    """
    finished = _on_this_machine(train, cells, jobs) if scheduler is None else _on_cluster(train, cells, scheduler)
    # Closed at once when interrupted: no process may go on writing.
    with closing(finished):
        for _ in track(finished, total=len(cells), description=description):
            pass


def _on_this_machine(train: Callable[[Cell], None], cells: Sequence[Cell], jobs: int) -> Iterator[int]:
    """The number of each cell, as it is done."""
    waiting = dict(enumerate(cells))
    deaths = 0
    # A process that has grown is replaced by a new one, which is nothing to warn of.
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
                raise _given_up(deaths, "use a smaller --jobs") from None


def _given_up(deaths: int, remedy: str) -> InputError:
    return InputError(
        f"a process was killed before it could end its cell, {deaths} times in a row; if memory is short, {remedy}."
    )


def _in_process_of(starter: int, train: Callable[[Cell], None], cell: Cell, number: int) -> int:
    """Do one cell, in one thread; `starter` is the process that has set it going, this one or its parent."""
    from kerasemo.training.reproducible import one_thread

    if os.getpid() != starter:
        _end_with_parent()
    one_thread()
    with threadpool_limits(1):
        train(cell)
    return number


@cache
def _end_with_parent() -> None:
    """Let this process end within a second or two when its parent is gone; killed, the parent cannot end it itself."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _on_cluster(train: Callable[[Cell], None], cells: Sequence[Cell], scheduler: str) -> Iterator[None]:
    """One item for each cell that is done."""
    with _connected(scheduler) as client:
        from distributed import KilledWorker, as_completed
        from distributed.client import FutureCancelledError

        for future in as_completed(_submit(client, train, cells), loop=client.loop):
            try:
                future.result()
            except KilledWorker as error:
                raise InputError(
                    f"{error.allowed_failures + 1} workers died over one cell, the last at "
                    f"{error.last_worker.address}; look into its log, and if memory is short, start workers with more."
                ) from None
            except FutureCancelledError:
                raise _lost(scheduler) from None
            # A dying worker takes the results of its cells along, and Dask runs again whatever is still asked for.
            del future
            yield


@contextmanager
def _connected(scheduler: str) -> Iterator["Client"]:
    """A client of a scheduler that has workers; closed, it takes back what has not begun."""
    try:
        from distributed import Client
        from distributed.versions import VersionMismatchWarning
    except ImportError:
        raise InputError("--scheduler needs Dask, which is not installed: pip install kerasemo[cluster].") from None
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)  # what goes wrong is raised
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", VersionMismatchWarning)
        try:
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
            raise _lost(scheduler) from None
        yield client


def _lost(scheduler: str) -> InputError:
    return InputError(f"the Dask scheduler {scheduler} was lost; what is done is kept, start again to go on.")


def _submit(client: "Client", train: Callable[[Cell], None], cells: Sequence[Cell]) -> list["Future"]:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sending large graph")
        # Sent once, not with each cell: it may hold all the data. As a task, it is made anew when its worker dies.
        shared = client.submit(_itself, train, pure=False)
        # Not pure: a cell of another run must never stand in for one of this.
        return client.map(_on_worker, cells, train=shared, pure=False)


def _itself(train: Callable[[Cell], None]) -> Callable[[Cell], None]:
    return train


def _on_worker(cell: Cell, train: Callable[[Cell], None]) -> None:
    """Do one cell in a child of this Dask worker.

    In the worker itself the numbers would not hold: its threads draw from Python's random numbers, from which Keras
    seeds its layers, and TensorFlow's seed belongs to the process.
    """
    from distributed import get_worker

    # A worker under a nanny is a daemon, which Python lets have no children; this one's end with it, see above.
    multiprocessing.current_process().daemon = False
    for _ in range(ALLOWED_DEATHS + 1):
        children = get_reusable_executor(get_worker().state.nthreads, timeout=IDLE_S)
        try:
            children.submit(_in_process_of, os.getpid(), train, cell, 0).result()
            return
        except TerminatedWorkerError:
            continue
    raise _given_up(ALLOWED_DEATHS + 1, "give the workers fewer threads")
