import numpy as np
import pytest
import tensorflow as tf

from kerasemo.weighting import Softmax

LOSSES = {"a": 0.5, "b": 2.0, "c": 1.25}


def softmax(logits) -> Softmax:
    weighting = Softmax(list(LOSSES))
    weighting.logits.assign(logits)
    return weighting


def test_equal_weights_at_the_start():
    assert [float(weight) for weight in Softmax(["a", "b", "c", "d"]).task_weights().values()] == [0.25] * 4


@pytest.mark.parametrize("logits", [(1.0, -2.0, 0.5), (80.0, -80.0, 0.0)])
def test_weights_stay_on_the_simplex(logits):
    weights = [float(weight) for weight in softmax(logits).task_weights().values()]
    assert min(weights) >= 0 and sum(weights) == pytest.approx(1, abs=1e-6)


def test_gradient_is_weight_times_difference_of_loss_and_joint_loss():
    logits = np.array([1.0, -2.0, 0.5])
    weighting = softmax(logits)
    with tf.GradientTape() as tape:
        total = weighting({task: tf.constant(loss) for task, loss in LOSSES.items()})
    weights = np.exp(logits) / np.exp(logits).sum()
    values = np.array(list(LOSSES.values()))
    joint = weights @ values
    assert float(total) == pytest.approx(joint, rel=1e-6)
    np.testing.assert_allclose(tape.gradient(total, weighting.logits.value), weights * (values - joint), rtol=1e-5)
