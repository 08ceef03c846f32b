"""A run that is killed at any moment and resumed ends with the same results as an uninterrupted run."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest

from kerasemo.models import crossmodal
from kerasemo.training import callbacks
from kerasemo.training.fit import adapt

SCRIPT = Path(__file__).with_name("training_script.py")
STEPS_PER_EPOCH = 8


def start(folder: Path) -> subprocess.Popen:
    folder.mkdir(exist_ok=True)
    return subprocess.Popen(
        [sys.executable, "-u", str(SCRIPT), str(folder)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def stop_after(process: subprocess.Popen, steps: int) -> None:
    """Kill the process as soon as it has announced this number of training steps."""
    n_seen = 0
    for line in process.stdout:
        n_seen += line.strip() == "step"
        if n_seen == steps:
            break
    assert n_seen == steps, process.stderr.read()
    os.kill(process.pid, signal.SIGKILL)
    process.wait()


def finish(process: subprocess.Popen) -> int:
    """Wait until the process ends, and return its number of training steps."""
    output, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    return output.splitlines().count("step")


@pytest.mark.slow
def test_killed_and_resumed_run_equals_an_uninterrupted_run(tmp_path):
    assert finish(start(tmp_path / "uninterrupted")) == 4 * STEPS_PER_EPOCH
    for steps in (
        STEPS_PER_EPOCH + 3,
        STEPS_PER_EPOCH + 4,
    ):  # in epoch 2, then in epoch 3
        stop_after(start(tmp_path / "killed"), steps)
    assert 0 < finish(start(tmp_path / "killed")) < 4 * STEPS_PER_EPOCH
    expected, resumed = (np.load(tmp_path / name / "weights.npz") for name in ("uninterrupted", "killed"))
    assert set(expected.files) == set(resumed.files)
    assert max(float(np.abs(expected[name] - resumed[name]).max()) for name in expected.files) == 0.0
    histories = [pd.read_csv(tmp_path / name / "history.csv") for name in ("uninterrupted", "killed")]
    pd.testing.assert_frame_equal(*histories, check_exact=True)
    assert histories[0]["epoch"].tolist() == [1, 2, 3, 4]


def small_model(n_classes: int = 3) -> keras.Model:
    model = crossmodal.audio_cnn(n_classes)
    model.compile(keras.optimizers.SGD())
    model.optimizer.build(model.trainable_variables)
    return model


def test_a_checkpoint_of_another_model_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(callbacks, "SAVE_EVERY_S", 0.0)
    callback = callbacks.Checkpoint(tmp_path / "state.npz", pd.DataFrame())
    callback.set_model(small_model())
    callback.on_epoch_end(0, {"loss": 1.0})
    with pytest.raises(ValueError, match="state of another model"):
        callbacks.restore(small_model(n_classes=4), tmp_path / "state.npz")


def test_without_a_checkpoint_training_starts_from_the_beginning(tmp_path):
    model = small_model()
    before = model.get_weights()
    assert callbacks.restore(model, tmp_path / "absent.npz").empty
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_adapt_standardises_the_training_items():
    audio = np.random.default_rng(0).normal(5, 3, (200, 40)).astype("float32")
    model = small_model()
    adapt(model, {"audio": audio})
    standardised = model.get_layer("audio_standardised")(audio)
    np.testing.assert_allclose(np.mean(standardised, axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(np.std(standardised, axis=0), 1, atol=1e-4)
