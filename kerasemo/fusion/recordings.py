"""What every fusion estimator does with its input: check it, tell inputs, targets and recordings apart.

An estimator sees the frames of all recordings one after the other, `frames x (models * targets)`: the targets of the
first model, then those of the second. `lengths` says how many frames each recording has, as in hmmlearn; without it,
each frame is a recording of its own, as scikit-learn takes samples. `groups` names the group of each recording, such as
its dialogue.
"""

from collections.abc import Sequence

import numpy as np
from sklearn.utils.validation import validate_data


def checked(estimator, X, y) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and targets as float64, `frames x (models * targets)` and `frames x targets`; notes the targets' form.

    Raises:
        ValueError: the inputs are not whole models of as many targets each, or something is no finite number.
    """
    X, y = validate_data(estimator, X, y, dtype=np.float64, multi_output=True, y_numeric=True)
    estimator.flat_ = y.ndim == 1
    targets = y.reshape(len(y), -1).astype(np.float64)
    if X.shape[1] % targets.shape[1]:
        raise ValueError(
            f"X must have the columns of whole models, a multiple of {targets.shape[1]} targets. Received: "
            f"{X.shape[1]} columns"
        )
    return X, targets


def checked_input(estimator, X) -> np.ndarray:
    """The input of `predict` as float64, once the estimator is fitted."""
    return validate_data(estimator, X, dtype=np.float64, reset=False)


def shaped(estimator, fused: np.ndarray) -> np.ndarray:
    """Predictions in the form that the targets had."""
    return fused[:, 0] if estimator.flat_ else fused


def checked_lengths(lengths: Sequence[int] | None, frames: int) -> np.ndarray:
    """The frames of each recording; without `lengths`, each frame is a recording of its own.

    Raises:
        ValueError: the lengths do not sum up to the frames, or one is not positive.
    """
    if lengths is None:
        return np.ones(frames, int)
    lengths = np.asarray(lengths, int)
    if lengths.sum() != frames or (lengths < 1).any():
        raise ValueError(
            f"lengths must be positive and sum up to the frames of X. Received: {lengths}, {frames} frames"
        )
    return lengths


def checked_groups(groups: Sequence | None, lengths: np.ndarray) -> np.ndarray:
    """The number of each recording's group, 0, 1, ...

    Raises:
        ValueError: there are not as many groups as recordings.
    """
    if groups is None:
        return np.zeros(len(lengths), int)
    if len(groups) != len(lengths):
        raise ValueError(f"groups must name one for each of {len(lengths)} recordings. Received: {len(groups)}")
    return np.unique(np.asarray(groups), return_inverse=True)[1]


def slices(lengths: Sequence[int]) -> list[slice]:
    """Where each recording stands among the frames.

    >>> slices([2, 3])
    [slice(0, 2, None), slice(2, 5, None)]
    """
    ends = np.cumsum(lengths).tolist()
    return [slice(end - int(n), end) for n, end in zip(lengths, ends, strict=True)]


def mean_inputs(X: np.ndarray, n_targets: int) -> np.ndarray:
    """The mean over the models, `frames x targets`.

    >>> mean_inputs(np.array([[1.0, 10.0, 3.0, 30.0]]), n_targets=2).tolist()
    [[2.0, 20.0]]
    """
    return X.reshape(len(X), -1, n_targets).mean(axis=1)
