import json

import keras
import numpy as np
import pytest
import soundfile
import tensorflow as tf

from kerasemo.errors import BrokenClip, InputError
from kerasemo.export import FORMATS, ServedModel, export, export_model
from kerasemo.export.convert import convert
from kerasemo.features import Frames, Mfcc
from kerasemo.features.network_input import NetworkInput
from kerasemo.layers import LocalResponseNormalization, LogMel
from kerasemo.losses import LogitMatching
from kerasemo.models import crossmodal, end_to_end, lstm_regressor, on_features
from kerasemo.models.from_waveform import from_waveform
from kerasemo.training.joint_model import JointModel
from kerasemo.weighting import Static

CLASSES = ["calm", "happy", "sad"]
INPUTS = {"audio": NetworkInput(Mfcc(resampler="soxr_hq")), "image": NetworkInput(Frames(height=16, width=16))}


def trained(network: keras.Model) -> JointModel:
    loss = keras.losses.SparseCategoricalCrossentropy()
    model = JointModel(network.input, network.output, losses={"emotion": loss}, weighting=Static({"emotion": 1.0}))
    model.compile("sgd")
    return model


def description(inputs: dict) -> dict:
    return {
        "model": "test",
        "inputs": {name: network_input.get_config() for name, network_input in inputs.items()},
        "decision": "emotion",
        "classes": CLASSES,
    }


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A run folder with one trained cross-modal model, and its SavedModel."""
    keras.utils.set_random_seed(1)
    folder = tmp_path_factory.mktemp("run")
    model = trained(crossmodal.architecture_4(3, image_shape=(16, 32, 3)))
    audio = np.random.default_rng(0).normal(-5, 20, (50, 40))
    model.get_layer("audio_standardised").adapt(audio)
    (folder / "checkpoints").mkdir()
    model.save(folder / "checkpoints" / "joint.paper.keras")
    (folder / "checkpoints" / "joint.paper.json").write_text(json.dumps(description(INPUTS)))
    export_model(folder, "joint.paper", folder / "saved")
    return folder, model


def test_a_model_with_a_custom_loss_is_exported(tmp_path):
    network = crossmodal.distilled_probes(3, image_shape=(16, 32, 3))
    losses = {"emotion": keras.losses.SparseCategoricalCrossentropy(), "audio_probe_logits": LogitMatching()}
    model = JointModel(network.input, network.output, losses=losses, weighting=Static(dict.fromkeys(losses, 1.0)))
    model.save(tmp_path / "distilled.keras")
    export(tmp_path / "distilled.keras", description(INPUTS), tmp_path / "saved")
    assert ServedModel(tmp_path / "saved").description["classes"] == CLASSES


@pytest.mark.parametrize("batch_size", [1, 2, 17])
def test_reloaded_network_equals_predict_for_any_batch_size(exported, batch_size):
    folder, model = exported
    generator = np.random.default_rng(batch_size)
    batch = {
        "audio": generator.normal(-5, 20, (batch_size, 40)).astype("float32"),
        "image": generator.uniform(0, 255, (batch_size, 16, 32, 3)).astype("float32"),
    }
    served = tf.saved_model.load(str(folder / "saved"))
    outputs, expected = served.serve(batch), model.predict(batch, verbose=0)
    assert set(outputs) == {"emotion", "audio_probe", "image_probe"}
    for name, values in expected.items():
        np.testing.assert_allclose(outputs[name], values, atol=1e-6, rtol=0)


def test_serving_signature_has_named_tensors(exported):
    folder, _ = exported
    signature = tf.saved_model.load(str(folder / "saved")).signatures["serving_default"]
    assert set(signature.structured_input_signature[1]) == {"audio", "image"}
    assert set(signature.structured_outputs) == {"emotion", "audio_probe", "image_probe"}


def test_variables_of_the_weighting_are_not_exported(exported):
    folder, model = exported
    served = tf.saved_model.load(str(folder / "saved"))
    assert len(served.variables) == len(model.network().variables)


def test_prediction_for_a_video_equals_the_prediction_for_its_features(exported, write_mp4):
    folder, model = exported
    path = write_mp4(seconds=1.2, size=(64, 48))
    images, audio = INPUTS["image"].read(path), INPUTS["audio"].read(path)
    outputs = model.predict({"image": images, "audio": np.repeat(audio, len(images), axis=0)}, verbose=0)
    prediction = ServedModel(folder / "saved").predict(path)
    assert len(images) == 3 and list(prediction.index) == CLASSES
    np.testing.assert_allclose(prediction, outputs["emotion"].mean(axis=0), atol=1e-6)


def test_sound_alone_is_an_error_if_the_network_needs_video(exported, tmp_path):
    soundfile.write(tmp_path / "a.wav", np.zeros(8000), 8000)
    with pytest.raises(BrokenClip, match=r"a\.wav"):
        ServedModel(exported[0] / "saved").predict(tmp_path / "a.wav")


def test_an_export_only_replaces_a_saved_model(exported, tmp_path):
    folder, _ = exported
    keras_file = folder / "checkpoints" / "joint.paper.keras"
    (tmp_path / "precious.txt").touch()
    with pytest.raises(InputError, match="contains something that is not a SavedModel"):
        export(keras_file, description(INPUTS), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["precious.txt"]
    export(keras_file, {**description(INPUTS), "model": "again"}, folder / "saved")
    assert ServedModel(folder / "saved").description["model"] == "again"


def test_a_failed_export_writes_nothing(tmp_path):
    broken = tmp_path / "broken.keras"
    broken.write_bytes(b"no model")
    with pytest.raises(InputError, match=r"broken\.keras could not be exported"):
        export(broken, description(INPUTS), tmp_path / "saved")
    assert [path.name for path in tmp_path.iterdir()] == ["broken.keras"]


def test_unknown_models_and_folders_are_an_error(exported, tmp_path):
    with pytest.raises(InputError, match=r"has no trained model nothing; it has: joint\.paper"):
        export_model(exported[0], "nothing", tmp_path / "out")
    with pytest.raises(InputError, match="is no SavedModel"):
        ServedModel(tmp_path)
    (tmp_path / "saved_model.pb").touch()
    with pytest.raises(InputError, match="does not say how its inputs are computed"):
        ServedModel(tmp_path)
    (tmp_path / "assets.extra").mkdir()
    for content in ("[]", "{}", json.dumps({**description(INPUTS), "inputs": 1})):
        (tmp_path / "assets.extra" / "kerasemo.json").write_text(content)
        with pytest.raises(InputError, match="does not say how its inputs are computed"):
            ServedModel(tmp_path)
    (tmp_path / "assets.extra" / "kerasemo.json").write_text(json.dumps(description(INPUTS)))
    (tmp_path / "saved_model.pb").write_bytes(b"no model")
    with pytest.raises(InputError, match="is a damaged SavedModel"):
        ServedModel(tmp_path)


def test_an_interrupted_export_keeps_the_previous_one(exported, monkeypatch):
    folder, _ = exported
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}

    def interrupted(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("subprocess.run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        export_model(folder, "joint.paper", folder / "saved")
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path != folder} == before


def network_of(kind: str) -> keras.Model:
    """A small network of each kind that needs care: recurrent, raw sound by FFT, spectrograms, batch of any length."""
    tasks = {"emotion": 3, "valence": 1}
    return {
        "dense": lambda: on_features.dense({"functionals": (5,)}, tasks, units=[4]),
        "lstm": lambda: on_features.lstm({"frames": (7, 5)}, tasks, units=[4]),
        "any length": lambda: lstm_regressor.lstm_regressor({"frames": 5}, units=(4, 3)),
        "raw sound": lambda: end_to_end.end_to_end({"emotion": 3}, ("audio",), units=(4,)),
        "spectrogram": spectrogram_network,
    }[kind]()


def spectrogram_network() -> keras.Model:
    inputs = keras.Input((20, 64, 1), name="spectrogram")
    x = LocalResponseNormalization()(keras.layers.Conv2D(8, 3)(keras.layers.Normalization(axis=2)(inputs)))
    outputs = keras.layers.Dense(3, "softmax", name="emotion")(keras.layers.GlobalAveragePooling2D()(x))
    return from_waveform(keras.Model({"spectrogram": inputs}, {"emotion": outputs}), 3200, LogMel())


@pytest.mark.parametrize(
    "kind", ["dense", "lstm", "any length", pytest.param("raw sound", marks=pytest.mark.slow), "spectrogram"]
)
@pytest.mark.parametrize("format", ["onnx", "litert"])
def test_other_formats_give_the_outputs_of_the_network(format, kind, tmp_path):
    keras.utils.set_random_seed(2)
    network = network_of(kind)
    for layer in network._flatten_layers():
        if isinstance(layer, keras.layers.Normalization):
            layer.adapt(np.random.default_rng(1).normal(2, 3, [9, *(n or 6 for n in layer.input.shape[1:])]))
    network.save(tmp_path / "network.keras")
    export(tmp_path / "network.keras", description({}), tmp_path / "out", format)
    exported = FORMATS[format]
    written = json.loads((tmp_path / "out" / "kerasemo.json").read_text())
    assert written["classes"] == CLASSES and written["largest_difference"] < 1e-4
    batch = {}
    for name, entry in written["network_inputs"].items():
        shape = [n or 13 for n in entry["shape"]]
        if exported.batch_size is None:
            assert entry["shape"][0] is None
            shape[0] = 3
        values = np.random.default_rng(4).normal(size=shape)
        batch[name] = np.full(shape, 11, "int32") if entry["type"] == "int32" else values.astype("float32")
    served, expected = exported.load(tmp_path / "out")(batch), network.predict(batch, verbose=0)
    assert served.keys() == expected.keys() == written["network_outputs"].keys()
    for name, values in expected.items():
        np.testing.assert_allclose(served[name], values, atol=1e-5)


@pytest.mark.parametrize("format", ["onnx", "litert"])
def test_a_network_that_does_not_convert_is_an_error_that_leaves_nothing(format, tmp_path):
    x = keras.Input((8,), name="x")
    real, _ = keras.ops.fft((x, x))
    keras.Model({"x": x}, {"emotion": real}).save(tmp_path / "fft.keras")
    with pytest.raises(InputError, match=r"fft\.keras could not be exported: this network does not convert to a"):
        export(tmp_path / "fft.keras", description({}), tmp_path / "out", format)
    assert [path.name for path in tmp_path.iterdir()] == ["fft.keras"]


@pytest.mark.parametrize("format", FORMATS)
def test_a_network_with_other_results_is_refused(format, tmp_path, monkeypatch):
    network = network_of("dense")
    network.save(tmp_path / "network.keras")
    loaded = FORMATS[format].load
    shifted = {"emotion": lambda values: values + 0.01, "valence": lambda values: values}

    def load(folder):
        served = loaded(folder)
        return lambda batch: {name: shifted[name](values) for name, values in served(batch).items()}

    monkeypatch.setattr(FORMATS[format], "load", load)
    with pytest.raises(InputError, match=r"emotion of the reloaded network differs from the trained one by 1\.0e-02"):
        convert(tmp_path / "network.keras", format, tmp_path / "out")


def test_a_missing_package_is_named_with_its_extra(tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"an ONNX model needs tf2onnx and onnxruntime; .* kerasemo\[onnx-export\]"):
        export(tmp_path / "network.keras", description({}), tmp_path / "out", "onnx")


def test_another_format_is_not_replaced(exported, tmp_path):
    (tmp_path / "network.onnx").touch()
    with pytest.raises(InputError, match="contains something that is not a LiteRT model"):
        export(exported[0] / "checkpoints" / "joint.paper.keras", description(INPUTS), tmp_path, "litert")
