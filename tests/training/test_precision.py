"""Tests of networks that compute in 16 bits."""

import keras
import numpy as np
import pytest

from kerasemo.layers import LogMel
from kerasemo.models import crossmodal
from kerasemo.models.end_to_end import end_to_end
from kerasemo.models.from_waveform import waveform_cnn
from kerasemo.models.on_features import dense
from kerasemo.training.precision import is_mixed, with_precision


def network() -> keras.Model:
    keras.utils.set_random_seed(0)
    return dense({"functionals": (40,)}, {"emotion": 4, "valence": 1}, units=(64, 64))


def batch(n: int = 200) -> dict:
    return {"functionals": np.random.default_rng(0).normal(size=(n, 40)).astype("float32")}


@pytest.mark.parametrize(("precision", "digits"), [("bfloat16", 8), ("float16", 11)])
def test_outputs_differ_by_the_rounding_of_the_type(precision, digits):
    exact, mixed = network()(batch()), with_precision(network(), precision)(batch())
    for task, values in exact.items():
        assert mixed[task].dtype == "float32"
        error = np.abs(values - mixed[task]).max()
        assert 0 < error < 8 * 2**-digits


def test_a_copy_in_float32_has_the_outputs_of_the_network():
    back = with_precision(with_precision(network(), "bfloat16"), "float32")
    assert not is_mixed(back)
    for task, values in network()(batch()).items():
        np.testing.assert_array_equal(values, back(batch())[task])


def test_what_the_normalisation_has_learnt_is_copied():
    adapted = network()
    values = 5 + 3 * batch()["functionals"]
    adapted.get_layer("functionals_standardised").adapt(values)
    copy = with_precision(adapted, "float32")
    np.testing.assert_array_equal(adapted({"functionals": values})["emotion"], copy({"functionals": values})["emotion"])


def test_what_comes_before_the_first_weights_and_after_the_last_layer_is_float32():
    mixed = with_precision(waveform_cnn("alexnet", {"emotion": 4}, 1.5), "bfloat16")
    inner = mixed.get_layer("alexnet")
    assert [layer.compute_dtype for layer in mixed.layers if isinstance(layer, LogMel)] == ["float32"]
    types = {layer.name: layer.compute_dtype for layer in [*mixed.layers, *inner.layers]}
    assert {types[name] for name in ("waveform_standardised", "spectrogram_standardised", "emotion")} == {"float32"}
    assert {types[name] for name in ("conv_1", "local_response_1", "pool_1", "dense_1", "embedding")} == {"bfloat16"}


def test_recurrent_layers_are_float32():
    mixed = with_precision(end_to_end({"emotion": 4}, ("audio",), units=(4,)), "bfloat16")
    types = {layer.name: layer.compute_dtype for layer in mixed.layers}
    assert (types["audio_conv_2"], types["lstm_1"]) == ("bfloat16", "float32")
    assert {tensor.name: tensor.dtype for tensor in mixed.inputs}["n_frames"] == "int32"


def test_names_of_inputs_and_outputs_are_kept():
    mixed = with_precision(crossmodal.architecture_4(3, image_shape=(16, 32, 3)), "bfloat16")
    assert is_mixed(mixed)
    assert set(mixed.input) == {"audio", "image"}
    assert set(mixed.output) == {"emotion", "audio_probe", "image_probe"}
