"""Tests with a real scheduler and two worker processes; the first test kills one of them."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from kerasemo.errors import InputError
from kerasemo.training import grid
from kerasemo.training.grid import run_cells

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals")

TRAINING_SCRIPT = str(Path(__file__).with_name("training_script.py"))


@dataclass
class Cluster:
    scheduler: str
    scheduler_process: subprocess.Popen
    workers: dict[int, subprocess.Popen]


@contextmanager
def start_cluster(folder: Path, n_workers: int) -> Iterator[Cluster]:
    """A scheduler and its workers, each in a separate process, on free ports of this machine."""
    address = folder / "scheduler.json"

    def start(*arguments: str) -> subprocess.Popen:
        command = [sys.executable, "-m", "dask", *arguments, "--scheduler-file", str(address)]
        return subprocess.Popen(command, stderr=subprocess.DEVNULL)

    processes = [start("scheduler", "--host", "127.0.0.1", "--port", "0", "--dashboard-address", "127.0.0.1:0")]
    options = ["--nthreads", "1", "--no-nanny", "--no-dashboard", "--local-directory", str(folder)]
    try:
        while not address.exists():
            assert processes[0].poll() is None, "the scheduler did not start"
            time.sleep(0.05)
        workers = [start("worker", *options) for _ in range(n_workers)]
        processes += workers
        scheduler = json.loads(address.read_text())["address"]
        yield Cluster(scheduler, processes[0], {worker.pid: worker for worker in workers})
    finally:
        for process in processes:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory) -> Iterator[Cluster]:
    with start_cluster(tmp_path_factory.mktemp("cluster"), n_workers=2) as cluster:
        yield cluster


@contextmanager
def killing_a_worker(cluster: Cluster, pid_file: Path, once: Path | None = None) -> Iterator[None]:
    """Kill the worker whose id is in `pid_file` while the block runs, as soon as the file `once` exists, too."""

    def kill() -> None:
        while not (pid_file.exists() and (once is None or once.exists())):
            time.sleep(0.02)
        os.kill(cluster.workers[int(pid_file.read_text())].pid, signal.SIGKILL)

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    yield
    killer.join(60)
    assert not killer.is_alive()


def drawing(folder: Path, stuck: int | None = None, deadly: int | None = None):
    """Return a cell function that writes random numbers to a file.

    At the first attempt, the cell `stuck` hangs and the cell `deadly` kills its process.
    """

    # Nested: a worker process cannot import a test module.
    def work(cell: int) -> None:
        with (folder / f"{cell}.attempts").open("a") as attempts:
            attempts.write("x")
        first = (folder / f"{cell}.attempts").read_text() == "x"
        if cell == deadly and first:
            os.kill(os.getpid(), signal.SIGKILL)
        if cell == stuck and first:
            while not (folder / "finished").exists():
                time.sleep(0.01)
            (folder / "unfinished").write_text(str(os.getppid()))
            (folder / "unfinished").rename(folder / "pid")
            time.sleep(600)
        rows = np.random.default_rng(cell).normal(size=(50, 300))
        np.save(folder / f"{cell}.npy", np.linalg.svd(rows @ rows.T)[0])

    return work


@pytest.mark.slow
def test_only_the_cell_of_a_killed_worker_or_process_is_run_again(cluster, tmp_path, monkeypatch):
    def kill_after_three(finished, total, description):
        for number, item in enumerate(finished, start=1):
            yield item
            if number == 3:
                time.sleep(3)  # until the scheduler knows, too, that these three cells are finished, on a busy machine
                (tmp_path / "cluster" / "finished").touch()

    for name in ["local", "cluster"]:
        (tmp_path / name).mkdir()
    cells = list(range(8))
    run_cells(drawing(tmp_path / "local"), cells, 1, "Drawing")
    monkeypatch.setattr(grid, "track", kill_after_three)
    with killing_a_worker(cluster, tmp_path / "cluster" / "pid"):
        run_cells(drawing(tmp_path / "cluster", stuck=2, deadly=5), cells, 1, "Drawing", cluster.scheduler)
    attempts = [(tmp_path / "cluster" / f"{cell}.attempts").read_text() for cell in cells]
    assert attempts == ["x", "x", "xx", "x", "x", "xx", "x", "x"]
    for cell in cells:
        local, remote = [np.load(tmp_path / name / f"{cell}.npy") for name in ["local", "cluster"]]
        np.testing.assert_array_equal(remote, local)


def test_a_cell_runs_in_a_separate_process_with_one_thread(cluster, tmp_path):
    def work(cell: int) -> None:
        import tensorflow as tf

        assert tf.config.threading.get_intra_op_parallelism_threads() == 1
        random.seed(cell)
        time.sleep(1)  # the worker's threads draw random numbers during this time
        (tmp_path / str(cell)).write_text(f"{os.getppid()} {random.random()}")

    run_cells(work, [1, 2], 1, "Drawing", cluster.scheduler)
    for cell in [1, 2]:
        parent, number = (tmp_path / str(cell)).read_text().split()
        assert int(parent) in cluster.workers
        assert float(number) == random.Random(cell).random()


def test_an_error_in_a_cell_is_raised_and_cancels_the_rest(cluster, tmp_path):
    def work(cell: int) -> None:
        if cell == 0:
            raise FileNotFoundError(2, "No such file or directory", "labels.csv")
        time.sleep(0.05)
        (tmp_path / str(cell)).touch()

    with pytest.raises(FileNotFoundError, match=r"labels\.csv"):
        run_cells(work, [0], 1, "Failing", cluster.scheduler)
    with pytest.raises(FileNotFoundError, match=r"labels\.csv"):
        run_cells(work, range(200), 1, "Failing", cluster.scheduler)
    assert len(list(tmp_path.iterdir())) < 199


def test_an_interruption_cancels_cells_that_have_not_started(cluster, tmp_path, monkeypatch):
    def work(cell: int) -> None:
        try:
            (tmp_path / "first").touch(exist_ok=False)  # any cell may be the first
        except FileExistsError:
            while not (tmp_path / "interrupted").exists():
                time.sleep(0.01)
        (tmp_path / str(cell)).touch()

    def interrupt(finished, total, description):
        yield next(finished)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(grid, "track", interrupt)
        run_cells(work, range(20), 1, "Waiting", cluster.scheduler)
    (tmp_path / "interrupted").touch()
    run_cells(work, [20, 21], 1, "Waiting", cluster.scheduler)
    # Each worker may have had one running and one waiting cell, besides the first cell.
    others = len(["first", "its cell", "interrupted", "20", "21"])
    assert len(list(tmp_path.iterdir())) <= others + 2 * len(cluster.workers)


def test_a_lost_scheduler_is_one_sentence(cluster, capfd, monkeypatch):
    """The last test that uses the cluster."""

    def lose(finished, total, description):
        yield next(finished)
        cluster.scheduler_process.kill()
        yield from finished

    monkeypatch.setattr(grid, "track", lose)
    with pytest.raises(InputError, match=r"the Dask scheduler .* was lost; finished cells are kept, start again"):
        run_cells(lambda cell: time.sleep(5 * cell), [0, 1, 2, 3], 1, "Waiting", cluster.scheduler)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "127.0.0.1", "nowhere", ""])
def test_a_scheduler_that_does_not_answer_is_an_error(address, capfd, monkeypatch):
    monkeypatch.setattr(grid, "CONNECT_S", 0.5)
    with pytest.raises(InputError, match=f"no Dask scheduler answers at {address}; start one with `dask scheduler`"):
        run_cells(print, [1], 1, "Printing", address)
    assert capfd.readouterr() == ("", "")


def test_a_scheduler_without_workers_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(grid, "FIRST_WORKER_S", 0.1)
    with (
        start_cluster(tmp_path, n_workers=0) as cluster,
        pytest.raises(InputError, match=r"has no workers; start some with `dask worker"),
    ):
        run_cells(print, [1], 1, "Printing", cluster.scheduler)


def test_the_error_without_dask_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InputError, match=r"needs Dask, which is not installed: pip install kerasemo\[cluster\]"):
        run_cells(print, [1], 1, "Printing", "tcp://127.0.0.1:9")


@pytest.mark.slow
def test_networks_trained_on_a_cluster_equal_those_trained_locally(tmp_path):
    def work(folder: Path, epochs: int) -> None:
        import runpy

        cell = folder / str(epochs)
        if (cell / "weights.npz").exists():
            return
        cell.mkdir(parents=True, exist_ok=True)
        (cell / "pid").write_text(str(os.getppid()))
        runpy.run_path(TRAINING_SCRIPT)["train"](cell, epochs)

    cells = [2, 40, 3]
    run_cells(lambda epochs: work(tmp_path / "local", epochs), cells, 1, "Training")
    remote = tmp_path / "remote"
    with (
        start_cluster(tmp_path, n_workers=2) as cluster,
        killing_a_worker(cluster, remote / "40" / "pid", once=remote / "40" / "state.npz"),
    ):
        run_cells(lambda epochs: work(remote, epochs), cells, 1, "Training", cluster.scheduler)
        assert sorted(worker.poll() is None for worker in cluster.workers.values()) == [False, True]
    for epochs in cells:
        expected = np.load(tmp_path / "local" / str(epochs) / "weights.npz")
        weights = np.load(remote / str(epochs) / "weights.npz")
        assert expected.files and expected.files == weights.files
        for name in expected.files:
            np.testing.assert_array_equal(weights[name], expected[name])
