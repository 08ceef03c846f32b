import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from keras.src.testing import TestCase

from kerasemo.layers import fft_conv
from kerasemo.layers.fft_conv import FFTConv1D, block_length, convolve

PADDINGS = pytest.mark.parametrize("padding", ["valid", "same", "causal"])


def twins(channels: int, filters: int, taps: int, **arguments) -> tuple[keras.layers.Layer, FFTConv1D]:
    """Return a `Conv1D` and an `FFTConv1D` with the same weights, none of them 0."""
    keras.utils.set_random_seed(0)
    arguments = {"bias_initializer": "normal", **arguments}
    pair = keras.layers.Conv1D(filters, taps, **arguments), FFTConv1D(filters, taps, **arguments)
    for layer in pair:
        layer.build((None, None, channels))
    pair[1].set_weights(pair[0].get_weights())
    return pair


def signal(*shape: int, dtype: str = "float32") -> tf.Tensor:
    return tf.constant(np.random.default_rng(1).normal(size=shape), dtype)


def outputs_and_gradients(layer, x) -> list[np.ndarray]:
    """Return the outputs, and the gradients for x, kernel and bias with a random upstream gradient."""
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x)
    upstream = tf.constant(np.random.default_rng(2).normal(size=y.shape), y.dtype)
    gradients = tape.gradient(y, [x, *layer.trainable_variables], output_gradients=upstream)
    return [np.array(values) for values in (y, *gradients)]


def relative_errors(expected, got) -> list[float]:
    return [np.abs(e - g).max() / np.abs(e).max() for e, g in zip(expected, got, strict=True)]


@PADDINGS
@pytest.mark.parametrize(("taps", "samples"), [(300, 2500), (64, 64), (65, 3000), (1, 20)])
@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-5), ("float64", 1e-12)])
def test_equals_conv1d_with_its_gradients(taps, samples, padding, dtype, tolerance):
    expected, got = (
        outputs_and_gradients(layer, signal(2, samples, 4, dtype=dtype))
        for layer in twins(4, 6, taps, padding=padding, dtype=dtype)
    )
    assert got[0].dtype == dtype
    assert max(relative_errors(expected, got)) < tolerance


@PADDINGS
def test_the_portable_form_is_exactly_conv1d(padding):
    layer, ours = twins(4, 6, 65, padding=padding)
    ours.portable = True
    for expected, got in zip(*(outputs_and_gradients(each, signal(2, 300, 4)) for each in (layer, ours)), strict=True):
        np.testing.assert_array_equal(got, expected)


@PADDINGS
def test_result_does_not_depend_on_the_number_of_pieces(padding, monkeypatch):
    layer, ours = twins(4, 6, 65, padding=padding, dtype="float64")
    x = signal(3, 1500, 4, dtype="float64")
    expected = outputs_and_gradients(layer, x)
    # First one block per piece and one filter per group, then several of both, of different sizes.
    for piece_bytes in (2**10, 2**16):
        monkeypatch.setattr(fft_conv, "PIECE_BYTES", piece_bytes)
        assert max(relative_errors(expected, outputs_and_gradients(ours, x))) < 1e-12


# If the layer used the inherited `call`, the comparisons above would compare Conv1D with itself.
def test_graph_contains_ffts_and_no_convolution():
    _, ours = twins(1, 1, 9)
    graph = tf.function(ours).get_concrete_function(tf.TensorSpec((None, None, 1))).graph
    names = {node.op for node in graph.as_graph_def().node}
    names |= {node.op for function in graph.as_graph_def().library.function for node in function.node_def}
    assert "RFFT" in names and "Conv2D" not in names


@pytest.mark.parametrize("padding", ["same", "causal"])
@pytest.mark.parametrize("samples", [1, 2, 49])
def test_inputs_shorter_than_the_kernel(samples, padding):
    layers = twins(2, 3, 50, padding=padding, dtype="float64")
    expected, got = (outputs_and_gradients(layer, signal(2, samples, 2, dtype="float64")) for layer in layers)
    assert max(relative_errors(expected, got)) < 1e-12


@settings(max_examples=20, deadline=None)
@given(
    taps=st.integers(1, 40),
    samples=st.integers(1, 90),
    channels=st.integers(1, 3),
    filters=st.integers(1, 3),
    n=st.integers(1, 2),
    padding=st.sampled_from(["valid", "same", "causal"]),
)
def test_equals_conv1d_for_any_small_size(taps, samples, channels, filters, n, padding):
    samples += taps - 1 if padding == "valid" else 0
    layer, ours = twins(channels, filters, taps, padding=padding, dtype="float64")
    x = signal(n, samples, channels, dtype="float64")
    np.testing.assert_allclose(ours(x), layer(x), rtol=0, atol=1e-11)


def test_gradients_by_finite_differences():
    x, kernel = signal(1, 7, 2, dtype="float64"), signal(4, 2, 2, dtype="float64")

    @tf.function
    def loss(x, kernel):
        return tf.reduce_sum(tf.sin(convolve(x, kernel, (1, 2))))

    theory, numeric = tf.test.compute_gradient(loss, [x, kernel], delta=1e-5)
    for by_theory, by_differences in zip(theory, numeric, strict=True):
        np.testing.assert_allclose(by_theory, by_differences, atol=1e-8)


