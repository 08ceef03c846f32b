import pickle

import keras
import numpy as np
import pandas as pd
import pytest

from kerasemo.features import Waveform
from kerasemo.features.network_input import NetworkInput
from kerasemo.training.fit import fit
from kerasemo.training.joint_model import JointModel
from kerasemo.training.missing import UNKNOWN
from kerasemo.training.segments import Segments
from kerasemo.weighting import Uncertainty

MADE = NetworkInput(Waveform(), segment_length=4, segment_hop=2)
LENGTHS = (7, 3, 4)
LABELS = {"emotion": np.array([1, 0, 2]), "gender": np.array([UNKNOWN, 1, 0])}


@pytest.fixture
def segments(tmp_path):
    """Segments of clips; the samples of clip k are 10 k, 10 k + 1, ...; the gender of the first clip is unknown."""
    files = [tmp_path / f"{number}.npy" for number in range(len(LENGTHS))]
    for number, (file, n) in enumerate(zip(files, LENGTHS, strict=True)):
        np.save(file, np.arange(10 * number, 10 * number + n, dtype="float32"))
    index = pd.DataFrame({"clip": ["a", "b", "c"], "speaker": ["x", "y", "x"]})
    return Segments.of_clips({"waveform": MADE}, {"waveform": files}, LABELS, index)


def test_every_segment_of_every_clip_is_an_item(segments):
    expected = [[0, 1, 2, 3], [2, 3, 4, 5], [3, 4, 5, 6], [10, 11, 12, 10], [20, 21, 22, 23]]
    (batch,) = segments.once()
    np.testing.assert_array_equal(batch[0]["waveform"], expected)
    assert segments.index["clip"].tolist() == ["a", "a", "a", "b", "c"]
    np.testing.assert_array_equal(segments.targets["emotion"], [1, 1, 1, 0, 2])


def test_an_unknown_label_has_the_weight_0(segments):
    ((_, targets, weights),) = segments.once()
    np.testing.assert_array_equal(weights["emotion"], np.ones(5))
    np.testing.assert_array_equal(weights["gender"], [0, 0, 0, 2.5, 2.5])
    assert targets["gender"].numpy().min() >= 0  # a negative class would make the loss NaN, whatever its weight
    x, y, first = segments.first()
    assert x["waveform"].shape == (1, 4) and y["emotion"].tolist() == [1] and first["gender"].tolist() == [0]


def test_the_order_depends_on_seed_and_epoch(segments):
    def epoch(number, seed=0):
        batches = segments.epochs(batch_size=2, seed=seed, first_epoch=number).take(3)
        return np.concatenate([x["waveform"] for x, _, _ in batches])[:, 0]

    np.testing.assert_array_equal(epoch(1), epoch(1))
    assert sorted(epoch(0)) == sorted(epoch(1)) == [0, 2, 3, 10, 20]
    assert len({tuple(epoch(number)) for number in range(4)}) > 1


def test_rows_can_be_selected_and_pickled(segments):
    copy = pickle.loads(pickle.dumps(segments.rows(np.array([4, 1]))))
    np.testing.assert_array_equal(copy.batch(np.arange(2)), [[20, 21, 22, 23], [2, 3, 4, 5]])
    assert copy.index["clip"].tolist() == ["c", "a"] and copy.targets["gender"].tolist() == [0, UNKNOWN]


def test_a_segment_with_an_unknown_label_trains_only_the_other_task(segments, tmp_path):
    only_unknown = segments.rows(np.arange(3))
    waveform = keras.Input((4,), name="waveform")
    shared = keras.layers.Dense(3, activation="tanh")(waveform)
    outputs = {task: keras.layers.Dense(3, activation="softmax", name=task)(shared) for task in LABELS}
    losses = {task: keras.losses.SparseCategoricalCrossentropy() for task in LABELS}
    model = JointModel({"waveform": waveform}, outputs, losses=losses, weighting=Uncertainty(list(LABELS)))
    model.compile("sgd", weighted_metrics={task: ["accuracy"] for task in LABELS})
    before = {task: model.get_layer(task).get_weights()[0] for task in LABELS}
    options = {"epochs": 2, "batch_size": 2, "seed": 0, "checkpoint": tmp_path / "state.npz"}
    history = fit(model, only_unknown, None, **options)
    assert np.isfinite(history).all(axis=None) and (history["gender_loss"] == 0).all()
    np.testing.assert_array_equal(model.get_layer("gender").get_weights()[0], before["gender"])
    assert not np.array_equal(model.get_layer("emotion").get_weights()[0], before["emotion"])


def test_unknown_labels_change_neither_the_mean_loss_nor_the_gradient_of_its_weight(segments):
    """The network is not trained; two of five batches of one segment have a gender."""
    waveform = keras.Input((4,), name="waveform")
    outputs = {
        task: keras.layers.Dense(3, activation="softmax", kernel_initializer="glorot_uniform", name=task)(waveform / 20)
        for task in LABELS
    }
    losses = {task: keras.losses.SparseCategoricalCrossentropy() for task in LABELS}
    rate = 1e-4
    model = JointModel(
        {"waveform": waveform},
        outputs,
        losses=losses,
        weighting=Uncertainty(list(LABELS)),
        weighting_optimizer=keras.optimizers.SGD(rate),
    )
    model.compile(keras.optimizers.SGD(0.0), weighted_metrics={task: ["accuracy"] for task in LABELS})
    batches = segments.once().unbatch().batch(1)
    history = model.fit(batches, verbose=0).history
    ((x, y, _),) = segments.once()
    probabilities = model.predict(x, verbose=0)
    for number, task in enumerate(LABELS):
        known = segments.targets[task] != UNKNOWN
        true_class = probabilities[task][np.arange(len(segments)), y[task].numpy()]
        mean = -np.log(true_class[known]).mean()
        assert history[f"{task}_loss"] == [pytest.approx(mean, rel=1e-4)]
        moved = float(model.weighting.log_variances.value[number])
        assert moved == pytest.approx(rate * len(segments) * (mean - 0.5), rel=0.01)
