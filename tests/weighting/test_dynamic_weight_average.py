import numpy as np
import pytest

from kerasemo.weighting import DynamicWeightAverage

EPOCHS = [{"a": 2.0, "b": 1.0}, {"a": 1.0, "b": 0.9}, {"a": 0.8, "b": 0.3}]


def weights(weighting: DynamicWeightAverage) -> list[float]:
    return [float(weight) for weight in weighting.task_weights().values()]


def test_equal_in_the_first_two_epochs_then_by_the_ratio_of_the_last_two():
    weighting = DynamicWeightAverage(["a", "b"])
    seen = [weights(weighting)]
    for losses in EPOCHS:
        weighting.on_epoch_end(losses)
        seen.append(weights(weighting))
    assert seen[0] == seen[1] == [1, 1]
    for now, ratios in ((2, [1.0 / 2.0, 0.9 / 1.0]), (3, [0.8 / 1.0, 0.3 / 0.9])):
        powers = np.exp(np.array(ratios) / 2)
        np.testing.assert_allclose(seen[now], 2 * powers / powers.sum(), rtol=1e-6)


def test_a_high_temperature_makes_weights_equal():
    weighting = DynamicWeightAverage(["a", "b"], temperature=1e6)
    for losses in EPOCHS:
        weighting.on_epoch_end(losses)
    np.testing.assert_allclose(weights(weighting), 1, atol=1e-5)


def test_a_loss_of_zero_has_no_ratio():
    weighting = DynamicWeightAverage(["a", "b"])
    for _ in range(3):
        weighting.on_epoch_end({"a": 0.0, "b": 1.0})
    assert weights(weighting) == [1, 1]


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan")])
def test_a_temperature_is_above_zero(temperature):
    with pytest.raises(ValueError, match="Received: temperature="):
        DynamicWeightAverage(["a"], temperature=temperature)
