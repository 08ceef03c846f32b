"""Recordings of different lengths are padded, used for training, predicted, written and read."""

import json
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest

from kerasemo.corpora import avec2019_files
from kerasemo.corpora.avec2019 import TARGETS
from kerasemo.errors import InputError
from kerasemo.losses import CCCLoss
from kerasemo.metrics import CCC
from kerasemo.models.lstm_regressor import lstm_regressor
from kerasemo.training.fit import adapt, fit
from kerasemo.training.items import Items
from kerasemo.training.joint_model import JointModel
from kerasemo.training.run import Run
from kerasemo.training.sequences import predict, sequence_items, shift_to_back, shift_to_front
from kerasemo.training.train import train
from kerasemo.weighting import Static

LENGTHS = {"Devel_DE_01": 30, "Devel_DE_02": 47, "Devel_HU_01": 38}
WIDTHS = {"egemaps": 5, "faus": 3}


def corpus(scale: float = 1.0) -> tuple[dict, dict]:
    """Return features that contain smooth traces, and the traces, both scaled."""
    generator = np.random.default_rng(0)
    traces = {name: np.cumsum(generator.normal(0, 0.03, (n, 3)), axis=0) for name, n in LENGTHS.items()}
    mixing = {name: generator.normal(size=(3, width)) for name, width in WIDTHS.items()}
    features = {
        name: {recording: scale * (trace @ mixing[name] + 7) for recording, trace in traces.items()} for name in WIDTHS
    }
    return features, traces


def regressor(weights: dict | None = None, units=(8, 4), dropout: float = 0.4) -> JointModel:
    keras.utils.set_random_seed(0)
    network = lstm_regressor(WIDTHS, units=units, dropout=dropout, head_initializer="zeros")
    weighting = Static(weights or {"arousal": 0.7, "valence": 0.2, "liking": 1.0})
    model = JointModel(
        network.input, network.output, losses={target: CCCLoss() for target in TARGETS}, weighting=weighting
    )
    model.compile(keras.optimizers.RMSprop(5e-3), weighted_metrics={target: [CCC()] for target in TARGETS})
    return model


def padded(items: Items, frames: int) -> Items:
    """Return the same items with more padding, which is not zero."""

    def pad(array: np.ndarray) -> np.ndarray:
        return np.pad(array, [(0, 0), (0, frames), *[(0, 0)] * (array.ndim - 2)], constant_values=5)

    arrays = [{name: pad(array[:]) for name, array in named.items()} for named in (items.inputs, items.targets)]
    return Items(*arrays, items.index, np.pad(items.mask, [(0, 0), (0, frames)]))


@pytest.mark.parametrize("shift", [0, 1, 5])
def test_shift_to_back_is_the_inverse_of_shift_to_front(shift):
    trace = np.random.default_rng(0).normal(size=(12, 3))
    restored = shift_to_back(shift_to_front(trace, shift), shift)
    assert restored.shape == trace.shape
    np.testing.assert_array_equal(restored[shift:], trace[shift:])


def test_items_contain_shifted_labels_within_the_mask():
    features, traces = corpus()
    items = sequence_items(features, traces, shift=2)
    assert items.mask.sum(axis=1).tolist() == [length - 2 for length in LENGTHS.values()]
    assert items.index["clip"].tolist() == list(LENGTHS) and items.mask.shape == (3, 47)
    for i, (recording, trace) in enumerate(traces.items()):
        valid = items.mask[i]
        for column, target in enumerate(TARGETS):
            np.testing.assert_array_equal(items.targets[target][i, valid, 0], trace[2:, column].astype("float32"))
        for name, array in items.inputs.items():
            np.testing.assert_array_equal(array[i][: len(trace)], features[name][recording].astype("float32"))
            assert not np.any(array[i][len(trace) :])


