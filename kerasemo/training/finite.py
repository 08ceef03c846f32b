"""Training ends where a task weight is no longer a finite number, before the checkpoint is written over."""

import math
from pathlib import Path

import keras

from kerasemo.errors import InputError


class FiniteWeights(keras.callbacks.Callback):
    """Ends a training whose task weights are no longer finite.

    Stands before `Checkpoint`, so that the last good state stays.

    Args:
        checkpoint: where the state of the epoch before lies.

    Raises:
        InputError: a weight is NaN or infinite; names the epoch and the task, the one with a loss that is not finite if
            there is one, since it spoils the weights of all.
    """

    def __init__(self, checkpoint: Path):
        super().__init__()
        self.checkpoint = checkpoint

    def on_epoch_end(self, epoch, logs=None):
        weights = {task: float(weight) for task, weight in self.model.weighting.task_weights().items()}
        spoilt = [task for task, weight in weights.items() if not math.isfinite(weight)]
        if not spoilt:
            return
        losses = {task: float(logs[f"{task}_loss"]) for task in weights}
        task = next((task for task, loss in losses.items() if not math.isfinite(loss)), spoilt[0])
        kept = f"; the state after epoch {epoch} is kept in {self.checkpoint}" if epoch else ""
        raise InputError(
            f"in epoch {epoch + 1} the weight of task {task!r} became {weights[task]} (its loss: {losses[task]}); "
            f"lower the learning rate or choose another weighting{kept}."
        )
