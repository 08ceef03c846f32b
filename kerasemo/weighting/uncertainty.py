"""Task weights from the uncertainty of each task."""

from collections.abc import Collection, Mapping, Sequence

import keras

from kerasemo.weighting.weighting import Weighting, per_replica

__all__ = ["Uncertainty"]


@keras.saving.register_keras_serializable("kerasemo")
class Uncertainty(Weighting):
    """Homoscedastic uncertainty: L = sum of exp(-s_t) L_t + s_t / 2, with the log variance s_t of each task trained.

    Source: Kendall, Gal and Cipolla 2018, "Multi-task learning using uncertainty to weigh losses for scene geometry and
    semantics" (arXiv:1705.07115), section 3.2, in the form for classification; s is 0 at the start. The form for
    regression has half of a squared error: exp(-s_t) L_t / 2 + s_t / 2 (equation 7).

    At the optimum, s_t = ln(2 L_t), or ln(L_t) for a squared error: the weight of a task is proportional to the inverse
    of its loss. The joint loss may become negative, and it has no minimum if the loss of a task can reach 0.

    Args:
        tasks: names of the tasks.
        squared: the tasks whose loss is a squared error.

    Example:
        >>> losses = {"emotion": keras.ops.array(2.0), "gender": keras.ops.array(0.5)}
        >>> float(Uncertainty(["emotion", "gender"])(losses))
        2.5
    """

    def __init__(self, tasks: Sequence[str], squared: Collection[str] = (), **kwargs):
        super().__init__(tasks, **kwargs)
        self.squared = list(squared)
        self.log_variances = self.add_weight(shape=(len(self.tasks),), initializer="zeros", name="log_variances")

    def task_weights(self) -> dict[str, keras.KerasTensor]:
        factors = [0.5 if task in self.squared else 1.0 for task in self.tasks]
        return self.by_task(factors * keras.ops.exp(-self.log_variances))

    def call(self, losses: Mapping[str, keras.KerasTensor]) -> keras.KerasTensor:
        return super().call(losses) + per_replica(keras.ops.sum(self.log_variances) / 2)

    def get_config(self) -> dict:
        return {**super().get_config(), "squared": self.squared}
