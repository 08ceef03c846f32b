import itertools

import numpy as np
import pytest
import tensorflow as tf

from kerasemo.weighting.pcgrad import projected_shares


def surgery(gradients: np.ndarray, orders) -> np.ndarray:
    """Algorithm 1 of the paper, implemented literally."""
    total = np.zeros(gradients.shape[1])
    for i, order in enumerate(orders):
        projected = gradients[i].copy()
        for j in order:
            if j != i and projected @ gradients[j] < 0:
                projected -= projected @ gradients[j] / (gradients[j] @ gradients[j]) * gradients[j]
        total += projected
    return total


def shares(gradients: np.ndarray, orders) -> np.ndarray:
    return np.asarray(projected_shares(tf.constant(gradients @ gradients.T, "float32"), tf.constant(orders)))


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_equals_the_algorithm_of_the_paper(order):
    orders = [order, order[::-1], (1, 2, 0)]
    generator = np.random.default_rng(0)
    conflicts = 0
    for _ in range(20):
        gradients = generator.normal(size=(3, 4))
        np.testing.assert_allclose(shares(gradients, orders) @ gradients, surgery(gradients, orders), atol=1e-4)
        conflicts += (gradients @ gradients.T < 0).any()
    assert conflicts > 10


def test_two_conflicting_gradients_by_hand():
    gradients = np.array([[1.0, 0.0], [-1.0, 1.0]])
    # (1, 0) without its component along (-1, 1) is (.5, .5); (-1, 1) becomes (0, 1).
    np.testing.assert_allclose(shares(gradients, [[0, 1], [0, 1]]) @ gradients, [0.5, 1.5], atol=1e-6)


def test_gradients_that_agree_are_summed():
    np.testing.assert_array_equal(shares(np.array([[1.0, 0.0], [1.0, 1.0]]), [[0, 1], [1, 0]]), [1, 1])


def test_a_task_without_a_gradient_changes_nothing():
    np.testing.assert_array_equal(shares(np.array([[1.0, 0.0], [0.0, 0.0]]), [[0, 1], [1, 0]]), [1, 1])
