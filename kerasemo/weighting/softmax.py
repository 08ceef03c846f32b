"""Task weights that are the softmax of trained logits."""

from collections.abc import Sequence

import keras

from kerasemo.weighting.weighting import Weighting

__all__ = ["Softmax"]


@keras.saving.register_keras_serializable("kerasemo")
class Softmax(Weighting):
    """Task weights on the simplex, trained with the network: L = sum of w_t L_t, w = softmax(lambda).

    Source: Chae, Kim, Shin, Kim and Lee 2018, "End-to-end multimodal emotion and gender recognition with dynamic
    weights of joint loss", equations 1 to 3. lambda is 0 at the start, so all weights are equal.

    The gradient for lambda_t is w_t (L_t - L). No regulariser limits the weights, so they drift towards the task with
    the smallest loss. `docs/softmax_weights.md` shows how fast.

    Args:
        tasks: names of the tasks.
        total: the sum of the weights, above 0; 1 in the paper.

    Example:
        >>> losses = {"emotion": keras.ops.array(2.0), "gender": keras.ops.array(0.5)}
        >>> float(Softmax(["emotion", "gender"])(losses))
        1.25
    """

    def __init__(self, tasks: Sequence[str], total: float = 1.0, **kwargs):
        super().__init__(tasks, **kwargs)
        self.total = total
        self.logits = self.add_weight(shape=(len(self.tasks),), initializer="zeros", name="lambda")

    def task_weights(self) -> dict[str, keras.KerasTensor]:
        return self.by_task(self.total * keras.ops.softmax(self.logits))

    def get_config(self) -> dict:
        return {**super().get_config(), "total": self.total}
