"""Fixed task weights."""

from collections.abc import Mapping, Sequence

import keras

from kerasemo.weighting.weighting import Weighting

__all__ = ["Static"]


@keras.saving.register_keras_serializable("kerasemo")
class Static(Weighting):
    """Fixed task weights: L = sum of w_t L_t.

    With the weights `{"emotion_audio": 1, "emotion_image": beta}` this is the joint loss of architecture 0
    (goswami2018, section 4.7).

    Args:
        weights: each task's weight, 0 or more. A task with weight 0 is reported but not trained.

    Raises:
        ValueError: A weight is negative, or all weights are 0.

    Example:
        >>> losses = {"emotion": keras.ops.array(0.25), "gender": keras.ops.array(2.0)}
        >>> total = Static({"emotion": 1.0, "gender": 0.5})(losses)
        >>> float(total)
        1.25
    """

    def __init__(self, weights: Mapping[str, float], **kwargs):
        super().__init__(tasks=list(weights), **kwargs)
        self.weights_by_task = {task: float(weight) for task, weight in weights.items()}
        values = self.weights_by_task.values()
        if not all(value >= 0 for value in values) or not any(values):
            raise ValueError(f"Static weights must be 0 or more, and one above 0. Received: weights={dict(weights)}")

    @classmethod
    def equal(cls, tasks: Sequence[str]) -> "Static":
        """Return a weighting in which every task has the weight 1.

        Args:
            tasks: names of the tasks.
        """
        return cls(dict.fromkeys(tasks, 1.0))

    def task_weights(self) -> dict[str, keras.KerasTensor]:
        return {task: keras.ops.convert_to_tensor(weight) for task, weight in self.weights_by_task.items()}

    def get_config(self) -> dict:
        config = super().get_config()
        del config["tasks"]
        return {**config, "weights": self.weights_by_task}
