import numpy as np
import pytest
import tensorflow as tf

from kerasemo.weighting import Uncertainty

LOSSES = np.array([0.5, 2.0, 1.25])


def value_and_gradient(log_variances) -> tuple[float, np.ndarray]:
    weighting = Uncertainty(["a", "b", "c"])
    weighting.log_variances.assign(log_variances)
    with tf.GradientTape() as tape:
        total = weighting(dict(zip("abc", tf.constant(LOSSES, "float32"), strict=True)))
    return float(total), np.asarray(tape.gradient(total, weighting.log_variances.value))


def test_weights_are_one_at_the_start():
    assert [float(weight) for weight in Uncertainty(["a", "b"]).task_weights().values()] == [1, 1]


def test_value_and_gradient():
    s = np.array([0.3, -1.0, 2.0])
    total, gradient = value_and_gradient(s)
    assert total == pytest.approx((np.exp(-s) * LOSSES + s / 2).sum(), rel=1e-6)
    np.testing.assert_allclose(gradient, 0.5 - np.exp(-s) * LOSSES, rtol=1e-5)


def test_the_optimum_is_the_logarithm_of_twice_the_loss():
    total, gradient = value_and_gradient(np.log(2 * LOSSES))
    np.testing.assert_allclose(gradient, 0, atol=1e-6)
    assert total == pytest.approx((0.5 + np.log(2 * LOSSES) / 2).sum(), rel=1e-5)
