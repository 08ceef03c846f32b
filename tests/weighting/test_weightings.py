"""Every weighting, found by its class, keeps the same promises."""

import keras
import numpy as np
import pytest

from kerasemo import weighting
from kerasemo.weighting import Static, Weighting

TASKS = ["emotion", "gender"]
EXAMPLES = {Static: lambda: Static({"emotion": 0.7, "gender": 0.2})}


def methods() -> list[type[Weighting]]:
    return [
        method
        for method in vars(weighting).values()
        if isinstance(method, type) and issubclass(method, Weighting) and method is not Weighting
    ]


@pytest.fixture(params=methods(), ids=lambda method: method.__name__)
def method(request) -> Weighting:
    return EXAMPLES[request.param]()


def test_the_loss_is_a_finite_scalar(method):
    loss = method({"emotion": keras.ops.array(0.5), "gender": keras.ops.array(2.0)})
    assert loss.shape == () and np.isfinite(loss)


def test_there_is_one_weight_a_task(method):
    weights = method.task_weights()
    assert list(weights) == method.tasks == TASKS
    assert all(np.shape(weight) == () for weight in weights.values())


def test_config_round_trip(method):
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(method))
    assert type(again) is type(method) and again.get_config() == method.get_config()
    losses = {"emotion": keras.ops.array(0.5), "gender": keras.ops.array(2.0)}
    assert float(again(losses)) == float(method(losses))


def test_float32_under_mixed_precision():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        loss = Static({"emotion": 1.0})({"emotion": keras.ops.array(1.001)})
    finally:
        keras.config.set_dtype_policy("float32")
    assert float(loss) == pytest.approx(1.001, abs=1e-7)


def test_static_is_the_weighted_sum():
    loss = Static({"emotion": 0.75, "gender": 0.5})({"emotion": keras.ops.array(2.0), "gender": keras.ops.array(3.0)})
    assert float(loss) == 0.75 * 2 + 0.5 * 3


@pytest.mark.parametrize("weights", [{}, {"emotion": -1.0}, {"emotion": 0.0, "gender": 0.0}])
def test_static_refuses_senseless_weights(weights):
    with pytest.raises(ValueError, match="Received"):
        Static(weights)
