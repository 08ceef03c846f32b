"""Task weights that depend on how fast each loss decreases."""

from collections.abc import Mapping, Sequence

import keras
import numpy as np

from kerasemo.weighting.weighting import Weighting

__all__ = ["DynamicWeightAverage"]


@keras.saving.register_keras_serializable("kerasemo")
class DynamicWeightAverage(Weighting):
    """Dynamic weight average: w = n softmax(r / T), with r_t the ratio of the task's last two epoch losses.

    Source: Liu, Johns and Davison 2019, "End-to-end multi-task learning with attention", equation 7. The n weights
    always sum to n, and are 1 in the first two epochs. A task whose loss decreases more slowly gets a larger weight.

    Args:
        tasks: names of the tasks.
        temperature: T, above 0. A larger value makes the weights more equal.

    Raises:
        ValueError: The temperature is not above 0.

    Example:
        >>> weighting = DynamicWeightAverage(["emotion", "gender"])
        >>> for losses in ({"emotion": 2.0, "gender": 1.0}, {"emotion": 2.0, "gender": 0.5}):
        ...     weighting.on_epoch_end(losses)
        >>> {task: round(float(weight), 3) for task, weight in weighting.task_weights().items()}
        {'emotion': 1.124, 'gender': 0.876}
    """

    def __init__(self, tasks: Sequence[str], temperature: float = 2.0, **kwargs):
        super().__init__(tasks, **kwargs)
        if not temperature > 0:
            raise ValueError(f"The temperature must be above 0. Received: temperature={temperature}")
        self.temperature = temperature
        n = len(self.tasks)
        self.ratios = self.add_weight(shape=(n,), initializer="ones", name="ratios", trainable=False)
        # 0 until the first epoch ends.
        self.last_losses = self.add_weight(shape=(n,), initializer="zeros", name="last_losses", trainable=False)

    def task_weights(self) -> dict[str, keras.KerasTensor]:
        return self.by_task(len(self.tasks) * keras.ops.softmax(self.ratios / self.temperature))

    def on_epoch_end(self, losses: Mapping[str, float]) -> None:
        """Update the loss ratios with the losses of an epoch. The ratio is 1 if the previous loss was 0.

        Args:
            losses: task -> mean training loss of the epoch that has ended.
        """
        previous = keras.ops.convert_to_numpy(self.last_losses)
        current = np.array([losses[task] for task in self.tasks], previous.dtype)
        self.ratios.assign(np.divide(current, previous, out=np.ones_like(current), where=previous != 0))
        self.last_losses.assign(current)

    def get_config(self) -> dict:
        return {**super().get_config(), "temperature": self.temperature}
