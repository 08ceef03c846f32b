"""The epoch with the lowest validation loss, read from a history."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

__all__ = ["best_epoch", "first_lowest", "validation_losses"]


def validation_losses(history: pd.DataFrame, tasks: Sequence[str]) -> pd.Series:
    """Return the sum of the validation losses of all tasks, for each epoch of a history.

    Args:
        history: one row per epoch, with the columns `val_<task>_loss`.
        tasks: the tasks to add up.
    """
    return history[[f"val_{task}_loss" for task in tasks]].sum(axis=1)


def best_epoch(history: pd.DataFrame, tasks: Sequence[str]) -> int:
    """Return the number of epochs, from 1, after which the sum of the validation losses was lowest.

    Args:
        history: one row per epoch, with the columns `val_<task>_loss`.
        tasks: the tasks to add up.

    Example:
        >>> best_epoch(pd.DataFrame({"val_emotion_loss": [2.0, 1.0, 1.5]}), ["emotion"])
        2
    """
    return first_lowest(validation_losses(history, tasks).tolist()) + 1


def first_lowest(losses: Sequence[float]) -> int:
    """Return the number of the first epoch with the lowest loss, from 0; 0 without any epoch.

    Args:
        losses: the loss of each epoch.
    """
    return int(np.argmin(losses)) if losses else 0
