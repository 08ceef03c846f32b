import os
import sys
from pathlib import Path

import pytest

from joblib.externals import cloudpickle

from kerasemo.training.grid import run_cells


# Worker processes cannot import a test module.
cloudpickle.register_pickle_by_value(sys.modules[__name__])


class Touch:
    """A cell's work: leave a file that says which process did it."""

    def __init__(self, folder: Path):
        self.folder = folder

    def __call__(self, cell: int) -> None:
        import tensorflow as tf

        assert tf.config.threading.get_intra_op_parallelism_threads() == 1
        (self.folder / str(cell)).write_text(str(os.getpid()))


@pytest.mark.parametrize("jobs", [1, 2])
def test_every_cell_is_done_once_in_one_thread(tmp_path, jobs):
    run_cells(Touch(tmp_path), [1, 2, 3], jobs, "Touching")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1", "2", "3"]
    in_this_process = {path.read_text() == str(os.getpid()) for path in tmp_path.iterdir()}
    assert in_this_process == {jobs == 1}


def test_a_failing_cell_surfaces(tmp_path):
    with pytest.raises(FileNotFoundError):
        run_cells(Touch(tmp_path / "absent"), [1], 1, "Touching")
