import numpy as np
import pytest

from kerasemo.weighting import DynamicWeightAverage

EPOCHS = [{"a": 2.0, "b": 1.0}, {"a": 1.0, "b": 0.9}, {"a": 0.8, "b": 0.3}]


def weights(weighting: DynamicWeightAverage) -> list[float]:
    return [float(weight) for weight in weighting.task_weights().values()]


def test_weights_are_equal_for_two_epochs_then_depend_on_the_last_loss_ratio():
    weighting = DynamicWeightAverage(["a", "b"])
    weights_by_epoch = [weights(weighting)]
    for losses in EPOCHS:
        weighting.on_epoch_end(losses)
        weights_by_epoch.append(weights(weighting))
    assert weights_by_epoch[0] == weights_by_epoch[1] == [1, 1]
    for epoch, ratios in ((2, [1.0 / 2.0, 0.9 / 1.0]), (3, [0.8 / 1.0, 0.3 / 0.9])):
        powers = np.exp(np.array(ratios) / 2)
        np.testing.assert_allclose(weights_by_epoch[epoch], 2 * powers / powers.sum(), rtol=1e-6)


def test_a_high_temperature_makes_weights_equal():
    weighting = DynamicWeightAverage(["a", "b"], temperature=1e6)
    for losses in EPOCHS:
        weighting.on_epoch_end(losses)
    np.testing.assert_allclose(weights(weighting), 1, atol=1e-5)


def test_a_loss_of_zero_leaves_weights_equal():
    weighting = DynamicWeightAverage(["a", "b"])
    for _ in range(3):
        weighting.on_epoch_end({"a": 0.0, "b": 1.0})
    assert weights(weighting) == [1, 1]


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan")])
def test_temperature_must_be_above_zero(temperature):
    with pytest.raises(ValueError, match="Received: temperature="):
        DynamicWeightAverage(["a"], temperature=temperature)
