"""Task weights that keep the gradient norms of the tasks similar."""

from collections.abc import Sequence
from typing import ClassVar

import keras
import tensorflow as tf

from kerasemo.errors import InputError
from kerasemo.weighting.weighting import Step, Weighting, across_replicas, per_replica

__all__ = ["GradNorm"]


@keras.saving.register_keras_serializable("kerasemo")
class GradNorm(Weighting):
    """Gradient normalisation: trains the weights so that tasks that learn more slowly get larger gradients.

    Source: Chen, Badrinarayanan, Lee and Rabinovich 2018, "GradNorm: gradient normalization for adaptive loss balancing
    in deep multitask networks", equations 1 and 2 and algorithm 1.

    W are the kernels of the last layer that all tasks share, G_t = ``|d(w_t L_t) / dW|``, and r_t is L_t / L_t(0)
    divided by its mean over the tasks. Gradient descent on the weights minimises the sum of
    ``|G_t - mean(G) r_t^alpha|``, where the second term is treated as a constant. The weights are 1 at the start, and
    are rescaled after each step to sum to the number of tasks. L_t(0) is the first loss of the task that is not 0.

    The paper trains the weights with a separate optimizer (Adam, learning rate 0.025): see `JointModel`. Each training
    step needs an additional partial backward pass for each task.

    Args:
        tasks: names of the tasks.
        alpha: how strongly slow tasks are favoured; 0 makes all norms equal.
    """

    asks_each_task: ClassVar[bool] = True

    def __init__(self, tasks: Sequence[str], alpha: float = 1.5, **kwargs):
        super().__init__(tasks, **kwargs)
        self.alpha = alpha
        n = len(self.tasks)
        self.trained_weights = self.add_weight(
            shape=(n,), initializer="ones", name="w", constraint=_rescaled_to_mean_one, aggregation="mean"
        )
        self.first_losses = self.add_weight(
            shape=(n,), initializer="zeros", name="first_losses", trainable=False, aggregation="only_first_replica"
        )

    def task_weights(self) -> dict[str, keras.KerasTensor]:
        return self.by_task(self.trained_weights)

    def gradients(self, step: Step) -> list[tf.Tensor | None]:
        """Return the gradients of the joint loss for the network, and of the GradNorm loss for the task weights.

        Args:
            step: the training step.

        Raises:
            InputError: No layer is shared by all tasks.
        """
        losses = tf.stack(across_replicas([step.losses[task] for task in self.tasks]))
        self.first_losses.assign(tf.where(self.first_losses == 0, losses, self.first_losses))
        inverse_rates = tf.math.divide_no_nan(losses, self.first_losses.value)
        weight_gradient = per_replica(self.weight_gradient(_shared_norms(step, self.tasks), inverse_rates))
        return [
            weight_gradient if variable is self.trained_weights else gradient
            for variable, gradient in zip(step.variables, super().gradients(step), strict=True)
        ]

    def weight_gradient(self, norms: tf.Tensor, inverse_rates: tf.Tensor) -> tf.Tensor:
        """Return the gradient of the sum of ``|G - mean(G) r^alpha|`` with respect to the task weights.

        Args:
            norms: norm of each task's unweighted gradient in the shared layer, `tasks`.
            inverse_rates: each task's loss divided by its first loss, `tasks`.

        Returns:
            The gradient, `tasks`; 0 if a norm is not finite.
        """
        weighted = self.trained_weights.value * norms
        relative_rates = tf.math.divide_no_nan(inverse_rates, tf.reduce_mean(inverse_rates))
        target = tf.reduce_mean(weighted) * relative_rates**self.alpha
        # If gradients overflow, the weights stay as they are; a loss-scaling optimizer skips such a step.
        is_finite = tf.reduce_all(tf.math.is_finite(norms))
        return tf.where(is_finite, tf.sign(weighted - target) * norms, 0)

    def get_config(self) -> dict:
        return {**super().get_config(), "alpha": self.alpha}


def _shared_norms(step: Step, tasks: Sequence[str]) -> tf.Tensor:
    """Return the norm of each task's gradient for the kernels of the last layer that all tasks share."""
    by_task = [step.gradients(step.losses[task]) for task in tasks]
    shared = [
        number
        for number, (variable, *gradients) in enumerate(zip(step.variables, *by_task, strict=True))
        if len(variable.shape) > 1 and not any(gradient is None for gradient in gradients)
    ]
    if not shared:
        raise InputError(
            f"gradnorm needs a layer that all tasks share ({', '.join(tasks)}), and the network has none; "
            "choose another weighting."
        )
    layer = _layer_path(step.variables[shared[-1]])
    kernels = [number for number in shared if _layer_path(step.variables[number]) == layer]
    return tf.stack(
        [tf.linalg.global_norm(across_replicas([gradients[number] for number in kernels])) for gradients in by_task]
    )


def _layer_path(variable: keras.Variable) -> str:
    return variable.path.rsplit("/", 1)[0]


def _rescaled_to_mean_one(weights: tf.Tensor) -> tf.Tensor:
    """Clip negative weights to 0 and rescale the weights to a mean of 1."""
    weights = tf.nn.relu(weights)
    return weights / tf.reduce_mean(weights)
