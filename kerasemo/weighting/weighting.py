"""The base class of all weightings."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import keras
import tensorflow as tf

__all__ = ["Step", "Weighting", "across_replicas", "per_replica"]


@dataclass(frozen=True)
class Step:
    """One training step, for weightings that need more than the gradient of the joint loss.

    With several devices, each device has its part of the batch: the losses and gradients of the whole batch are the
    sums of those of the devices.

    Attributes:
        losses: the loss of each task, scalars.
        penalty: the sum of the regularisers of the network's layers, a scalar.
        total: the loss to minimise: the weighted sum of the losses, plus the penalty.
        variables: all trained variables, including those of the weighting.
        tape: the tape on which the losses were recorded.
        scale: the factor that a loss-scaling optimizer expects in its gradients; otherwise 1.
    """

    losses: dict[str, tf.Tensor]
    penalty: tf.Tensor
    total: tf.Tensor
    variables: list[keras.Variable]
    tape: tf.GradientTape
    scale: tf.Tensor

    def gradients(self, loss: tf.Tensor) -> list[tf.Tensor | None]:
        """Return the scaled gradient of a scalar for each variable; None if the scalar does not depend on it.

        Args:
            loss: the scalar.
        """
        gradients = self.tape.gradient(loss, self.variables, output_gradients=self.scale)
        return [None if gradient is None else tf.convert_to_tensor(gradient) for gradient in gradients]


class Weighting(keras.layers.Layer):
    """Combines task losses into one loss. Its variables, if any, are trained, saved and restored with the model.

    A subclass defines `task_weights`, and overrides `call` if the joint loss has more terms than the weighted sum. It
    creates its variables in the constructor.

    Args:
        tasks: the names of the tasks, which are the names of the network's outputs that have a loss.

    Raises:
        ValueError: There is no task, or a name is used twice.
    """

    asks_each_task: ClassVar[bool] = False
    """Whether `gradients` computes the gradients of more than one scalar."""

    def __init__(self, tasks: Sequence[str], **kwargs):
        # Losses keep float32 under a mixed precision policy.
        super().__init__(**{"dtype": "float32", **kwargs})
        self.tasks = list(tasks)
        if not self.tasks or len(set(self.tasks)) < len(self.tasks):
            raise ValueError(f"A weighting needs distinct tasks. Received: tasks={self.tasks}")

    @abstractmethod
    def task_weights(self) -> dict[str, keras.KerasTensor]:
        """Return the current weight of each task, a scalar each. The history records them once per epoch."""

    def call(self, losses: Mapping[str, keras.KerasTensor]) -> keras.KerasTensor:
        """Return the joint loss to minimise: the sum of weight times loss over the tasks, a scalar.

        Args:
            losses: task -> its loss, a scalar.
        """
        weights = self.task_weights()
        return sum(weights[task] * losses[task] for task in self.tasks)

    def gradients(self, step: Step) -> list[tf.Tensor | None]:
        """Return the gradient that the optimizer applies to each variable of the step: that of the joint loss.

        Args:
            step: the training step.
        """
        return step.gradients(step.total)

    def on_epoch_end(self, losses: Mapping[str, float]) -> None:
        """Receive each task's mean training loss of the epoch that has ended. Most methods ignore it.

        Args:
            losses: task -> its mean loss.
        """

    def by_task(self, values: keras.KerasTensor) -> dict[str, keras.KerasTensor]:
        """Return a vector with one entry per task as scalars by task name.

        Args:
            values: the vector, in the order of `tasks`.
        """
        return dict(zip(self.tasks, keras.ops.unstack(values, len(self.tasks)), strict=True))

    def get_config(self) -> dict:
        return {**super().get_config(), "tasks": self.tasks}


def per_replica(term: keras.KerasTensor) -> keras.KerasTensor:
    """Return a term that every device computes in full, such as a regulariser, divided by the number of devices.

    Args:
        term: a tensor.
    """
    return term / tf.distribute.get_strategy().num_replicas_in_sync


def across_replicas(tensors: Sequence[tf.Tensor | None]) -> list[tf.Tensor | None]:
    """Return the sum of each tensor over all devices, on every device; None stays None.

    Args:
        tensors: the tensors of this device.
    """
    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        return list(tensors)
    sums = iter(context.all_reduce(tf.distribute.ReduceOp.SUM, [tensor for tensor in tensors if tensor is not None]))
    return [None if tensor is None else next(sums) for tensor in tensors]
