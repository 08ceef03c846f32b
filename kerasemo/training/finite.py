"""Stops training if a task weight is not finite, before the checkpoint is overwritten."""

import math

import keras

from kerasemo.errors import InputError
from kerasemo.training.callbacks import Checkpoint

__all__ = ["FiniteWeights"]


class FiniteWeights(keras.callbacks.Callback):
    """Stops training if a task weight is not finite.

    It must come before `Checkpoint` in the list of callbacks, so that the last good state is kept.

    Args:
        checkpoint: the callback that saves the state of earlier epochs.

    Raises:
        InputError: A weight is NaN or infinite. The message names the epoch and the task; if a loss is not finite, it
            names the task of this loss, which can make the weights of all tasks NaN.
    """

    def __init__(self, checkpoint: Checkpoint):
        super().__init__()
        self.checkpoint = checkpoint

    def on_epoch_end(self, epoch, logs=None):
        weights = {task: float(weight) for task, weight in self.model.weighting.task_weights().items()}
        not_finite = [task for task, weight in weights.items() if not math.isfinite(weight)]
        if not not_finite:
            return
        losses = {task: float(logs[f"{task}_loss"]) for task in weights}
        task = next((task for task, loss in losses.items() if not math.isfinite(loss)), not_finite[0])
        saved = self.checkpoint.saved_epoch
        kept = f"; the state after epoch {saved} is kept in {self.checkpoint.path}" if saved else ""
        raise InputError(
            f"in epoch {epoch + 1} the weight of task {task!r} became {weights[task]} (its loss: {losses[task]}); "
            f"lower the learning rate or choose another weighting{kept}."
        )
