import itertools

import keras
import numpy as np
import pytest

from kerasemo.models import crossmodal
from kerasemo.models.crossmodal import (
    AUDIO_FILTERS,
    AUDIO_KERNEL,
    AUDIO_LSTM_UNITS,
    IMAGE_FILTERS,
    IMAGE_KERNEL,
    IMAGE_POOL,
    JOINT_UNITS,
    NETWORKS,
    PROBE_UNITS,
)

CLASSES = 8
INPUTS = {"audio_cnn": {"audio"}, "image_cnn": {"image"}}
OUTPUTS = {
    "architecture_0": {"emotion_audio", "emotion_image", "emotion"},
    "architecture_4": {"emotion", "audio_probe", "image_probe"},
    "distilled_probes": {"emotion", "audio_probe", "image_probe", "audio_probe_logits", "image_probe_logits"},
}
# Lengths of the flattened vectors at the default shapes: 40 coefficients, 64 x 128 pixels.
AUDIO_VECTOR = 40 // 2 * AUDIO_FILTERS[1]
IMAGE_VECTOR = (64 // 4 // IMAGE_POOL) * (128 // 4 // IMAGE_POOL) * IMAGE_FILTERS[1]
STANDARDISED = 2 * 40 + 1  # mean and variance of each coefficient, and a count


def mlp(n_inputs: int, units: tuple) -> int:
    widths = [n_inputs, *units, CLASSES]
    return sum((n_in + 1) * n_out for n_in, n_out in itertools.pairwise(widths))


AUDIO = STANDARDISED + (AUDIO_KERNEL + 1) * AUDIO_FILTERS[0] + (AUDIO_KERNEL * AUDIO_FILTERS[0] + 1) * AUDIO_FILTERS[1]
IMAGE = (IMAGE_KERNEL**2 * 3 + 1) * IMAGE_FILTERS[0] + (IMAGE_KERNEL**2 * IMAGE_FILTERS[0] + 1) * IMAGE_FILTERS[1]
LSTM = STANDARDISED + 4 * AUDIO_LSTM_UNITS * (40 + AUDIO_LSTM_UNITS + 1)
EQUALISED = (IMAGE_VECTOR + 1) * AUDIO_VECTOR
PROBES = 2 * mlp(AUDIO_VECTOR, (PROBE_UNITS,))
PARAMETERS = {
    "audio_cnn": AUDIO + mlp(AUDIO_VECTOR, JOINT_UNITS),
    "image_cnn": IMAGE + mlp(IMAGE_VECTOR, JOINT_UNITS),
    "architecture_0": AUDIO + IMAGE + EQUALISED + mlp(AUDIO_VECTOR, JOINT_UNITS),
    "architecture_1": AUDIO + IMAGE + mlp(AUDIO_VECTOR + IMAGE_VECTOR, JOINT_UNITS),
    "architecture_2": LSTM + IMAGE + mlp(AUDIO_LSTM_UNITS + IMAGE_VECTOR, JOINT_UNITS),
    "architecture_3": AUDIO + IMAGE + EQUALISED + mlp(2 * AUDIO_VECTOR, JOINT_UNITS),
    "architecture_4": AUDIO + IMAGE + EQUALISED + mlp(2 * AUDIO_VECTOR, JOINT_UNITS) + PROBES,
    "distilled_probes": AUDIO + IMAGE + EQUALISED + mlp(2 * AUDIO_VECTOR, JOINT_UNITS) + PROBES,
}


def batch(network: keras.Model, n: int = 3) -> dict[str, np.ndarray]:
    generator = np.random.default_rng(0)
    return {name: generator.uniform(0, 255, (n, *tensor.shape[1:])) for name, tensor in network.input.items()}


@pytest.fixture(scope="module", params=NETWORKS)
def network(request) -> keras.Model:
    return NETWORKS[request.param](CLASSES)


def test_parameter_count_equals_the_formula(network):
    assert network.count_params() == PARAMETERS[network.name]


def test_inputs_and_outputs_are_named(network):
    assert set(network.input) == INPUTS.get(network.name, {"audio", "image"})
    assert set(network.output) == OUTPUTS.get(network.name, {"emotion"})


def test_decisions_are_probabilities(network):
    outputs = network(batch(network))
    for name, values in outputs.items():
        assert values.shape == (3, CLASSES)
        if not name.endswith("_logits"):
            np.testing.assert_allclose(np.sum(values, axis=1), 1, atol=1e-6)


def test_config_round_trip(network):
    restored = keras.Model.from_config(network.get_config())
    restored.set_weights(network.get_weights())
    for name, values in restored(batch(network)).items():
        np.testing.assert_array_equal(values, network(batch(network))[name])


@pytest.mark.parametrize("name", [name for name in NETWORKS if name != "image_cnn"])
def test_audio_may_be_a_sequence_of_frames(name):
    network = NETWORKS[name](CLASSES, audio_shape=(50, 40))
    assert network(batch(network))["emotion"].shape == (3, CLASSES)


def test_architecture_0_classifies_both_modalities_with_one_mlp():
    network = crossmodal.architecture_0(CLASSES)
    outputs = network(batch(network))
    np.testing.assert_allclose(outputs["emotion"], (outputs["emotion_audio"] + outputs["emotion_image"]) / 2, atol=1e-7)
    network.get_layer("emotion_logits").set_weights([np.zeros((JOINT_UNITS[1], CLASSES)), np.arange(CLASSES)])
    outputs = network(batch(network))
    np.testing.assert_array_equal(outputs["emotion_audio"], outputs["emotion_image"])


def test_equalised_image_vector_has_the_length_of_the_audio_vector():
    network = crossmodal.architecture_3(CLASSES)
    assert network.get_layer("image_equalised").output.shape == network.get_layer("audio_vector").output.shape


def test_softmax_of_logits_equals_the_probabilities():
    network = crossmodal.audio_cnn(CLASSES)
    inputs = batch(network)
    logits = crossmodal.logits_of(network, "emotion")(inputs)["emotion"]
    np.testing.assert_allclose(keras.ops.softmax(logits), network(inputs)["emotion"], atol=1e-7)


def test_softmax_of_distilled_logits_equals_the_probes():
    network = crossmodal.distilled_probes(CLASSES)
    outputs = network(batch(network))
    for probe in ("audio_probe", "image_probe"):
        np.testing.assert_allclose(keras.ops.softmax(outputs[f"{probe}_logits"]), outputs[probe], atol=1e-7)


def test_dropout_is_active_only_in_training():
    network = crossmodal.architecture_4(CLASSES, dropout=0.5)
    inputs = batch(network)
    assert np.any(network(inputs, training=True)["emotion"] != network(inputs, training=True)["emotion"])
    np.testing.assert_array_equal(network(inputs)["emotion"], network(inputs)["emotion"])


@pytest.mark.parametrize("shape", [(), (1, 2, 3)])
def test_wrong_audio_shapes_are_an_error(shape):
    with pytest.raises(ValueError, match="Received: audio_shape"):
        crossmodal.audio_cnn(CLASSES, audio_shape=shape)


def test_mean_over_time_is_an_error_for_architecture_2():
    with pytest.raises(ValueError, match="Received: audio_shape=\\(40,\\)"):
        crossmodal.architecture_2(CLASSES, audio_shape=(40,))
