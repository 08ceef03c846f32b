import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasemo.errors import InputError
from kerasemo.training.joint_model import JointModel
from kerasemo.weighting import GradNorm

TASKS = ["a", "b"]


def model(weighting: GradNorm, weighting_optimizer=None, shared: bool = True) -> JointModel:
    """A model with outputs theta x for task a and 3 theta x for task b; theta starts at 1 and may be shared."""
    x = keras.Input((1,), name="x")
    layers = [keras.layers.Dense(1, use_bias=False, kernel_initializer="ones") for _ in TASKS]
    outputs = {
        task: keras.layers.Rescaling(scale, name=task)(layers[0 if shared else number](x))
        for number, (task, scale) in enumerate({"a": 1.0, "b": 3.0}.items())
    }
    losses = {task: keras.losses.MeanSquaredError() for task in TASKS}
    joint = JointModel({"x": x}, outputs, losses=losses, weighting=weighting, weighting_optimizer=weighting_optimizer)
    joint.compile(keras.optimizers.SGD(0.01))
    return joint


def batch() -> tuple[dict, dict]:
    return {"x": np.ones((2, 1), "float32")}, {task: np.zeros((2, 1), "float32") for task in TASKS}


def test_two_steps_by_hand():
    weighting = GradNorm(TASKS)
    joint = model(weighting, keras.optimizers.SGD(0.01))
    theta, weights, first = 1.0, np.ones(2), np.array([1.0, 9.0])
    for _ in range(2):
        joint.train_on_batch(*batch())
        losses, slopes = theta**2 * np.array([1, 9]), 2 * theta * np.array([1, 9])  # L = theta^2 and 9 theta^2
        norms = weights * slopes
        relative_rates = (losses / first) / (losses / first).mean()
        weight_gradient = np.sign(norms - norms.mean() * relative_rates**1.5) * slopes
        theta -= 0.01 * weights @ slopes
        weights = weights - 0.01 * weight_gradient
        weights = 2 * weights / weights.sum()
        np.testing.assert_allclose([float(w) for w in weighting.task_weights().values()], weights, rtol=1e-5)
        np.testing.assert_allclose(joint.trainable_variables[0], [[theta]], rtol=1e-5)


def test_weight_gradient_favours_the_slower_task():
    weighting = GradNorm(["a", "b", "c"])
    weighting.trained_weights.assign([1.5, 1.0, 0.5])
    norms, rates = np.array([1.0, 2.0, 4.0]), np.array([0.9, 0.3, 0.6])
    target = (np.array([1.5, 2, 2])).mean() * (rates / rates.mean()) ** 1.5
    expected = np.sign(np.array([1.5, 2, 2]) - target) * norms
    gradient = weighting.weight_gradient(tf.constant(norms, "float32"), tf.constant(rates, "float32"))
    np.testing.assert_array_equal(gradient, expected)
    assert gradient[0] < 0 < gradient[1]


def test_gradients_that_overflow_do_not_change_the_weights():
    gradient = GradNorm(TASKS).weight_gradient(tf.constant([np.inf, 1.0]), tf.constant([1.0, 1.0]))
    np.testing.assert_array_equal(gradient, [0, 0])


def test_network_without_a_shared_layer_is_an_error():
    with pytest.raises(InputError, match=r"^gradnorm needs a layer that all tasks share \(a, b\)"):
        model(GradNorm(TASKS), shared=False).fit(*batch(), verbose=0)
