"""Tests of the training of one cell, on several devices and in mixed precision."""

from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest

from kerasemo.evaluation.protocols import Split
from kerasemo.experiment import Cell, Options, Training
from kerasemo.experiment.cells import train_cell
from kerasemo.models.on_features import dense
from kerasemo.training import fit
from kerasemo.training.items import Items
from kerasemo.training.precision import is_mixed
from kerasemo.training.run import Run
from kerasemo.training.saving import load_network

CLASSES = ["angry", "happy", "sad"]
BATCH = 16
N_TEST = 31


def build(run: Run, table: pd.DataFrame, options: Options, cell: Cell) -> Training:
    """Return a dense network on features that contain the emotion and the valence, and some noise."""

    def items(rows: pd.DataFrame) -> Items:
        generator = np.random.default_rng(len(rows))
        emotion = np.arange(len(rows)) % len(CLASSES)
        x = np.eye(len(CLASSES))[emotion] + generator.normal(0, 0.5, (len(rows), len(CLASSES)))
        targets = {"emotion": emotion, "valence": x[:, 0].astype("float32")}
        return Items({"x": x.astype("float32")}, targets, rows)

    network = dense({"x": (len(CLASSES),)}, {"emotion": len(CLASSES), "valence": 1}, units=(16,))
    parts = {side: items(rows) for side, rows in cell.sides().items()}
    return Training.of_tasks(network, keras.optimizers.Adam(0.01), parts, BATCH, weighting=options.weighting)


class WeightedOptions(Options):
    weighting = "uncertainty"


def trained(folder: Path, n_train: int = 2 * BATCH, **options) -> tuple[Run, np.ndarray]:
    """Train a network, and return the run and the probabilities of its test items."""
    table = pd.DataFrame({"clip": [f"{n}.wav" for n in range(n_train + N_TEST)], "speaker": "s"})
    test = np.arange(n_train, len(table))
    run = Run.create(folder, "test", {"classes": {"emotion": CLASSES, "valence": None}, "notes": []})
    cell = Cell("net", Split("paper", np.arange(n_train), np.array([], int), test), table)
    train_cell(build, 5, 0.01, run.path, table, WeightedOptions(**options), cell)
    return run, pd.read_csv(run.path / "predictions" / "net.paper" / "test.csv")[CLASSES].to_numpy()


@pytest.fixture(scope="module")
def probabilities(tmp_path_factory) -> np.ndarray:
    """Probabilities of a network trained on one device in 32 bits."""
    return trained(tmp_path_factory.mktemp("one"))[1]


def test_several_steps_in_one_call_give_the_same_network(probabilities, tmp_path, monkeypatch):
    monkeypatch.setattr(fit, "MOST_STEPS", 1)
    np.testing.assert_array_equal(trained(tmp_path)[1], probabilities)


def test_two_devices_give_the_network_of_one(probabilities, tmp_path):
    np.testing.assert_allclose(trained(tmp_path, devices=2)[1], probabilities, atol=1e-5)


def test_two_devices_take_batches_of_odd_size(tmp_path):
    assert trained(tmp_path, n_train=BATCH - 3, devices=2)[1].shape == (N_TEST, len(CLASSES))


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_a_network_trained_in_mixed_precision_is_saved_in_32_bits(precision, probabilities, tmp_path):
    run, mixed = trained(tmp_path, mixed_precision=precision)
    assert 0 < np.abs(mixed - probabilities).max() < 0.02
    saved = load_network(run.path / "checkpoints" / "net.paper.keras")
    assert not is_mixed(saved)
    assert (run.path / "history" / "net.paper.csv").read_text().count("\n") == 6
