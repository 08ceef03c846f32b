import keras
import numpy as np
import pytest
import tensorflow as tf
from keras.src.testing import TestCase

from kerasemo.layers.frame_wise import FrameWise


def images(n: int, frames: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(n, frames, 6, 5, 3)).astype("float32")


def convolution() -> keras.Sequential:
    keras.utils.set_random_seed(0)
    return keras.Sequential([keras.Input((6, 5, 3)), keras.layers.Conv2D(2, 3), keras.layers.Flatten()])


def frame_by_frame(layer, sequences: np.ndarray) -> np.ndarray:
    return np.stack([layer(sequences[:, i]) for i in range(sequences.shape[1])], axis=1)


def network_of_any_length(wrapper) -> keras.Model:
    inputs = keras.Input((None, 6, 5, 3), name="images")
    return keras.Model(inputs, wrapper(inputs))


# More frames than clips, equally many, and fewer.
LENGTHS = pytest.mark.parametrize("frames", [7, 3, 1])


@LENGTHS
def test_equals_the_layer_frame_by_frame_for_any_length(frames):
    layer = convolution()
    network, sequences = network_of_any_length(FrameWise(layer)), images(3, frames)
    assert network.output.shape == (None, None, 24)
    np.testing.assert_allclose(network.predict(sequences, verbose=0), frame_by_frame(layer, sequences), atol=1e-5)


def test_one_network_predicts_different_lengths():
    layer = convolution()
    network = network_of_any_length(FrameWise(layer))
    for frames in (2, 9, 4):
        sequences = images(3, frames)
        np.testing.assert_allclose(network.predict(sequences, verbose=0), frame_by_frame(layer, sequences), atol=1e-5)


def test_exported_network_is_correct_for_any_length(tmp_path):
    layer = convolution()
    network_of_any_length(FrameWise(layer)).export(tmp_path, format="tf_saved_model", verbose=False)
    reloaded = tf.saved_model.load(tmp_path)
    for frames in (7, 3, 1):
        sequences = images(3, frames)
        np.testing.assert_allclose(reloaded.serve(sequences), frame_by_frame(layer, sequences), atol=1e-5)


# When this test fails, Keras has fixed its layer, and `FrameWise` can be removed.
def test_time_distributed_is_wrong_if_the_length_is_unknown(tmp_path):
    layer = convolution()
    network_of_any_length(keras.layers.TimeDistributed(layer)).export(tmp_path, format="tf_saved_model", verbose=False)
    reloaded = tf.saved_model.load(tmp_path)
    served, expected = reloaded.serve(images(3, 7)).numpy(), frame_by_frame(layer, images(3, 7))
    assert served.shape != expected.shape or not np.allclose(served, expected, atol=1e-5)


def test_trains_on_batches_of_different_lengths():
    network = network_of_any_length(FrameWise(convolution()))
    network.compile("sgd", "mse")
    before = network.get_weights()
    for frames in (4, 6):
        assert np.isfinite(network.train_on_batch(images(2, frames), np.zeros((2, frames, 24))))
    assert all(np.any(x != y) for x, y in zip(before, network.get_weights(), strict=True))


def test_mask_is_passed_on():
    sequences = np.ones((2, 5, 3), "float32")
    sequences[1, 3:] = 0
    outputs = FrameWise(keras.layers.Dense(4))(keras.layers.Masking()(sequences))
    np.testing.assert_array_equal(outputs._keras_mask, sequences[..., 0] == 1)


@pytest.mark.parametrize("training", [True, False])
def test_the_layer_receives_training(training):
    outputs = FrameWise(keras.layers.Dropout(0.5, seed=0))(np.ones((2, 50, 4), "float32"), training=training)
    assert bool(np.any(np.array(outputs) == 0)) is training


def test_loaded_network_gives_the_same_result(tmp_path):
    network = network_of_any_length(FrameWise(convolution(), name="per_frame"))
    network.save(tmp_path / "network.keras")
    loaded = keras.saving.load_model(tmp_path / "network.keras", safe_mode=True)
    np.testing.assert_array_equal(loaded.predict(images(2, 5), verbose=0), network.predict(images(2, 5), verbose=0))


def test_inputs_without_an_axis_of_frames_are_an_error():
    with pytest.raises(ValueError, match=r"Received: input_shape=\(2, 5\)"):
        FrameWise(keras.layers.Dense(1))(np.ones((2, 5)))


class TestHarness(TestCase):
    def test_layer_harness_of_keras(self):
        self.run_layer_test(
            FrameWise,
            init_kwargs={"layer": keras.layers.Dense(4)},
            input_shape=(2, 5, 3),
            expected_output_shape=(2, 5, 4),
            expected_num_trainable_weights=2,
            expected_num_non_trainable_weights=0,
            supports_masking=True,
            custom_objects={"FrameWise": FrameWise},
        )
