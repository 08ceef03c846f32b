"""Saves the complete state of training in one file at the end of an epoch, and ends training early."""

import io
import json
import time
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
import pandas as pd

from kerasemo import files
from kerasemo.training.best_epoch import first_lowest, validation_losses
from kerasemo.training.joint_model import all_variables

__all__ = ["SAVE_EVERY_S", "Checkpoint", "EarlyStopping", "restore"]

SAVE_EVERY_S = 1.0
"""Least time between two states on disk, seconds: so much work may be lost, and short epochs do not wait for files."""


class Checkpoint(keras.callbacks.Callback):
    """Saves the state of training after an epoch, so that resumed training equals uninterrupted training.

    It is saved at most once per `SAVE_EVERY_S`; a resumed run repeats the epochs since then, with the same numbers.

    The state is one `.npz` file, written completely or not at all: all variables of the model (weights, the state of
    the random numbers of dropout, metrics), of its optimizers and of the weighting, and the history. `.keras` files and
    `BackupAndRestore` do not contain the state of the random numbers.

    Args:
        path: the file, which `restore` can read.
        history: history of the epochs before this `fit`, the result of `restore`.

    Attributes:
        saved_epoch: the epoch, from 1, whose state is in the file; 0: none.
    """

    def __init__(self, path: Path, history: pd.DataFrame):
        super().__init__()
        self.path = path
        self.rows = history.to_dict("records")
        self.saved_epoch = len(history)
        self._saved_s = time.monotonic()

    def on_epoch_end(self, epoch, logs=None):
        self.rows.append({"epoch": epoch + 1, **{name: float(value) for name, value in logs.items()}})
        if time.monotonic() - self._saved_s < SAVE_EVERY_S:
            return
        arrays = {f"variable_{i}": np.asarray(v) for i, v in enumerate(all_variables(self.model))}
        with files.whole(self.path) as temporary:
            np.savez(temporary, history=np.array(json.dumps(self.rows)), **arrays)
        self.saved_epoch, self._saved_s = epoch + 1, time.monotonic()

    @property
    def history(self) -> pd.DataFrame:
        """One row per epoch: `epoch`, from 1, then every loss, metric and task weight."""
        return pd.DataFrame(self.rows)


class EarlyStopping(keras.callbacks.Callback):
    """Stops training after some epochs without a lower validation loss, and saves the weights of the best epoch.

    Unlike the callback of Keras, it can be resumed, and its loss is the sum of the validation losses of all tasks with
    equal weights: task weights that are trained change the joint loss of every epoch.

    Args:
        path: file for the weights of the best epoch.
        tasks: the tasks with a loss.
        patience: number of epochs without a lower loss after which training stops.
        history: history of the epochs before this `fit`.
    """

    def __init__(self, path: Path, tasks: Sequence[str], patience: int, history: pd.DataFrame):
        super().__init__()
        self.path, self.tasks, self.patience = path, tasks, patience
        self.losses = [] if history.empty else validation_losses(history, tasks).tolist()

    @property
    def is_over(self) -> bool:
        """Whether the last `patience` epochs have not decreased the loss."""
        return len(self.losses) - first_lowest(self.losses) > self.patience

    def on_epoch_end(self, epoch, logs=None):
        self.losses.append(float(validation_losses(pd.DataFrame([logs]), self.tasks).iloc[0]))
        if first_lowest(self.losses) == len(self.losses) - 1:
            with files.whole(self.path) as temporary:
                np.savez(temporary, *map(np.asarray, self.model.variables))
        self.model.stop_training = self.is_over

    def restore(self, model: keras.Model) -> None:
        """Give a model the weights of the best epoch.

        Args:
            model: the model that was trained with this callback.
        """
        with np.load(io.BytesIO(self.path.read_bytes()), allow_pickle=False) as saved:
            for number, variable in enumerate(model.variables):
                variable.assign(saved[f"arr_{number}"])


def restore(model: keras.Model, path: Path) -> pd.DataFrame:
    """Restore the state that a `Checkpoint` wrote.

    Args:
        model: a compiled model whose optimizer is built.
        path: the file.

    Returns:
        The history until then; empty if there is no file.

    Raises:
        ValueError: The file belongs to another model.
    """
    if not path.exists():
        return pd.DataFrame()
    variables = all_variables(model)
    with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as saved:
        arrays = [saved[f"variable_{i}"] for i in range(len(saved.files) - 1)]
        history = pd.DataFrame(json.loads(str(saved["history"])))
    if [a.shape for a in arrays] != [tuple(v.shape) for v in variables]:
        raise ValueError(f"{path} contains the state of another model. Received: model={model.name}")
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)
    return history
