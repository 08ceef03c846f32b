import numpy as np
import pytest
import tensorflow as tf

from kerasemo.weighting import LiebelKorner

LOSSES = np.array([0.5, 2.0, 1.25])


def value_and_gradient(c) -> tuple[float, np.ndarray]:
    weighting = LiebelKorner(["a", "b", "c"])
    weighting.deviations.assign(c)
    with tf.GradientTape() as tape:
        total = weighting(dict(zip("abc", tf.constant(LOSSES, "float32"), strict=True)))
    return float(total), np.asarray(tape.gradient(total, weighting.deviations.value))


def test_weights_are_one_half_at_the_start():
    assert [float(weight) for weight in LiebelKorner(["a", "b"]).task_weights().values()] == [0.5, 0.5]


def test_value_and_gradient():
    c = np.array([0.3, -1.0, 2.0])
    total, gradient = value_and_gradient(c)
    assert total == pytest.approx((LOSSES / (2 * c**2) + np.log(1 + c**2)).sum(), rel=1e-6)
    np.testing.assert_allclose(gradient, 2 * c / (1 + c**2) - LOSSES / c**3, rtol=1e-5)


def test_gradient_is_zero_at_the_closed_form_optimum():
    _, gradient = value_and_gradient(np.sqrt((LOSSES + np.sqrt(LOSSES**2 + 8 * LOSSES)) / 4))
    np.testing.assert_allclose(gradient, 0, atol=1e-6)


@pytest.mark.parametrize("c", [1e-3, 0.1, 1.0, 30.0])
def test_the_joint_loss_is_never_negative(c):
    weighting = LiebelKorner(["a"])
    weighting.deviations.assign([c])
    assert float(weighting({"a": tf.constant(0.0)})) >= 0
