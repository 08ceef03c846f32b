"""Tests of networks that predict classes and numbers together, and of labels that some items lack."""

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from kerasemo.corpora import iemocap
from kerasemo.corpora.synthetic import SyntheticIemocap
from kerasemo.evaluation.scores import ccc
from kerasemo.experiment import Training
from kerasemo.experiment.cells import joint_model
from kerasemo.features import Mfcc
from kerasemo.features.network_input import NetworkInput
from kerasemo.training.fit import fit
from kerasemo.training.items import Items, read_items
from kerasemo.training.missing import UNKNOWN
from kerasemo.training.reproducible import seed_everything

LOSSES = pytest.mark.parametrize("number_loss", ["ccc", "mse"])
WIDTHS = {"emotion": 3, "valence": 1}


def items(n: int = 40, unknown: bool = True) -> Items:
    """Items of two tasks; half of them have no valence, and every fifth has no emotion."""
    generator = np.random.default_rng(0)
    x = generator.normal(size=(n, 4)).astype("float32")
    targets = {"emotion": generator.integers(0, 3, n), "valence": 3 + x[:, 0] + generator.normal(0, 0.1, n)}
    if unknown:
        targets["emotion"][::5], targets["valence"][::2] = UNKNOWN, np.nan
    return Items({"x": x}, targets, pd.DataFrame({"clip": np.arange(n).astype(str), "speaker": "s"}))


def selected(every: Items, tasks: list[str], rows: np.ndarray) -> Items:
    inputs, targets = {"x": every.inputs["x"][rows]}, {task: every.targets[task][rows] for task in tasks}
    return Items(inputs, targets, every.index.iloc[rows])


def network(widths: dict[str, int], n_inputs: int = 4) -> keras.Model:
    x = keras.Input((n_inputs,), name="x")
    shared = keras.layers.Dense(16, activation="tanh")(keras.layers.Normalization()(x) if n_inputs > 4 else x)
    heads = {
        task: keras.layers.Dense(width, activation="softmax" if width > 1 else None, name=task)(shared)
        for task, width in widths.items()
    }
    return keras.Model({"x": x}, heads)


def model_of(train: Items, widths=WIDTHS, rate=0.1, optimizer=keras.optimizers.SGD, n_inputs=4, **settings):
    seed_everything(0)
    training = Training.of_tasks(network(widths, n_inputs), optimizer(rate), {"train": train}, 8, **settings)
    return joint_model(training, "net")


def trainable_values(model: keras.Model) -> list[np.ndarray]:
    return [np.array(variable) for variable in model.trainable_variables]


@pytest.mark.parametrize(("number_loss", "weighting"), [("ccc", "liebel_korner"), ("mse", "uncertainty")])
def test_the_value_of_a_masked_label_has_no_influence(number_loss, weighting):
    def trained(value: float) -> list[np.ndarray]:
        model = model_of(items(), number_loss=number_loss, weighting=weighting)

        def with_value(x, y, weights):
            filled = {task: tf.where(weights[task] > 0, y[task], tf.cast(value, y[task].dtype)) for task in y}
            return x, filled, weights

        model.run_eagerly = True  # tracing takes longer than these few steps
        model.fit(items().epochs(8, 0).take(10).map(with_value), verbose=0)
        return trainable_values(model)

    for one, other in zip(trained(0), trained(2), strict=True):
        np.testing.assert_array_equal(one, other)


