import audmetric
import keras
import numpy as np
import pytest

from kerasemo.metrics import CCC
from kerasemo.training import devices


def frames(n: int = 1000, offset: float = 0.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    labels = (generator.normal(0, 0.135, (n, 12)) + offset).astype("float32")
    predictions = (0.5 * labels + 0.5 * offset + generator.normal(0, 0.1, (n, 12))).astype("float32")
    return labels, predictions, (generator.random((n, 12)) < 0.7).astype("float32")


def in_batches(metric: CCC, *arrays: np.ndarray, size: int = 7) -> float:
    for first in range(0, len(arrays[0]), size):
        metric.update_state(*(array[first : first + size] for array in arrays))
    return float(metric.result())


@pytest.mark.parametrize(("offset", "tolerance"), [(0.0, 1e-13), (1000.0, 1e-7)])
def test_equals_audmetric_over_the_whole_data_set(offset, tolerance):
    labels, predictions, mask = frames(offset=offset)
    valid = [array[mask == 1].astype(float) for array in (labels, predictions)]
    score = in_batches(CCC(), labels, predictions, mask)
    assert score == pytest.approx(audmetric.concordance_cc(*valid), abs=tolerance)


def test_padding_may_have_any_value():
    labels, predictions, mask = frames(50)
    expected = in_batches(CCC(), labels, predictions, mask)
    assert in_batches(CCC(), np.where(mask, labels, np.nan), np.where(mask, predictions, np.inf), mask) == expected


def test_reset_state_clears_the_sums():
    labels, predictions, mask = frames(20)
    metric = CCC()
    expected = in_batches(metric, labels, predictions, mask)
    metric.reset_state()
    assert float(metric.result()) == 0
    assert in_batches(metric, labels, predictions, mask) == expected


def test_sums_of_two_halves_add_up_to_the_sums_of_all_frames():
    labels, predictions, mask = frames(40)
    whole, halves = CCC(), [CCC(), CCC()]
    expected = in_batches(whole, labels, predictions, mask)
    for metric, half in zip(halves, (slice(0, 20), slice(20, None)), strict=True):
        in_batches(metric, labels[half], predictions[half], mask[half])
    merged = CCC()
    for metric in halves:
        merged.sums.assign_add(metric.sums)
    assert float(merged.result()) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("value", [0.1, 1000.1])
def test_ccc_of_equal_constants_is_0(value):
    constant = np.full((5, 12), value)
    assert in_batches(CCC(), constant, constant) == 0


def evaluated(strategy, jit_compile: bool) -> float:
    labels, predictions, mask = frames(37, offset=1000)
    with strategy.scope():
        model = keras.Sequential([keras.Input((None, 1)), keras.layers.Identity()])
        model.compile(loss="mse", weighted_metrics=[CCC()], jit_compile=jit_compile)
    scores = model.evaluate(
        predictions[..., None], labels[..., None], sample_weight=mask, batch_size=8, verbose=0, return_dict=True
    )
    return scores["ccc"]


# Not both at once: Keras variables cannot be compiled by XLA for several CPU devices.
@pytest.mark.parametrize(("n_devices", "jit_compile"), [(1, False), (1, True), (2, False)])
def test_result_is_equal_with_xla_and_with_two_devices(n_devices, jit_compile):
    strategy = devices.strategy(n_devices)
    assert evaluated(strategy, jit_compile) == pytest.approx(in_batches(CCC(), *frames(37, offset=1000)), abs=1e-7)


def test_config_round_trip():
    restored = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(CCC(name="agreement")))
    assert isinstance(restored, CCC) and restored.name == "agreement"