def test_features_may_differ_from_the_labels_by_a_few_frames():
    features, traces = corpus()
    longer = np.concatenate([features["faus"]["Devel_DE_01"], np.ones((4, 3))])
    exact = sequence_items(features, traces)
    features["faus"]["Devel_DE_01"] = longer
    np.testing.assert_array_equal(sequence_items(features, traces).inputs["faus"][:], exact.inputs["faus"][:])
    features["faus"]["Devel_DE_01"] = longer[:20]
    inputs = sequence_items(features, traces).inputs["faus"][:]
    np.testing.assert_array_equal(inputs[0, 19], longer[19].astype("float32"))
    assert not inputs[0, 20:30].any(), "zeros follow, as in the loader of AVEC 2019"


def test_memory_maps_are_read_batch_by_batch_with_the_values_of_arrays(tmp_path):
    features, traces = corpus()
    mapped = {}
    for name, recordings in features.items():
        for recording, array in recordings.items():
            np.save(tmp_path / f"{name}.{recording}.npy", array.astype(np.float32))
        mapped[name] = {each: np.load(tmp_path / f"{name}.{each}.npy", mmap_mode="r") for each in recordings}
    items = sequence_items(mapped, traces)
    arrays = {name: array[:] for name, array in sequence_items(features, traces).inputs.items()}
    in_memory = Items(arrays, items.targets, items.index, items.mask)
    for name, array in items.inputs.items():
        assert all(
            np.shares_memory(part, mapped[name][each]) for each, part in zip(traces, array.recordings, strict=True)
        )
        np.testing.assert_array_equal(array[np.array([2, 0])], arrays[name][[2, 0]])
        np.testing.assert_array_equal(array[-1], arrays[name][-1])
        np.testing.assert_array_equal(list(array), arrays[name])
    for stream, expected in ((items.once(), in_memory.once()), (items.epochs(2, 0).take(4), in_memory.epochs(2, 0))):
        for batch, other in zip(stream, expected, strict=False):
            for one, two in zip(keras.tree.flatten(batch), keras.tree.flatten(other), strict=True):
                np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda features, traces: features["faus"].pop("Devel_DE_02"), "feature set faus has no Devel_DE_02"),
        (lambda features, traces: traces.update(Devel_DE_01=np.zeros((1, 3))), "Devel_DE_01 has 1 frames, too few"),
        (lambda features, traces: traces.clear(), "no recordings"),
    ],
)
def test_mismatched_recordings_are_an_error(damage, message):
    features, traces = corpus()
    damage(features, traces)
    with pytest.raises(InputError, match=message):
        sequence_items(features, traces)


def test_standardisation_uses_only_valid_frames():
    items = sequence_items(*corpus(scale=1000))
    inputs = {name: array[:] for name, array in items.inputs.items()}
    inputs["faus"][:, :, 1] = 1000.1  # constant, padding included
    model = regressor()
    adapt(model, inputs, items.mask)
    for name in WIDTHS:
        standardised = np.array(model.get_layer(f"{name}_standardised")(inputs[name]))[items.mask]
        np.testing.assert_allclose(standardised.mean(axis=0), 0, atol=1e-3)
        spread = [1, 0, 1] if name == "faus" else 1
        np.testing.assert_allclose(standardised.std(axis=0), spread, atol=1e-4)
    moved = np.array(model.get_layer("faus_standardised")(inputs["faus"] + 1))
    assert np.abs(moved[..., 1] - 1).max() < 1e-3


@pytest.mark.slow
def test_history_has_the_ccc_of_whole_partitions_without_padding(tmp_path):
    items = sequence_items(*corpus())
    arguments = {"epochs": 2, "batch_size": 2, "seed": 0}
    model, other = regressor(dropout=0.0), regressor(dropout=0.0)
    history = fit(model, items, items, checkpoint=tmp_path / "a.npz", **arguments)
    more = padded(items, 20)
    other_history = fit(other, more, more, checkpoint=tmp_path / "b.npz", **arguments)
    # The tolerance is for float32 gradients of arrays of different shapes.
    pd.testing.assert_frame_equal(history, other_history, rtol=1e-4, atol=1e-5)
    outputs = model.predict({name: array[:] for name, array in items.inputs.items()}, verbose=0)
    for target in TARGETS:
        expected = 1 - float(CCCLoss()(items.targets[target], outputs[target], items.mask))
        assert history[f"val_{target}_ccc"].iloc[-1] == pytest.approx(expected, abs=1e-6)
        assert history[f"val_{target}_loss"].iloc[-1] == pytest.approx(1 - expected, abs=1e-6)


