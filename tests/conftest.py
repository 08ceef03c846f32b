"""Shared by all tests: a cache of their own, one thread and two logical CPUs for TensorFlow, the real data if there."""

import os
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DATA = ROOT.parent / "shared" / "data"

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
# Features of the real recordings stay where the developer keeps them; anything else goes with the tests.
os.environ["KERASEMO_CACHE"] = tempfile.mkdtemp(prefix="kerasemo-tests-")


def pytest_configure():
    import tensorflow as tf

    from kerasemo.training.reproducible import one_thread

    one_thread()
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)


@pytest.fixture(scope="session")
def ravdess_root() -> Path:
    """Real RAVDESS speech of eight actors."""
    folder = DATA / "ravdess"
    if not folder.is_dir():
        pytest.skip(f"needs real RAVDESS recordings in {folder}")
    return folder
