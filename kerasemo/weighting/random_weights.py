"""Weights drawn anew at each step."""

from collections.abc import Sequence

import keras
import tensorflow as tf

from kerasemo.weighting.random_state import RandomState
from kerasemo.weighting.weighting import Step, Weighting


@keras.saving.register_keras_serializable("kerasemo")
class RandomWeights(Weighting):
    """Random loss weighting: at each training step w = total softmax(z), z standard normal.

    Lin, Ye, Zhang and Tsang 2022, "Reasonable effectiveness of random weighting: a litmus test for multi-task
    learning" (arXiv:2111.10603): what any method that learns its weights must beat.

    The draw of a step depends on seed and number of the step alone. The weights in a history are those that the first
    step of the next epoch takes.

    Args:
        tasks: names of the tasks.
        seed: of the draws; None: drawn from Python's random numbers.
        total: what the weights add up to, above 0; the paper's is 1.
    """

    def __init__(self, tasks: Sequence[str], seed: int | None = None, total: float = 1.0, **kwargs):
        super().__init__(tasks, **kwargs)
        self.total = total
        self.random_state = RandomState(self, seed)

    def task_weights(self) -> dict[str, keras.KerasTensor]:
        logits = tf.random.stateless_normal((len(self.tasks),), self.random_state.value)
        return self.by_task(self.total * tf.nn.softmax(logits))

    def gradients(self, step: Step) -> list[tf.Tensor | None]:
        gradients = super().gradients(step)
        self.random_state.advance()
        return gradients

    def get_config(self) -> dict:
        return {**super().get_config(), "seed": self.random_state.seed, "total": self.total}
