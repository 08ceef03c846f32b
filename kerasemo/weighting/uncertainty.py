"""Task weights from the uncertainty of each task."""

from collections.abc import Mapping, Sequence

import keras

from kerasemo.weighting.weighting import Weighting, per_replica


@keras.saving.register_keras_serializable("kerasemo")
class Uncertainty(Weighting):
    """Homoscedastic uncertainty: L = sum of exp(-s_t) L_t + s_t / 2, with the log variance s_t of each task trained.

    Source: Kendall, Gal and Cipolla 2018, "Multi-task learning using uncertainty to weigh losses for scene geometry and
    semantics" (arXiv:1705.07115), section 3.2, in the form for classification. s is 0 at the start.

    At the optimum, s_t = ln(2 L_t): the weight of a task is proportional to the inverse of its loss. The joint loss may
    become negative, and it has no minimum if the loss of a task can reach 0.

    Args:
        tasks: names of the tasks.

    Example:
        >>> losses = {"emotion": keras.ops.array(2.0), "gender": keras.ops.array(0.5)}
        >>> float(Uncertainty(["emotion", "gender"])(losses))
        2.5
    """

    def __init__(self, tasks: Sequence[str], **kwargs):
        super().__init__(tasks, **kwargs)
        self.log_variances = self.add_weight(shape=(len(self.tasks),), initializer="zeros", name="log_variances")

    def task_weights(self) -> dict[str, keras.KerasTensor]:
        return self.by_task(keras.ops.exp(-self.log_variances))

    def call(self, losses: Mapping[str, keras.KerasTensor]) -> keras.KerasTensor:
        return super().call(losses) + per_replica(keras.ops.sum(self.log_variances) / 2)
