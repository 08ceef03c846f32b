import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from kerasemo.errors import InputError
from kerasemo.training import grid
from kerasemo.training.grid import run_cells

posix = pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals")


def touch(folder: Path) -> Callable[[int], None]:
    """Return a cell function that writes the id of its process to a file."""

    # Nested: a worker process cannot import a test module.
    def work(cell: int) -> None:
        import tensorflow as tf

        assert tf.config.threading.get_intra_op_parallelism_threads() == 1
        (folder / str(cell)).write_text(str(os.getpid()))

    return work


@pytest.mark.parametrize("jobs", [1, 2])
def test_every_cell_runs_once_in_one_thread(tmp_path, jobs):
    run_cells(touch(tmp_path), [1, 2, 3], jobs, "Touching")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1", "2", "3"]
    in_this_process = {path.read_text() == str(os.getpid()) for path in tmp_path.iterdir()}
    assert in_this_process == {jobs == 1}


def test_an_error_in_a_cell_is_raised(tmp_path):
    with pytest.raises(FileNotFoundError):
        run_cells(touch(tmp_path / "absent"), [1], 1, "Touching")


@posix
def test_only_the_cell_of_a_killed_process_is_run_again(tmp_path, monkeypatch):
    def count_finished(finished, total, description):
        for number, item in enumerate(finished):
            (tmp_path / f"finished {number}").touch()
            yield item

    def work(cell: int) -> None:
        with (tmp_path / f"attempts {cell}").open("a") as attempts:
            attempts.write("x")
        if cell == 3 and (tmp_path / "attempts 3").read_text() == "x":
            while not (tmp_path / "finished 2").exists():
                time.sleep(0.01)
            os.kill(os.getpid(), signal.SIGKILL)

    monkeypatch.setattr(grid, "track", count_finished)
    grid.run_cells(work, [1, 2, 3, 4], 2, "Dying")
    assert [(tmp_path / f"attempts {cell}").read_text() for cell in [1, 2, 3, 4]] == ["x", "x", "xx", "x"]
    assert (tmp_path / "finished 3").exists()


@posix
def test_a_cell_that_always_kills_its_process_is_an_error(monkeypatch):
    monkeypatch.setattr(grid, "ALLOWED_DEATHS", 0)
    with pytest.raises(InputError, match=r"a process was killed before .*too little memory, use a smaller --jobs"):
        run_cells(lambda cell: os.kill(os.getpid(), signal.SIGKILL), [1, 2], 2, "Dying")


ENDLESS_GRID = """
import sys
import time
from functools import partial

from kerasemo.training.grid import run_cells


def work(path, cell):
    with open(path, "w") as pipe:
        pipe.write("x")
        pipe.flush()
        while True:
            time.sleep(0.01)


run_cells(partial(work, sys.argv[1]), [1, 2], 2, "Waiting")
"""


@posix
def test_processes_end_when_their_parent_is_killed(tmp_path):
    script, pipe = tmp_path / "endless.py", tmp_path / "pipe"
    script.write_text(ENDLESS_GRID)
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    parent = subprocess.Popen([sys.executable, script, pipe], stderr=subprocess.DEVNULL)
    for _ in range(2):
        select.select([reader], [], [], 120)
        assert os.read(reader, 1) == b"x"
    parent.kill()
    parent.wait()
    # Reading ends when no process has the pipe open for writing.
    readable, _, _ = select.select([reader], [], [], 60)
    assert readable and os.read(reader, 1) == b""
    os.close(reader)
