"""A network that is trained with the trace of an earlier one has the same numbers as one that is traced itself."""

import keras
import numpy as np
import pandas as pd
import pytest

from kerasemo.losses import CCCLoss
from kerasemo.training import reuse
from kerasemo.training.items import Items
from kerasemo.training.joint_model import JointModel
from kerasemo.training.reproducible import seed_everything
from kerasemo.training.reuse import traced
from kerasemo.training.run import Run
from kerasemo.training.train import train
from kerasemo.weighting import WEIGHTINGS

TASKS = ["emotion", "gender"]


@pytest.fixture(autouse=True)
def kept(monkeypatch):
    """The kept models, none at first."""
    monkeypatch.setattr(reuse, "_kept", {})
    return reuse._kept


def items(seed: int, n: int = 24) -> Items:
    generator = np.random.default_rng(seed)
    targets = {"emotion": generator.integers(0, 3, n), "gender": generator.integers(0, 2, n)}
    index = pd.DataFrame({"clip": [f"{number}.wav" for number in range(n)], "speaker": "s"})
    return Items({"x": generator.normal(seed, 1 + seed, (n, 8)).astype("float32")}, targets, index)


def model(weighting: str = "softmax", units: int = 8, losses: dict | None = None) -> JointModel:
    x = keras.Input((8,), name="x")
    hidden = keras.layers.Normalization(name="standardised")(x)
    hidden = keras.layers.Dropout(0.3)(keras.layers.Dense(units, activation="relu")(hidden))
    hidden = keras.layers.BatchNormalization()(hidden)
    outputs = {
        "emotion": keras.layers.Dense(3, activation="softmax", name="emotion")(hidden),
        "gender": keras.layers.Dense(2, activation="softmax", name="gender")(hidden),
    }
    losses = losses or {task: keras.losses.SparseCategoricalCrossentropy() for task in TASKS}
    method = WEIGHTINGS[weighting](TASKS)
    own = keras.optimizers.Adam(0.1) if method.trainable_variables else None
    built = JointModel({"x": x}, outputs, losses=losses, weighting=method, weighting_optimizer=own)
    built.compile(keras.optimizers.Adam(0.01), weighted_metrics={task: ["accuracy"] for task in TASKS})
    return built


def results(folder, seeds, weighting: str) -> dict[str, bytes]:
    """Train with several seeds in one folder; return the contents of histories and predictions."""
    run = Run.create(folder, "test", {"classes": {"emotion": list("abc"), "gender": list("fm")}})
    for seed in seeds:
        seed_everything(seed)
        sides = {"train": items(seed), "validation": items(seed + 10), "test": items(seed + 20, 40)}
        settings = {"decisions": {task: task for task in TASKS}, "batch_size": 8, "patience": 2}
        train(run, f"seed{seed}", model(weighting), sides, epochs=6, seed=seed, **settings)
    tables = [*run.path.glob("history/*.csv"), *run.path.glob("predictions/*/*.csv")]
    assert len(tables) == len(seeds) * (1 + 3 * len(TASKS))
    return {str(path.relative_to(run.path)): path.read_bytes() for path in tables}


@pytest.mark.parametrize("weighting", WEIGHTINGS)
def test_results_do_not_depend_on_what_was_trained_before(tmp_path, monkeypatch, weighting, kept):
    with_kept = results(tmp_path / "kept", [1, 0], weighting)
    assert kept
    monkeypatch.setattr(reuse, "MOST_KEPT", 0)
    assert results(tmp_path / "alone", [0, 1], weighting) == with_kept


def test_networks_that_differ_in_numbers_alone_share_a_trace():
    for seed in (0, 1):
        seed_everything(seed)
        built = model()
        with traced(built, items(0), 8) as trained:
            assert (trained.model is built) == (seed == 0)
            assert trained.network is trained.network


@pytest.mark.parametrize(
    "other",
    [
        lambda: (model(units=9), items(0), 8),
        lambda: (model("uncertainty"), items(0), 8),
        lambda: (
            model(losses={task: keras.losses.SparseCategoricalCrossentropy(ignore_class=2) for task in TASKS}),
            items(0),
            8,
        ),
        lambda: (model(), items(0), 12),
        lambda: (model(), items(0, n=16), 8),
    ],
    ids=["layers", "weighting", "loss", "batch size", "steps"],
)
def test_networks_that_differ_in_more_do_not(other):
    seed_everything(0)
    with traced(model(), items(0), 8):
        pass
    seed_everything(0)
    built, train_items, batch_size = other()
    with traced(built, train_items, batch_size) as trained:
        assert trained.model is built


def test_a_model_whose_training_failed_is_not_kept(kept):
    with pytest.raises(ZeroDivisionError), traced(model(), items(0), 8):
        raise ZeroDivisionError
    assert not kept


class Undescribed(keras.losses.Loss):
    """A loss whose config lacks its parameter, so that two different ones look the same."""

    def __init__(self, factor: float):
        super().__init__()
        self.factor = factor

    def call(self, y_true, y_pred):
        return self.factor * keras.losses.sparse_categorical_crossentropy(y_true, y_pred)


def test_models_that_are_large_or_not_described_are_not_kept(kept, monkeypatch):
    with traced(model(losses={task: Undescribed(2.0) for task in TASKS}), items(0), 8):
        pass
    monkeypatch.setattr(reuse, "SMALL_NETWORK", 10)
    with traced(model(), items(0), 8) as trained:
        pass
    assert not kept
    assert trained.model.get_layer("emotion").kernel.value.numpy().size == 0  # released


def test_the_oldest_model_is_released_if_there_are_too_many(kept, monkeypatch):
    monkeypatch.setattr(reuse, "MOST_KEPT", 2)
    for units in (7, 8, 9):
        with traced(model(units=units), items(0), 8):
            pass
    assert [trained.model.get_layer("emotion").kernel.shape[0] for trained in kept.values()] == [8, 9]


def test_the_parameters_of_our_losses_are_described():
    assert reuse._is_described(CCCLoss())