@pytest.mark.slow
def test_resumed_training_equals_uninterrupted_training(tmp_path):
    items = sequence_items(*corpus())
    arguments = {"batch_size": 2, "seed": 0}
    uninterrupted, stopped = regressor(), regressor()
    expected = fit(uninterrupted, items, items, epochs=3, checkpoint=tmp_path / "uninterrupted.npz", **arguments)
    fit(stopped, items, items, epochs=1, checkpoint=tmp_path / "state.npz", **arguments)
    resumed = regressor()
    history = fit(resumed, items, items, epochs=3, checkpoint=tmp_path / "state.npz", **arguments)
    pd.testing.assert_frame_equal(history, expected, check_exact=True)
    for a, b in zip(resumed.get_weights(), uninterrupted.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_single_task_does_not_change_the_other_heads(tmp_path):
    items = sequence_items(*corpus())
    model = regressor({"arousal": 1.0, "valence": 0.0, "liking": 0.0})
    before = model.get_layer("valence").get_weights()[0]
    history = fit(model, items, None, epochs=2, batch_size=3, seed=0, checkpoint=tmp_path / "state.npz")
    np.testing.assert_array_equal(model.get_layer("valence").get_weights()[0], before)
    assert history["loss"].tolist() == history["arousal_loss"].tolist()


def test_training_learns_traces_that_the_features_contain(tmp_path):
    features, traces = corpus()
    items = sequence_items(features, traces)
    model = regressor(units=(16,), dropout=0.0)
    history = fit(model, items, items, epochs=15, batch_size=1, seed=0, checkpoint=tmp_path / "state.npz")
    assert all(history[f"val_{target}_ccc"].iloc[-1] > 0.8 for target in TARGETS)


def test_train_writes_the_files_and_predictions_of_a_regressor(tmp_path):
    features, traces = corpus()
    items = sequence_items(features, traces)
    run = Run.create(tmp_path, "atmaja2020", {"notes": [], "corpus": "synthetic"})
    model = regressor()

    def write_predictions(model: keras.Model) -> None:
        avec2019_files.write_predictions(run.file("predictions", "faus.mtl2", "devel"), predict(model, items))

    train(
        run,
        "faus.mtl2",
        model,
        {"train": items, "validation": items},
        write_predictions=write_predictions,
        description={"shift_frames": 1},
        epochs=1,
        batch_size=3,
        seed=0,
    )
    assert run.has_trained("faus.mtl2")
    assert list(pd.read_csv(run.path / "history" / "faus.mtl2.csv")["epoch"]) == [1]
    described = json.loads((run.path / "checkpoints" / "faus.mtl2.json").read_text())
    assert described == {"model": "faus.mtl2", "corpus": "synthetic", "shift_frames": 1}
    revived = keras.saving.load_model(run.path / "checkpoints" / "faus.mtl2.keras")
    _written_as_predicted(run.path / "predictions" / "faus.mtl2" / "devel", predict(revived, items))


def _written_as_predicted(folder: Path, predicted: dict) -> None:
    written = avec2019_files.read_traces(folder)
    assert list(written) == list(predicted) == list(LENGTHS)
    for recording, trace in predicted.items():
        assert len(trace) == LENGTHS[recording]
        np.testing.assert_allclose(written[recording][: len(trace)], trace, atol=5e-7)
        np.testing.assert_array_equal(trace[0], trace[1])  # shifted back by a frame
