"""What happens at the end of an epoch: the state of the training, in one file, exact to the bit."""

import io
import json
from pathlib import Path

import keras
import numpy as np
import pandas as pd

from kerasemo import files


class Checkpoint(keras.callbacks.Callback):
    """Writes after each epoch everything from which training goes on as if it had never stopped.

    One `.npz`, whole or not at all: all variables of the model (weights, the state of the dropout's random numbers,
    metrics), of its optimizers and of the weighting, and the history so far. `.keras` and `BackupAndRestore` leave the
    random state out.

    Args:
        path: the file. `restore` reads it.
        history: rows of the epochs before this `fit`, as `restore` gives them.
    """

    def __init__(self, path: Path, history: pd.DataFrame):
        super().__init__()
        self.path = path
        self.rows = history.to_dict("records")

    def on_epoch_end(self, epoch, logs=None):
        self.rows.append({"epoch": epoch + 1, **{name: float(value) for name, value in logs.items()}})
        arrays = {f"variable_{i}": np.asarray(v) for i, v in enumerate(_variables(self.model))}
        with files.whole(self.path) as temporary:
            np.savez(temporary, history=np.array(json.dumps(self.rows)), **arrays)

    @property
    def history(self) -> pd.DataFrame:
        """A row an epoch: `epoch` from 1, then every loss, metric and task weight."""
        return pd.DataFrame(self.rows)


def restore(model: keras.Model, path: Path) -> pd.DataFrame:
    """Put a compiled model, its optimizer built, back to the state a `Checkpoint` wrote.

    Returns:
        The history so far; empty where there is no file.

    Raises:
        ValueError: the file is of another model.
    """
    if not path.exists():
        return pd.DataFrame()
    variables = _variables(model)
    with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as saved:
        arrays = [saved[f"variable_{i}"] for i in range(len(saved.files) - 1)]
        history = pd.DataFrame(json.loads(str(saved["history"])))
    if [a.shape for a in arrays] != [tuple(v.shape) for v in variables]:
        raise ValueError(f"{path} holds the state of another model. Received: model={model.name}")
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)
    return history


def _variables(model: keras.Model) -> list:
    own = getattr(model, "weighting_optimizer", None)
    return [*model.variables, *model.optimizer.variables, *(own.variables if own else [])]
