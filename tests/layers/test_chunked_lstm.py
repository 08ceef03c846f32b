import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasemo.layers import ChunkedLSTM

CHUNKED, KERAS = ChunkedLSTM, keras.layers.LSTM


def pair(**arguments) -> tuple[keras.layers.LSTM, keras.layers.LSTM]:
    """Return a `ChunkedLSTM` and an LSTM of Keras with the same weights; the bias is not zero."""
    keras.utils.set_random_seed(0)
    layers = [kind(6, **{"return_sequences": True, **arguments}) for kind in (CHUNKED, KERAS)]
    weights = None
    for layer in layers:
        layer.build((None, None, 3))
        weights = weights or [np.random.default_rng(i).normal(0, 0.5, w.shape) for i, w in enumerate(layer.weights)]
        layer.set_weights(weights[: len(layer.weights)])
    return layers


def features(batch: int = 4, frames: int = 23) -> tf.Tensor:
    return tf.constant(np.random.default_rng(9).normal(size=(batch, frames, 3)).astype("float32"))


def gradients(layer, x) -> list[np.ndarray]:
    @tf.function
    def compute(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x, training=True)
            weights = tf.reshape(tf.cos(tf.cast(tf.range(tf.size(y)), "float32")), tf.shape(y))
            loss = tf.reduce_sum(weights * tf.square(y))
        return tape.gradient(loss, [x, *[weight.value for weight in layer.trainable_weights]])

    return [g.numpy() for g in compute(x)]


@pytest.mark.parametrize("frames", [1, 4, 5, 23])
@pytest.mark.parametrize("return_sequences", [True, False])
def test_values_and_gradients_equal_keras(frames, return_sequences):
    ours, theirs = pair(return_sequences=return_sequences)
    x = features(frames=frames)
    np.testing.assert_allclose(ours(x, training=True), theirs(x), atol=1e-6)
    for a, b in zip(gradients(ours, x), gradients(theirs, x), strict=True):
        np.testing.assert_allclose(a, b, atol=2e-5, rtol=1e-5)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("padding_value", [0.0, 3.0, np.nan])
def test_padding_at_the_end_does_not_change_the_result(padding_value, training):
    ours, _ = pair()
    x = features()
    padded = tf.pad(x, [(0, 0), (0, 14), (0, 0)], constant_values=padding_value)
    np.testing.assert_array_equal(ours(padded, training=training)[:, :23], ours(x, training=training))


@pytest.mark.parametrize(
    "arguments",
    [
        {"go_backwards": True},
        {"use_bias": False},
        {"activation": "relu"},
        {"recurrent_activation": "hard_sigmoid"},
        {"return_state": True},
        {"unroll": True},
    ],
    ids=lambda arguments: next(iter(arguments)),
)
def test_other_arguments_equal_keras(arguments):
    (ours, theirs), x = pair(**arguments), features()
    for a, b in zip(tf.nest.flatten(ours(x, training=True)), tf.nest.flatten(theirs(x)), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_mask_and_initial_state_equal_keras():
    ours, theirs = pair()
    x, mask, state = features(), np.arange(23) % 3 > 0, [np.full((4, 6), 0.3, "float32")] * 2
    mask = tf.constant(np.broadcast_to(mask, (4, 23)))
    np.testing.assert_allclose(ours(x, mask=mask, training=True), theirs(x, mask=mask), atol=1e-6)
    np.testing.assert_allclose(ours(x, initial_state=state, training=True), theirs(x, initial_state=state), atol=1e-6)
    assert not np.allclose(ours(x, initial_state=state, training=True), ours(x), atol=1e-2)


def test_loaded_and_exported_models_are_equal_for_any_shape(tmp_path):
    inputs = keras.Input((None, 3), name="x")
    model = keras.Model({"x": inputs}, {"y": CHUNKED(6, return_sequences=True)(inputs)})
    model.save(tmp_path / "model.keras")
    model.export(tmp_path / "served", verbose=False)
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert isinstance(loaded.layers[-1], CHUNKED)
    served = tf.saved_model.load(str(tmp_path / "served"))
    for batch, frames in [(1, 3), (2, 11)]:
        x = {"x": features(batch, frames)}
        np.testing.assert_array_equal(loaded(x)["y"], model(x)["y"])
        np.testing.assert_allclose(served.serve(x)["y"], model(x)["y"], atol=1e-6)
