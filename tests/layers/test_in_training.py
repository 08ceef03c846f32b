import keras
import numpy as np
import pytest
import tensorflow as tf
from keras.src.testing import TestCase

from kerasemo.layers import InTraining

IMAGES = np.random.default_rng(0).uniform(0, 255, (3, 6, 6, 1)).astype("float32")


def network(layer) -> keras.Model:
    images = keras.Input(IMAGES.shape[1:], name="images")
    return keras.Model(images, layer(images))


def rotation() -> keras.layers.Layer:
    return keras.layers.RandomRotation((0.1, 0.2), seed=0)


def test_layer_is_active_only_in_training():
    model = network(InTraining(rotation()))
    np.testing.assert_array_equal(model(IMAGES, training=True), network(rotation())(IMAGES, training=True))
    for outputs in (model(IMAGES), model(IMAGES, training=False), model.predict(IMAGES, verbose=0)):
        np.testing.assert_array_equal(outputs, IMAGES)


# When this test fails for the unwrapped layer, Keras has fixed its layers, and `InTraining` can be removed.
@pytest.mark.parametrize(("layer", "changes_inputs"), [(InTraining(rotation()), False), (rotation(), True)])
def test_only_the_wrapped_layer_is_inactive_in_an_exported_network(tmp_path, layer, changes_inputs):
    network(layer).export(tmp_path / "served", verbose=False)
    reloaded = tf.saved_model.load(str(tmp_path / "served"))
    assert np.any(reloaded.serve(IMAGES) != IMAGES) == changes_inputs


def test_random_state_is_a_variable_of_the_model():
    model = network(InTraining(rotation()))
    (state,) = (np.array(variable) for variable in model.variables)
    model(IMAGES, training=True)
    assert np.any(np.array(model.variables[0]) != state)


def test_harness_of_keras():
    case = TestCase()
    case.setUp()
    case.run_layer_test(
        InTraining,
        init_kwargs={"layer": keras.layers.Rescaling(2.0)},
        input_shape=(2, 4, 4, 1),
        expected_output_shape=(2, 4, 4, 1),
    )
