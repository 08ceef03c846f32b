"""What every weighting has in common."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence

import keras


class Weighting(keras.layers.Layer):
    """Turns task losses into one loss; its variables, where it has any, are trained, saved and restored with the model.

    A method is a subclass with `task_weights`, and with a `call` of its own where the sum needs further terms.

    Args:
        tasks: the names of the tasks, which are the names of the network's outputs that have a loss.

    Raises:
        ValueError: no task, or one stands twice.
    """

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

    def get_config(self) -> dict:
        return {**super().get_config(), "tasks": self.tasks}
