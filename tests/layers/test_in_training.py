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


def turned() -> keras.layers.Layer:
    return keras.layers.RandomRotation((0.1, 0.2), seed=0)


def test_acts_in_training_only():
    model = network(InTraining(turned()))
    np.testing.assert_array_equal(model(IMAGES, training=True), network(turned())(IMAGES, training=True))
    for outputs in (model(IMAGES), model(IMAGES, training=False), model.predict(IMAGES, verbose=0)):
        np.testing.assert_array_equal(outputs, IMAGES)


# Once this fails for the bare layer, Keras' own layers will do and `InTraining` can go.
@pytest.mark.parametrize(("layer", "acts"), [(InTraining(turned()), False), (turned(), True)])
def test_an_exported_network_leaves_its_input_alone_as_bare_layers_do_not(tmp_path, layer, acts):
    network(layer).export(tmp_path / "served", verbose=False)
    reloaded = tf.saved_model.load(str(tmp_path / "served"))
    assert np.any(reloaded.serve(IMAGES) != IMAGES) == acts


def test_the_state_of_the_random_numbers_is_the_models():
    model = network(InTraining(turned()))
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
