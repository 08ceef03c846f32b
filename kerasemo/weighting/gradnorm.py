"""Weights that keep the tasks' gradients at like norms."""

from collections.abc import Sequence
from typing import ClassVar

import keras
import tensorflow as tf

from kerasemo.errors import InputError
from kerasemo.weighting.weighting import Step, Weighting, across_replicas, per_replica


@keras.saving.register_keras_serializable("kerasemo")
class GradNorm(Weighting):
    """Gradient normalisation: trains the weights so that tasks that learn slower get larger gradients.

    Chen, Badrinarayanan, Lee and Rabinovich 2018, "GradNorm: gradient normalization for adaptive loss balancing in deep
    multitask networks", equations 1 and 2 and algorithm 1. With W the kernels of the last layer that all tasks share,
    G_t = |d(w_t L_t) / dW| and r_t = L_t / L_t(0) over its mean, the weights descend on the sum of
    |G_t - mean(G) r_t^alpha|, the second term taken as constant, and are scaled to sum to the number of tasks; they
    are 1 at the start. L_t(0) is the task's first loss that is not 0.

    The paper gives the weights an optimizer of their own (Adam at 0.025): see `JointModel`. A step takes a part of a
    backward pass more for each task.

    Args:
        tasks: names of the tasks.
        alpha: how strongly slow tasks are helped; 0 makes all norms equal.
    """

    asks_each_task: ClassVar[bool] = True

    def __init__(self, tasks: Sequence[str], alpha: float = 1.5, **kwargs):
        super().__init__(tasks, **kwargs)
        self.alpha = alpha
        n = len(self.tasks)
        self.trained_weights = self.add_weight(
            shape=(n,), initializer="ones", name="w", constraint=_sums_to_its_length, aggregation="mean"
        )
        self.first_losses = self.add_weight(
            shape=(n,), initializer="zeros", name="first_losses", trainable=False, aggregation="only_first_replica"
        )

    def task_weights(self) -> dict[str, keras.KerasTensor]:
        return self.by_task(self.trained_weights)

    def gradients(self, step: Step) -> list[tf.Tensor | None]:
        """The gradient of the joint loss for the network, and that of the distance of the norms for the weights.

        Raises:
            InputError: no layer is shared by all tasks.
        """
        losses = tf.stack(across_replicas([step.losses[task] for task in self.tasks]))
        self.first_losses.assign(tf.where(self.first_losses == 0, losses, self.first_losses))
        inverse_rates = tf.math.divide_no_nan(losses, self.first_losses.value)
        pull = per_replica(self.weight_gradient(_shared_norms(step, self.tasks), inverse_rates))
        return [
            pull if variable is self.trained_weights else gradient
            for variable, gradient in zip(step.variables, super().gradients(step), strict=True)
        ]

    def weight_gradient(self, norms: tf.Tensor, inverse_rates: tf.Tensor) -> tf.Tensor:
        """The gradient of the sum of |G - mean(G) r^alpha| for the weights.

        Args:
            norms: of each task's unweighted gradient in the shared layer.
            inverse_rates: of each task its loss over its first loss.
        """
        weighted = self.trained_weights.value * norms
        pace = tf.math.divide_no_nan(inverse_rates, tf.reduce_mean(inverse_rates))
        target = tf.reduce_mean(weighted) * pace**self.alpha
        # Overflown gradients are nothing to learn from: a loss-scaling optimizer skips such a step.
        is_finite = tf.reduce_all(tf.math.is_finite(norms))
        return tf.where(is_finite, tf.sign(weighted - target) * norms, 0)

    def get_config(self) -> dict:
        return {**super().get_config(), "alpha": self.alpha}


def _shared_norms(step: Step, tasks: Sequence[str]) -> tf.Tensor:
    """The norm of each task's gradient for the kernels of the last layer that all share."""
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
    layer = _layer(step.variables[shared[-1]])
    kernels = [number for number in shared if _layer(step.variables[number]) == layer]
    return tf.stack(
        [tf.linalg.global_norm(across_replicas([gradients[number] for number in kernels])) for gradients in by_task]
    )


def _layer(variable: keras.Variable) -> str:
    return variable.path.rsplit("/", 1)[0]


def _sums_to_its_length(weights: tf.Tensor) -> tf.Tensor:
    """Weights of 0 or more, scaled to the mean 1."""
    weights = tf.nn.relu(weights)
    return weights / tf.reduce_mean(weights)
