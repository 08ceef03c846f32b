import json

import keras
import numpy as np
import pytest
import soundfile
import tensorflow as tf

from kerasemo.errors import BrokenClip, InputError
from kerasemo.export import ServedModel, export, export_model
from kerasemo.features import Frames, Mfcc
from kerasemo.features.network_input import NetworkInput
from kerasemo.losses import LogitMatching
from kerasemo.models import crossmodal
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
