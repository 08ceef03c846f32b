"""Removal of conflicts between the gradients of the tasks."""

from collections.abc import Sequence
from typing import ClassVar

import keras
import tensorflow as tf

from kerasemo.weighting.random_state import RandomState
from kerasemo.weighting.weighting import Step, Weighting, across_replicas

__all__ = ["PCGrad", "projected_shares"]


@keras.saving.register_keras_serializable("kerasemo")
class PCGrad(Weighting):
    """Gradient surgery: removes from each task gradient its component against the other tasks, then sums them.

    Source: Yu, Kumar, Gupta, Levine, Hausman and Finn 2020, "Gradient surgery for multi-task learning", algorithm 1.
    Two task gradients conflict if their inner product is negative. Each gradient is then projected onto the normal
    plane of the other tasks' original gradients, one after the other, in a random order that is drawn at each step. A
    gradient covers all trained variables together. Regularisers are added afterwards, without projection.

    The joint loss is the plain sum, and all weights are 1. Each training step needs one backward pass per task.

    Args:
        tasks: names of the tasks.
        seed: seed of the random orders; None: drawn from Python's random numbers.
    """

    asks_each_task: ClassVar[bool] = True

    def __init__(self, tasks: Sequence[str], seed: int | None = None, **kwargs):
        super().__init__(tasks, **kwargs)
        self.random_state = RandomState(self, seed)

    def task_weights(self) -> dict[str, keras.KerasTensor]:
        return self.by_task(tf.ones(len(self.tasks)))

    def gradients(self, step: Step) -> list[tf.Tensor | None]:
        by_task = [step.gradients(step.losses[task]) for task in self.tasks]
        n = len(self.tasks)
        orders = tf.argsort(tf.random.stateless_uniform((n, n), self.random_state.value))
        self.random_state.advance()
        shares = tf.unstack(projected_shares(_products([across_replicas(gradients) for gradients in by_task]), orders))
        weighted = [
            [None if gradient is None else share * gradient for gradient in gradients]
            for share, gradients in zip(shares, by_task, strict=True)
        ]
        return [_sum(terms) for terms in zip(*weighted, step.gradients(step.penalty), strict=True)]

    def get_config(self) -> dict:
        return {**super().get_config(), "seed": self.random_state.seed}


def projected_shares(products: tf.Tensor, orders: tf.Tensor) -> tf.Tensor:
    """Return the factor of each original task gradient in the sum of the projected gradients.

    The projections stay in the span of the task gradients, so their inner products are sufficient to compute them.

    Args:
        products: inner products of the task gradients, `tasks x tasks`.
        orders: for each task (row), the order in which it is projected against all tasks, `tasks x tasks`; the entry
            for the task itself is ignored.

    Returns:
        One factor per task, `tasks`.
    """
    n = products.shape[0]
    shares = tf.eye(n)  # row i: projected gradient i in terms of the original ones
    for others in tf.unstack(orders, axis=1):
        product = tf.reduce_sum(shares * tf.gather(products, others), axis=1)
        conflicts = (product < 0) & (others != tf.range(n))
        surplus = tf.math.divide_no_nan(product, tf.gather(tf.linalg.diag_part(products), others))
        shares -= tf.one_hot(others, n) * tf.where(conflicts, surplus, 0)[:, tf.newaxis]
    return tf.reduce_sum(shares, axis=0)


def _products(by_task: Sequence[Sequence[tf.Tensor | None]]) -> tf.Tensor:
    """Return the inner products of the task gradients over all variables, `tasks x tasks`."""

    def product(a: Sequence[tf.Tensor | None], b: Sequence[tf.Tensor | None]) -> tf.Tensor:
        pairs = [(x, y) for x, y in zip(a, b, strict=True) if x is not None and y is not None]
        return tf.add_n([tf.zeros(()), *(tf.tensordot(x, y, len(x.shape)) for x, y in pairs)])

    upper = {(i, j): product(a, b) for i, a in enumerate(by_task) for j, b in enumerate(by_task) if i <= j}
    numbers = range(len(by_task))
    return tf.stack([[upper[min(i, j), max(i, j)] for j in numbers] for i in numbers])


def _sum(terms: Sequence[tf.Tensor | None]) -> tf.Tensor | None:
    present = [term for term in terms if term is not None]
    return tf.add_n(present) if present else None
