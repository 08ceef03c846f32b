"""Training ends early, keeps the best weights, and gives the same result after an interruption."""

import keras
import numpy as np
import pandas as pd
import pytest

from kerasemo.training.best_epoch import best_epoch
from kerasemo.training.callbacks import EarlyStopping
from kerasemo.training.fit import fit
from kerasemo.training.items import Items
from kerasemo.training.joint_model import JointModel
from kerasemo.weighting import Static


def items(seed: int, n: int = 24) -> Items:
    """Items with random labels: every epoch of training makes the validation loss worse sooner or later."""
    generator = np.random.default_rng(seed)
    index = pd.DataFrame({"clip": [f"{number}" for number in range(n)], "speaker": "s"})
    return Items({"x": generator.standard_normal((n, 8))}, {"emotion": generator.integers(0, 3, n)}, index)


def model() -> JointModel:
    keras.utils.set_random_seed(0)
    x = keras.Input((8,), name="x")
    hidden = keras.layers.Dense(16, activation="relu")(x)
    output = keras.layers.Dense(3, activation="softmax", name="emotion")(hidden)
    losses = {"emotion": keras.losses.SparseCategoricalCrossentropy()}
    built = JointModel({"x": x}, {"emotion": output}, losses=losses, weighting=Static({"emotion": 1.0}))
    built.compile(keras.optimizers.Adam(0.05))
    return built


def trained(folder, epochs: int, built: JointModel | None = None):
    built = built or model()
    settings = {"epochs": epochs, "batch_size": 8, "seed": 0, "checkpoint": folder / "state.npz", "patience": 3}
    return built, fit(built, items(0), items(1), **settings)


def test_training_stops_after_some_epochs_and_has_the_weights_of_the_best_one(tmp_path):
    built, history = trained(tmp_path, epochs=60)
    best = best_epoch(history, ["emotion"])
    assert len(history) == best + 3 < 60
    loss = built.evaluate(items(1).once(), return_dict=True, verbose=0)["loss"]
    assert loss == pytest.approx(history["val_emotion_loss"].min(), abs=1e-6)
    assert history["val_emotion_loss"].iloc[-1] > loss


def test_an_interrupted_training_stops_at_the_same_epoch_with_the_same_weights(tmp_path):
    whole, history = trained(tmp_path / "a", epochs=60)
    trained(tmp_path / "b", epochs=2)
    resumed, again = trained(tmp_path / "b", epochs=60)
    pd.testing.assert_frame_equal(history, again)
    for one, other in zip(whole.variables, resumed.variables, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_training_that_has_stopped_is_not_continued(tmp_path):
    _, history = trained(tmp_path, epochs=60)
    built, again = trained(tmp_path, epochs=60)
    pd.testing.assert_frame_equal(history, again)
    loss = built.evaluate(items(1).once(), return_dict=True, verbose=0)["loss"]
    assert loss == pytest.approx(history["val_emotion_loss"].min(), abs=1e-6)


def test_tasks_count_equally_whatever_their_weights(tmp_path):
    history = pd.DataFrame({"val_loss": [3.0, 2.0], "val_a_loss": [1.0, 2.0], "val_b_loss": [1.0, 0.5]})
    assert best_epoch(history, ["a", "b"]) == 1
    assert EarlyStopping(tmp_path / "best.npz", ["a", "b"], 1, history).is_over
    assert not EarlyStopping(tmp_path / "best.npz", ["a", "b"], 2, history).is_over
