"""The SavedModel as TensorFlow Serving loads and calls it, without kerasemo."""

import shutil

import numpy as np
import tensorflow as tf

from kerasemo.export import ServedModel

from .conftest import CLASSES


def test_the_signature_of_a_version_folder_gives_the_probabilities(saved_models, tones, tmp_path):
    version = tmp_path / "emotion" / "1"
    shutil.copytree(saved_models["clips"], version)
    loaded = tf.saved_model.load(str(version), tags=["serve"])
    assert set(loaded.signatures) == {"serve", "serving_default"}
    signature = loaded.signatures["serving_default"]
    specs = signature.structured_input_signature[1]
    assert {name: (spec.dtype, spec.shape.as_list()) for name, spec in specs.items()} == {
        "audio": (tf.float32, [None, 40])
    }
    served = ServedModel(saved_models["clips"])
    inputs = served.read(tones)
    outputs = signature(**{name: tf.constant(array) for name, array in inputs.items()})
    assert set(outputs) == {"emotion"} and outputs["emotion"].shape == (1, len(CLASSES))
    np.testing.assert_allclose(outputs["emotion"][0], served.predict(tones), atol=1e-6)
