"""Task weights from the uncertainty of each task, with a joint loss that stays above 0."""

from collections.abc import Mapping, Sequence

import keras

from kerasemo.weighting.weighting import Weighting, per_replica

__all__ = ["LiebelKorner"]


@keras.saving.register_keras_serializable("kerasemo")
class LiebelKorner(Weighting):
    """Uncertainty weights with a non-negative regulariser: L = sum of L_t / (2 c_t^2) + ln(1 + c_t^2), c trained.

    Source: Liebel and Körner 2018, "Auxiliary tasks in multi-task learning" (arXiv:1805.06334). c is 1 at the start.
    Unlike with `Uncertainty`, the joint loss is never negative if no task loss is negative.

    At the optimum, c_t^2 = (L_t + sqrt(L_t^2 + 8 L_t)) / 4.

    Args:
        tasks: names of the tasks.

    Example:
        >>> losses = {"emotion": keras.ops.array(2.0), "gender": keras.ops.array(0.5)}
        >>> round(float(LiebelKorner(["emotion", "gender"])(losses)), 4)  # 1.25 + 2 ln 2
        2.6363
    """

    def __init__(self, tasks: Sequence[str], **kwargs):
        super().__init__(tasks, **kwargs)
        self.deviations = self.add_weight(shape=(len(self.tasks),), initializer="ones", name="c")

    def task_weights(self) -> dict[str, keras.KerasTensor]:
        return self.by_task(1 / (2 * keras.ops.square(self.deviations)))

    def call(self, losses: Mapping[str, keras.KerasTensor]) -> keras.KerasTensor:
        return super().call(losses) + per_replica(keras.ops.sum(keras.ops.log1p(keras.ops.square(self.deviations))))
