import numpy as np
import pytest
import tensorflow as tf
from keras.src.testing import TestCase

from kerasemo.layers import LocalResponseNormalization


def test_values_equal_the_formula_of_the_paper():
    x = np.random.default_rng(0).normal(0, 100, (2, 3, 4, 7)).astype("float32")
    expected = np.empty_like(x)
    for channel in range(7):
        squares = np.square(x[..., max(0, channel - 2) : channel + 3]).sum(axis=-1)
        expected[..., channel] = x[..., channel] / (2 + 1e-4 * squares) ** 0.75
    np.testing.assert_allclose(LocalResponseNormalization()(x), expected, rtol=1e-5)


def test_gradient_by_finite_differences():
    x = np.random.default_rng(1).normal(0, 100, (1, 1, 1, 6)).astype("float32")
    upstream = np.random.default_rng(2).normal(size=6)
    layer, inputs = LocalResponseNormalization(), tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        value = tf.reduce_sum(layer(inputs) * upstream.astype("float32"))
    gradient = tape.gradient(value, inputs).numpy().reshape(-1)
    for channel in range(6):
        ends = []
        for sign in (1, -1):
            moved = x.copy()
            moved[..., channel] += sign
            ends.append(float(np.sum(np.asarray(layer(moved), "float64") * upstream)))
        assert gradient[channel] == pytest.approx((ends[0] - ends[1]) / 2, abs=1e-4)


def test_harness_of_keras():
    case = TestCase()
    case.setUp()
    case.run_layer_test(LocalResponseNormalization, {}, input_shape=(2, 4, 4, 8), expected_output_shape=(2, 4, 4, 8))
