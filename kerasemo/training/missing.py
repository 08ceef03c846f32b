"""Labels that some items lack: how they are marked, and the sample weights that keep them out of losses and metrics."""

from collections.abc import Mapping

import numpy as np

__all__ = ["UNKNOWN", "known", "masked"]

UNKNOWN = -1
"""The class number of an item without a label; for a task that is a number, the missing label is NaN."""


def known(labels: np.ndarray) -> np.ndarray:
    """Return whether each item has a label: finite numbers, or class numbers other than `UNKNOWN`.

    Args:
        labels: class numbers or numbers, one per item, or one per item and frame.

    Example:
        >>> known(np.array([2, UNKNOWN])).tolist(), known(np.array([-1.0, np.nan])).tolist()
        ([True, False], [True, False])
    """
    present = np.isfinite(labels) if labels.dtype.kind == "f" else labels != UNKNOWN
    return present.reshape(len(labels), -1).all(axis=1)


def masked(targets: Mapping[str, np.ndarray]) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray] | None]:
    """Return targets without gaps, and sample weights that are 0 for the items whose labels are missing.

    The weights of items with the label are larger than 1, so that the mean of all weights is 1. A loss averaged over
    the batches of an epoch is then the mean over the items with the label, and a batch with few labels does not change
    the balance between the tasks.

    Args:
        targets: named arrays, items along the first axis.

    Returns:
        The targets, with 0 in the place of missing labels, and the weights; None if no label is missing.
    """
    is_known = {name: known(values) for name, values in targets.items()}
    if all(each.all() for each in is_known.values()):
        return dict(targets), None
    filled = {name: np.where(is_known[name], values.T, 0).T for name, values in targets.items()}
    weights = {name: each.astype("float32") for name, each in is_known.items()}
    return filled, {name: each / max(each.mean(), 1 / len(each)) for name, each in weights.items()}
