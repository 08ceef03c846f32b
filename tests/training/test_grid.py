import os
from collections.abc import Callable
from pathlib import Path

import pytest

from kerasemo.training.grid import run_cells


def touch(folder: Path) -> Callable[[int], None]:
    """A cell's work: leave a file that says which process did it."""

    # Nested: a worker process cannot import a test module.
    def work(cell: int) -> None:
        import tensorflow as tf

        assert tf.config.threading.get_intra_op_parallelism_threads() == 1
        (folder / str(cell)).write_text(str(os.getpid()))

    return work


@pytest.mark.parametrize("jobs", [1, 2])
def test_every_cell_is_done_once_in_one_thread(tmp_path, jobs):
    run_cells(touch(tmp_path), [1, 2, 3], jobs, "Touching")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1", "2", "3"]
    in_this_process = {path.read_text() == str(os.getpid()) for path in tmp_path.iterdir()}
    assert in_this_process == {jobs == 1}


def test_a_failing_cell_surfaces(tmp_path):
    with pytest.raises(FileNotFoundError):
        run_cells(touch(tmp_path / "absent"), [1], 1, "Touching")
