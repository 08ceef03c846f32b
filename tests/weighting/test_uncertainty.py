import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

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


def test_half_of_a_squared_error_is_weighted_so_that_the_loss_is_that_of_a_normal_distribution():
    generator = np.random.default_rng(0)
    errors, log_variance = generator.normal(size=50), 0.7
    weighting = Uncertainty(["number"], squared=["number"])
    weighting.log_variances.assign([log_variance])
    expected = -stats.norm(0, np.exp(log_variance / 2)).logpdf(errors).mean() - np.log(2 * np.pi) / 2
    assert float(weighting({"number": np.float32((errors**2).mean())})) == pytest.approx(expected, rel=1e-6)
    assert float(weighting.task_weights()["number"]) == pytest.approx(np.exp(-log_variance) / 2, rel=1e-6)


def test_the_optimum_of_a_squared_error_is_its_logarithm():
    weighting = Uncertainty(["class", "number"], squared=["number"])
    losses = tf.constant([1.5, 0.4])
    weighting.log_variances.assign(np.log([3.0, 0.4]))
    with tf.GradientTape() as tape:
        total = weighting({"class": losses[0], "number": losses[1]})
    np.testing.assert_allclose(tape.gradient(total, weighting.log_variances.value), 0, atol=1e-6)


def test_squared_is_saved():
    assert Uncertainty.from_config(Uncertainty(["a", "b"], squared=["b"]).get_config()).squared == ["b"]
