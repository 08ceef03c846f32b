"""Task weights that are drawn at random at each training step."""

from collections.abc import Sequence

import keras
import tensorflow as tf

from kerasemo.weighting.random_state import RandomState
from kerasemo.weighting.weighting import Step, Weighting

__all__ = ["RandomWeights"]


@keras.saving.register_keras_serializable("kerasemo")
class RandomWeights(Weighting):
    """Random loss weighting: at each training step w = total softmax(z), where z is standard normal.

    Source: Lin, Ye, Zhang and Tsang 2022, "Reasonable effectiveness of random weighting: a litmus test for multi-task
    learning" (arXiv:2111.10603). A method that learns its weights should be better than this baseline.

    The weights of a step depend only on the seed and the number of the step. The weights recorded in a history are
    those of the first step of the next epoch.

    Args:
        tasks: names of the tasks.
        seed: seed of the draws; None: drawn from Python's random numbers.
        total: the sum of the weights, above 0; 1 in the paper.
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