def test_a_persistent_tape_gives_the_same_gradients():
    x, kernel = signal(2, 30, 2, dtype="float64"), signal(4, 2, 3, dtype="float64")

    @tf.function
    def gradients(persistent):
        with tf.GradientTape(persistent=persistent) as tape:
            tape.watch([x, kernel])
            y = convolve(x, kernel)
        return tape.gradient(y, [x, kernel], output_gradients=y)

    for expected, got in zip(gradients(False), gradients(True), strict=True):
        np.testing.assert_array_equal(got, expected)


def test_one_training_step_equals_conv1d():
    x, y = signal(4, 400, 3).numpy(), np.ones((4, 400, 2), "float32")
    trained = []
    for layer in twins(3, 2, 50, padding="same", activation="tanh"):
        model = keras.Sequential([keras.Input((None, 3)), layer])
        model.compile("sgd", "mse")
        model.fit(x, y, batch_size=4, verbose=0)
        trained.append(model.get_weights())
    for expected, got in zip(*trained, strict=True):
        np.testing.assert_allclose(got, expected, atol=1e-6)


def test_weights_and_config_equal_conv1d():
    layer, ours = twins(3, 2, 20, padding="causal", activation="relu", kernel_regularizer="l2")
    assert [w.path.split("/")[-1] for w in ours.weights] == [w.path.split("/")[-1] for w in layer.weights]
    assert {**ours.get_config(), "name": None} == {**layer.get_config(), "name": None}
    for source, target in ((layer, ours), (ours, layer)):
        source.set_weights([2 * weight for weight in source.get_weights()])
        stored = {}
        source.save_own_variables(stored)
        target.load_own_variables(stored)
        for expected, weight in zip(source.get_weights(), target.get_weights(), strict=True):
            np.testing.assert_array_equal(expected, weight)


def test_loaded_and_exported_models_accept_any_length(tmp_path):
    layer, ours = twins(2, 3, 50, padding="same")
    model = keras.Sequential([keras.Input((None, 2)), ours])
    model.save(tmp_path / "model.keras")
    model.export(tmp_path / "exported", format="tf_saved_model", verbose=False)
    loaded = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    reloaded = tf.saved_model.load(tmp_path / "exported")
    for samples in (1, 30, 2500):
        x = signal(2, samples, 2)
        for outputs in (loaded(x), reloaded.serve(x)):
            assert relative_errors([layer(x).numpy()], [outputs.numpy()])[0] < 1e-5


def test_mixed_bfloat16_computes_in_float32():
    layer, ours = twins(2, 3, 50, padding="same", dtype="mixed_bfloat16", use_bias=False)
    x = tf.cast(signal(2, 500, 2), "bfloat16")
    y = ours(x)
    exact = convolve(tf.cast(x, "float32"), tf.cast(tf.cast(layer.kernel, "bfloat16"), "float32"), (24, 25))
    assert y.dtype == "bfloat16"
    np.testing.assert_array_equal(y, tf.cast(exact, "bfloat16"))


def test_empty_batch_gives_empty_outputs():
    _, ours = twins(2, 3, 50, padding="same")
    assert ours(tf.zeros((0, 100, 2))).shape == (0, 100, 3)


@pytest.mark.parametrize(
    ("name", "value"), [("strides", 2), ("dilation_rate", 2), ("groups", 2), ("data_format", "channels_first")]
)
def test_unsupported_arguments_are_an_error(name, value):
    with pytest.raises(ValueError, match=f"Received: {name}="):
        FFTConv1D(4, 3, **{name: value})


def test_valid_padding_needs_as_many_samples_as_taps():
    _, ours = twins(1, 1, 9)
    function = tf.function(ours, input_signature=[tf.TensorSpec((None, None, 1))])
    assert function(tf.ones((1, 9, 1))).shape == (1, 1, 1)
    with pytest.raises(tf.errors.InvalidArgumentError, match="shorter than the kernel of 9 taps"):
        function(tf.ones((1, 8, 1)))


@settings(deadline=None, max_examples=50)
@given(taps=st.integers(1, 5000), outputs=st.none() | st.integers(1, 10**7), channels=st.integers(1, 64))
def test_a_block_holds_the_clip_or_overlaps_only_its_neighbours(taps, outputs, channels):
    length = block_length(taps, outputs, channels, channels)
    rest = length
    for prime in (2, 3, 5):
        while rest % prime == 0:
            rest //= prime
    assert length % 2 == 0 and rest == 1
    assert length >= 2 * taps or length >= outputs + taps - 1
    # This limit does not depend on the length of the clip.
    assert length <= max(4 * taps, 1200)


class TestHarness(TestCase):
    def test_layer_harness_of_keras(self):
        for padding, samples in [("valid", 6), ("same", 8), ("causal", 8)]:
            self.run_layer_test(
                FFTConv1D,
                init_kwargs={"filters": 4, "kernel_size": 3, "padding": padding, "activation": "relu"},
                input_shape=(2, 8, 3),
                expected_output_shape=(2, samples, 4),
                expected_num_trainable_weights=2,
                expected_num_non_trainable_weights=0,
                expected_num_losses=0,
                supports_masking=False,
                custom_objects={"FFTConv1D": FFTConv1D},
            )
