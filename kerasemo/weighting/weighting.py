"""What every weighting has in common."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import keras
import tensorflow as tf


@dataclass(frozen=True)
class Step:
    """One training step, as a weighting sees it that needs more than the gradient of the joint loss.

    On several devices each sees its own part of the batch: losses and gradients are summands of those of the batch.

    Attributes:
        losses: the loss of each task, scalars.
        penalty: the regularisers of the network's layers, a scalar.
        total: the loss to minimise: the weighting of the losses, plus the penalty.
        variables: what is trained, the weighting's own variables included.
        tape: has recorded the above.
        scale: the factor that a loss-scaling optimizer expects in its gradients; otherwise 1.
    """

    losses: dict[str, tf.Tensor]
    penalty: tf.Tensor
    total: tf.Tensor
    variables: list[keras.Variable]
    tape: tf.GradientTape
    scale: tf.Tensor

    def gradients(self, loss: tf.Tensor) -> list[tf.Tensor | None]:
        """The gradient of a scalar for each variable, times the scale; None where it does not depend on it."""
        gradients = self.tape.gradient(loss, self.variables, output_gradients=self.scale)
        return [None if gradient is None else tf.convert_to_tensor(gradient) for gradient in gradients]


class Weighting(keras.layers.Layer):
    """Turns task losses into one loss; its variables, where it has any, are trained, saved and restored with the model.

    A method is a subclass with `task_weights`, and with a `call` of its own where the sum needs further terms. It
    makes its variables in the constructor.

    Args:
        tasks: the names of the tasks, which are the names of the network's outputs that have a loss.

    Raises:
        ValueError: no task, or one stands twice.
    """

    asks_each_task: ClassVar[bool] = False
    """Whether `gradients` takes the gradient of more than one scalar."""

    def __init__(self, tasks: Sequence[str], **kwargs):
        # Losses keep float32 under a mixed precision policy.
        super().__init__(**{"dtype": "float32", **kwargs})
        self.tasks = list(tasks)
        if not self.tasks or len(set(self.tasks)) < len(self.tasks):
            raise ValueError(f"A weighting needs distinct tasks. Received: tasks={self.tasks}")

    @abstractmethod
    def task_weights(self) -> dict[str, keras.KerasTensor]:
        """The present weight of each task, a scalar each; what the history records once an epoch."""

    def call(self, losses: Mapping[str, keras.KerasTensor]) -> keras.KerasTensor:
        """The one loss to minimise: the sum of weight times loss over the tasks, a scalar."""
        weights = self.task_weights()
        return sum(weights[task] * losses[task] for task in self.tasks)

    def gradients(self, step: Step) -> list[tf.Tensor | None]:
        """What the optimizer gets for each of the step's variables: the gradient of the joint loss."""
        return step.gradients(step.total)

    def on_epoch_end(self, losses: Mapping[str, float]) -> None:
        """Learn each task's mean training loss of the epoch that ends; most methods have no use for it."""

    def by_task(self, values: keras.KerasTensor) -> dict[str, keras.KerasTensor]:
        """A vector with an entry a task, as scalars by name."""
        return dict(zip(self.tasks, keras.ops.unstack(values, len(self.tasks)), strict=True))

    def get_config(self) -> dict:
        return {**super().get_config(), "tasks": self.tasks}


def per_replica(term: keras.KerasTensor) -> keras.KerasTensor:
    """A term that each of several devices has in full, such as a regulariser, as its share of their sum."""
    return term / tf.distribute.get_strategy().num_replicas_in_sync


def across_replicas(tensors: Sequence[tf.Tensor | None]) -> list[tf.Tensor | None]:
    """Each tensor summed over the devices, all of which get the sum; None stays."""
    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        return list(tensors)
    sums = iter(context.all_reduce(tf.distribute.ReduceOp.SUM, [tensor for tensor in tensors if tensor is not None]))
    return [None if tensor is None else next(sums) for tensor in tensors]
