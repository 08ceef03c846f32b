import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasemo.models.lstm_regressor import UNITS, lstm_regressor

WIDTHS = {"egemaps-func": 5, "visual_xbow": 3}


def random_heads(**arguments) -> keras.Model:
    """A network whose outputs are not all zero."""
    return lstm_regressor(WIDTHS, head_initializer="glorot_uniform", **arguments)


def features(n: int, frames: int) -> dict[str, np.ndarray]:
    generator = np.random.default_rng(0)
    return {name: generator.normal(size=(n, frames, width)).astype("float32") for name, width in WIDTHS.items()}


def test_parameter_count_by_formula():
    def lstm(width: int, units: int) -> int:
        return 4 * units * (width + units + 1)

    expected = lstm(8, UNITS[0]) + lstm(UNITS[0], UNITS[1]) + lstm(UNITS[1], UNITS[2]) + 3 * (UNITS[2] + 1)
    network = lstm_regressor(WIDTHS)
    assert sum(np.prod(weight.shape) for weight in network.trainable_weights) == expected


def test_dropout_follows_each_of_three_lstms():
    network = lstm_regressor(WIDTHS)
    stack = [layer for layer in network.layers if isinstance(layer, keras.layers.LSTM | keras.layers.Dropout)]
    assert [getattr(layer, "units", None) or layer.rate for layer in stack] == [256, 0.4, 128, 0.4, 64, 0.4]


def test_a_value_for_each_frame_and_target():
    outputs = lstm_regressor(WIDTHS, units=(6, 4))(features(2, 7))
    assert {name: tuple(array.shape) for name, array in outputs.items()} == {
        "arousal": (2, 7, 1),
        "valence": (2, 7, 1),
        "liking": (2, 7, 1),
    }


@pytest.mark.parametrize("padding_value", [0.0, 9.0, np.nan])
def test_padding_does_not_change_the_valid_frames(padding_value):
    keras.utils.set_random_seed(0)
    network = random_heads()
    inputs = features(3, 37)
    padded = {x: np.pad(a, [(0, 0), (0, 55), (0, 0)], constant_values=padding_value) for x, a in inputs.items()}
    outputs, expected = network.predict(padded, verbose=0), network.predict(inputs, verbose=0)
    for target in outputs:
        np.testing.assert_array_equal(outputs[target][:, :37], expected[target])


def test_every_feature_set_affects_the_outputs():
    network, inputs = random_heads(units=(6, 4)), features(1, 4)
    for name in inputs:
        changed = network({**inputs, name: inputs[name] + 1})
        assert not np.array_equal(changed["liking"], network(inputs)["liking"])


def test_exported_network_equals_predict_for_any_length(tmp_path):
    network = random_heads(units=(6, 4))
    network.get_layer("egemaps-func_standardised").adapt(features(4, 9)["egemaps-func"] * 5 + 100)
    network.export(tmp_path / "model", verbose=False)
    reloaded = tf.saved_model.load(str(tmp_path / "model"))
    for n, frames in [(1, 5), (3, 12)]:
        inputs = features(n, frames)
        served, predicted = reloaded.serve(inputs), network.predict(inputs, verbose=0)
        assert set(served) == {"arousal", "valence", "liking"}
        for target in served:
            np.testing.assert_allclose(served[target], predicted[target], atol=1e-6)


def test_initial_predictions_are_zero_with_heads_of_zeros():
    network = lstm_regressor(WIDTHS, units=(6, 4), head_initializer="zeros")
    for prediction in network.predict(features(2, 7), verbose=0).values():
        assert not np.any(prediction)


def test_no_feature_set_is_an_error():
    with pytest.raises(ValueError, match="needs a feature set"):
        lstm_regressor({})
