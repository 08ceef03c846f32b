"""Where each method ends on two quadratic tasks whose Pareto front is known.

The losses are L_t = d_t^2 (|theta - a_t|^2 / 2 + FLOOR^2) with a = (0, 0) and (1, 0) and d = 1 and 2, so that the
second task is on a scale four times larger. The front is the line between the two optima, (x, 0) with 0 <= x <= 1.
"""

from functools import cache

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasemo.training.joint_model import JointModel
from kerasemo.weighting import WEIGHTINGS

OPTIMA = {"near": np.array([0.0, 0.0]), "far": np.array([1.0, 0.0])}
SCALES = {"near": 1.0, "far": 2.0}
START = np.array([0.3, 0.8])
FLOOR = 0.5


def losses(x: float, y: float = 0.0) -> np.ndarray:
    return np.array(
        [SCALES[t] ** 2 * (((np.array([x, y]) - OPTIMA[t]) ** 2).sum() / 2 + FLOOR**2) for t in OPTIMA], dtype=float
    )


@cache
def end_point(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Train with a weighting method, and return theta and the task weights at the end."""
    keras.utils.set_random_seed(0)
    one = keras.Input((1,), name="one")
    theta = keras.layers.Dense(2, use_bias=False, name="theta")
    outputs = {task: keras.layers.Rescaling(scale, name=task)(theta(one)) for task, scale in SCALES.items()}
    weighting = WEIGHTINGS[name](list(SCALES))
    weighting_optimizer = keras.optimizers.Adam(0.01) if weighting.trainable_variables else None
    mse = {task: keras.losses.MeanSquaredError() for task in SCALES}
    model = JointModel({"one": one}, outputs, losses=mse, weighting=weighting, weighting_optimizer=weighting_optimizer)
    theta.set_weights([START[np.newaxis]])
    model.compile(keras.optimizers.SGD(0.1))
    # Two items, one on each side of the optimum: their mean loss is FLOOR^2 at the optimum.
    targets = {t: SCALES[t] * (OPTIMA[t] + np.array([[FLOOR], [-FLOOR]])).astype("float32") for t in SCALES}
    stream = tf.data.Dataset.from_tensors(({"one": np.ones((2, 1), "float32")}, targets)).repeat()
    model.fit(stream, steps_per_epoch=150, epochs=5, shuffle=False, verbose=0)
    return np.asarray(theta.kernel)[0], np.array([float(w) for w in weighting.task_weights().values()])


@pytest.mark.parametrize("name", WEIGHTINGS)
def test_every_method_ends_on_the_front(name):
    (x, y), _ = end_point(name)
    assert abs(y) < 1e-4 and -1e-3 < x < 1 + 1e-3


# Dynamic weight average ends at the same point as static weights: when the losses no longer change, all ratios are 1.
@pytest.mark.parametrize("name", ["static", "dwa"])
def test_equal_weights_end_at_the_minimum_of_the_sum(name):
    (x, _), weights = end_point(name)
    assert x == pytest.approx(4 / 5, abs=1e-3)
    np.testing.assert_allclose(weights, 1, atol=2e-3)


def test_softmax_gives_all_weight_to_the_task_with_the_smaller_loss():
    (x, _), (near, far) = end_point("softmax")
    assert near > 0.98 and far < 0.02
    assert x == pytest.approx(0, abs=0.1)
    assert x == pytest.approx(far * 4 / (near + far * 4), abs=5e-3)


def test_uncertainty_ends_in_the_middle_independent_of_the_scales():
    (x, _), weights = end_point("uncertainty")
    assert x == pytest.approx(0.5, abs=2e-3)
    np.testing.assert_allclose(weights, 1 / (2 * losses(0.5)), rtol=5e-3)


def test_liebel_korner_ends_at_its_fixed_point():
    x = 0.5
    for _ in range(200):
        values = losses(x)
        weights = 2 / (values + np.sqrt(values**2 + 8 * values))
        x = 4 * weights[1] / (weights[0] + 4 * weights[1])
    (end, _), end_weights = end_point("liebel_korner")
    assert end == pytest.approx(x, abs=2e-3)
    np.testing.assert_allclose(end_weights, weights, rtol=5e-3)


def test_gradnorm_reduces_both_losses_by_the_same_factor():
    (x, _), weights = end_point("gradnorm")
    near, far = losses(x) / losses(*START)
    assert near == pytest.approx(far, rel=0.03)
    assert weights.sum() == pytest.approx(2, rel=1e-5)


def test_pcgrad_stops_when_gradients_are_opposed_although_their_sum_is_not_zero():
    (x, _), _ = end_point("pcgrad")
    assert abs(x - 4 / 5) > 0.02
