import audmetric
import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasemo.losses import CCCLoss
from kerasemo.training import devices

MODES = pytest.mark.parametrize("per_sequence", [False, True])


def sequences(n: int = 5, frames: int = 40, offset: float = 0.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels, predictions that correlate with them, and a mask that gives each sequence a different length."""
    generator = np.random.default_rng(0)
    labels = generator.normal(0.1, 0.135, (n, frames)) + offset
    predictions = 0.5 * labels + 0.5 * offset + generator.normal(0, 0.1, (n, frames))
    mask = np.arange(frames) < generator.integers(frames // 2, frames, n)[:, np.newaxis]
    return labels, predictions, mask.astype("float32")


def value_and_gradient(loss, labels, predictions, mask=None) -> tuple[np.ndarray, np.ndarray]:
    predictions = tf.constant(predictions)
    with tf.GradientTape() as tape:
        tape.watch(predictions)
        value = loss(labels, predictions, sample_weight=mask)
    return value.numpy(), tape.gradient(value, predictions).numpy()


def test_value_by_hand():
    # cov 1/2, variances 1/4 and 1, means 1/2 and 1: CCC = 1 / (1/4 + 1 + 1/4).
    assert float(CCCLoss()([[0.0, 1.0]], [[0.0, 2.0]])) == pytest.approx(1 / 3, abs=1e-7)


@pytest.mark.parametrize(("offset", "tolerance"), [(0.0, 1e-14), (1000.0, 1e-7)])
def test_equals_audmetric_over_the_valid_frames(offset, tolerance):
    labels, predictions, mask = sequences(offset=offset)
    expected = 1 - audmetric.concordance_cc(labels[mask == 1], predictions[mask == 1])
    assert float(CCCLoss(dtype="float64")(labels, predictions, mask)) == pytest.approx(expected, abs=tolerance)


def test_per_sequence_is_the_mean_over_sequences_with_valid_frames():
    labels, predictions, mask = sequences()
    mask[2] = 0
    losses = [
        1 - audmetric.concordance_cc(x[m == 1], y[m == 1])
        for x, y, m in zip(labels, predictions, mask, strict=True)
        if any(m)
    ]
    loss = CCCLoss(per_sequence=True, dtype="float64")
    assert float(loss(labels, predictions, mask)) == pytest.approx(np.mean(losses), abs=1e-12)


@MODES
def test_gradient_by_finite_differences(per_sequence):
    labels, predictions, mask = sequences(n=2, frames=6)
    loss = CCCLoss(per_sequence, dtype="float64")
    _, gradient = value_and_gradient(loss, labels, predictions, mask)
    step = 1e-6
    for position in np.ndindex(predictions.shape):
        moved = np.zeros_like(predictions)
        moved[position] = step
        ends = [float(loss(labels, predictions + sign * moved, mask)) for sign in (1, -1)]
        assert gradient[position] == pytest.approx((ends[0] - ends[1]) / (2 * step), abs=1e-7)


@MODES
@pytest.mark.parametrize("padding_value", [0.0, 7.0, np.nan, np.inf])
def test_padding_does_not_change_the_result(per_sequence, padding_value):
    labels, predictions, mask = (array.astype("float32") for array in sequences(frames=37))
    widened = [(0, 0), (0, 91)]
    padded = [np.pad(array, widened, constant_values=padding_value) for array in (labels, predictions)]
    for array in padded:
        array[:, :37][mask == 0] = padding_value
    loss = CCCLoss(per_sequence)
    value, gradient = value_and_gradient(loss, labels, predictions, mask)
    padded_value, padded_gradient = value_and_gradient(loss, *padded, np.pad(mask, widened))
    assert value.dtype == "float32" and value == padded_value
    np.testing.assert_array_equal(padded_gradient, np.pad(gradient, widened))
    assert np.all(gradient[mask == 1]) and not np.any(gradient[mask == 0])


def test_constant_prediction_has_ccc_0_and_a_gradient_towards_the_labels():
    labels, _, mask = sequences()
    value, gradient = value_and_gradient(CCCLoss(dtype="float64"), labels, np.full_like(labels, 0.3), mask)
    assert value == pytest.approx(1)
    true = labels[mask == 1]
    spread = true.var() + (true.mean() - 0.3) ** 2
    np.testing.assert_allclose(gradient[mask == 1], -2 * (true - true.mean()) / len(true) / spread, atol=1e-12)


@MODES
@pytest.mark.parametrize("mask", [1, 0])
def test_equal_constants_or_no_valid_frame_give_a_zero_gradient(per_sequence, mask):
    constant = np.full((2, 100), 0.1, "float32")
    value, gradient = value_and_gradient(CCCLoss(per_sequence), constant, constant, np.full((2, 100), mask))
    assert np.isfinite(value) and not np.any(gradient)


@pytest.mark.parametrize("counts", [(2, 0, 1, 1), (0, 0, 2, 3), (0, 0, 0, 0)])
def test_scaled_is_multiplied_by_the_mean_weight(counts):
    labels, predictions, weights = np.array([0.0, 1, 3, 2]), np.array([[1.0], [1], [2], [4]]), np.array(counts, float)
    plain, plain_gradient = value_and_gradient(CCCLoss(dtype="float64"), labels, predictions, weights)
    scaled, gradient = value_and_gradient(CCCLoss(scaled=True, dtype="float64"), labels, predictions, weights)
    assert scaled == pytest.approx(plain * weights.mean(), abs=1e-15)
    np.testing.assert_allclose(gradient, plain_gradient * weights.mean(), atol=1e-15)


def test_scaled_without_weights_changes_nothing_and_is_saved():
    labels, predictions, _ = sequences()
    loss = keras.losses.deserialize(keras.losses.serialize(CCCLoss(scaled=True)))
    assert loss.scaled and float(loss(labels, predictions)) == float(CCCLoss()(labels, predictions))
    with pytest.raises(ValueError, match="per_sequence=True, scaled=True"):
        CCCLoss(per_sequence=True, scaled=True)


def test_a_last_axis_of_length_one_is_ignored():
    labels, predictions, mask = sequences()
    expected = float(CCCLoss()(labels, predictions, mask))
    for axes in [(labels, predictions[..., None]), (labels[..., None], predictions[..., None])]:
        assert float(CCCLoss()(*axes, mask)) == float(CCCLoss()(*axes, mask[..., None])) == expected


def test_integer_weights_equal_repeated_frames():
    labels, predictions = np.array([[0.0, 1.0, 3.0]]), np.array([[1.0, 1.0, 2.0]])
    counts = np.array([[2, 0, 3]])
    repeated = (np.repeat(array, counts[0], axis=1) for array in (labels, predictions))
    assert float(CCCLoss()(labels, predictions, counts)) == float(CCCLoss()(*repeated))


def test_keras_mask_excludes_frames():
    labels, _, mask = sequences()
    inputs = np.random.default_rng(1).normal(size=(*labels.shape, 3)) * mask[..., None]
    keras.utils.set_random_seed(0)
    masked = keras.Sequential([keras.layers.Masking(0.0), keras.layers.LSTM(2, return_sequences=True)])
    predictions = masked(inputs)[..., :1]
    expected = float(CCCLoss()(labels, np.array(predictions), mask))
    predictions._keras_mask = mask == 1
    assert float(CCCLoss()(labels, predictions)) == expected


@pytest.mark.slow
@MODES
def test_two_mirrored_devices_equal_one(per_sequence):
    labels, _, mask = sequences(n=6)
    inputs = np.random.default_rng(1).normal(size=(*labels.shape, 3)).astype("float32")

    def trained(strategy) -> tuple[list, float]:
        with strategy.scope():
            keras.utils.set_random_seed(0)
            model = keras.Sequential([keras.Input((None, 3)), keras.layers.Dense(1)])
            model.compile(keras.optimizers.SGD(0.1), loss=CCCLoss(per_sequence))
        history = model.fit(inputs, labels[..., None], sample_weight=mask, epochs=3, verbose=0, shuffle=False)
        return model.get_weights(), history.history["loss"]

    one, one_losses = trained(tf.distribute.get_strategy())
    two, two_losses = trained(devices.strategy(2))
    for a, b in zip(one, two, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)
    np.testing.assert_allclose(one_losses, two_losses, rtol=1e-5)


def test_config_round_trip():
    loss = CCCLoss(per_sequence=True, name="arousal")
    restored = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss))
    assert isinstance(restored, CCCLoss) and (restored.per_sequence, restored.name) == (True, "arousal")