@LOSSES
@pytest.mark.parametrize("task", WIDTHS)
def test_masked_items_train_a_network_like_items_that_are_left_out(number_loss, task, tmp_path):
    every = items()
    rows = {"emotion": np.flatnonzero(np.arange(40) % 5), "valence": np.arange(1, 40, 2)}[task]
    outcomes = []
    for kept in (np.arange(40), rows):
        train = selected(every, [task], kept)
        model = model_of(train, {task: WIDTHS[task]}, number_loss=number_loss)
        settings = {"epochs": 5, "batch_size": 40, "seed": 0, "checkpoint": tmp_path / f"{len(kept)}.npz"}
        outcomes.append((fit(model, train, train, **settings), trainable_values(model)))
    (with_gaps, weights), (left_out, same_weights) = outcomes
    np.testing.assert_allclose(with_gaps, left_out, rtol=1e-5)
    for one, other in zip(weights, same_weights, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


def test_batches_without_labels_do_not_change_the_mean_of_a_loss():
    """The network is not trained; the first half of the batches has no valence."""
    every = items(unknown=False)
    every.targets["valence"][:20] = np.nan
    model = model_of(every, rate=0.0)
    batches = every.once().unbatch().batch(10)
    history = model.fit(batches, verbose=0).history
    losses = [1 - ccc(every.targets["valence"][i : i + 10], predicted(model, every)[i : i + 10]) for i in (20, 30)]
    assert history["valence_loss"] == [pytest.approx(np.mean(losses), rel=1e-5)]
    expected = ccc(every.targets["valence"][20:], predicted(model, every)[20:])
    assert history["valence_ccc"] == [pytest.approx(expected, rel=1e-5)]


def test_only_squared_errors_have_the_uncertainty_of_regression():
    for number_loss, squared in {"mse": ["valence"], "ccc": []}.items():
        model = model_of(items(), number_loss=number_loss, weighting="uncertainty")
        assert model.weighting.squared == squared


def test_before_training_numbers_have_the_scale_of_the_labels():
    every = items(unknown=False)
    every.targets["valence"][:] = 1000 * every.targets["valence"]
    numbers = predicted(model_of(every), every)
    assert abs(numbers.mean() - 3000) < 1500 and 100 < numbers.std() < 3000


def predicted(model: keras.Model, every: Items) -> np.ndarray:
    return model.predict(dict(every.inputs), verbose=0)["valence"][:, 0]


@pytest.fixture(scope="module")
def voices(tmp_path_factory) -> tuple[pd.DataFrame, np.ndarray]:
    """Clips of synthetic voices, whose ratings depend on their emotion, and their mean MFCCs."""
    root = tmp_path_factory.mktemp("iemocap")
    SyntheticIemocap(sessions=(1, 2, 3), modalities=["audio"], dialogues=2, turns=20).write(root)
    manifest = iemocap.Iemocap(ties="drop").read(root)
    table, arrays, _ = read_items(manifest, root, {"x": NetworkInput(Mfcc(resampler="soxr_hq"))})
    return table, arrays["x"]


@LOSSES
def test_numbers_of_a_synthetic_corpus_are_learnt_beside_classes(voices, number_loss, tmp_path):
    table, x = voices
    targets = {
        "emotion": table["emotion"].map(iemocap.CLASSES.index).to_numpy(),
        "valence": table["activation"].where(np.arange(len(table)) % 4 > 0).to_numpy(),
    }
    every = Items({"x": x}, targets, table)
    held_out = (table["session"] == 3).to_numpy()
    train, test = (selected(every, list(WIDTHS), np.flatnonzero(rows)) for rows in (~held_out, held_out))
    settings = {"optimizer": keras.optimizers.Adam, "n_inputs": x.shape[1], "weighting": "uncertainty"}
    model = model_of(train, WIDTHS | {"emotion": 4}, 0.01, number_loss=number_loss, **settings)
    fit(model, train, None, epochs=15, batch_size=16, seed=0, checkpoint=tmp_path / "state.npz")
    # The ratings of a clip are drawn around the mean of its emotion, which itself would have a CCC of .71.
    assert ccc(table["activation"].to_numpy()[held_out], predicted(model, test)) > 0.5
    accuracy = (model.predict(dict(test.inputs), verbose=0)["emotion"].argmax(axis=1) == test.targets["emotion"]).mean()
    assert accuracy > 0.6
