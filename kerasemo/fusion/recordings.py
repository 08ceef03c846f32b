"""Input checks that all fusion estimators share.

The input of an estimator is the concatenated frames of all recordings, `frames x (models * targets)`: all targets of
the first model, then those of the second, and so on. `lengths` gives the number of frames of each recording, as in
hmmlearn; without it, each frame is a recording, like a sample in scikit-learn. `groups` gives the group of each
recording, such as its dialogue.
"""

from collections.abc import Sequence

import numpy as np
from sklearn.utils.validation import validate_data

__all__ = ["checked", "checked_groups", "checked_input", "checked_lengths", "mean_inputs", "shaped", "slices"]


def checked(estimator, X, y) -> tuple[np.ndarray, np.ndarray]:
    """Check inputs and targets of `fit`, and store in the estimator whether the targets have one axis.

    Args:
        estimator: the fusion that is fitted; it gets the attribute `flat_`.
        X: predictions of all models, `frames x (models * targets)`.
        y: labels, `frames` or `frames x targets`.

    Returns:
        Inputs, `frames x (models * targets)`, and targets, `frames x targets`, float64.

    Raises:
        ValueError: The number of columns is not a multiple of the number of targets, or a value is not finite.
    """
    X, y = validate_data(estimator, X, y, dtype=np.float64, multi_output=True, y_numeric=True)
    estimator.flat_ = y.ndim == 1
    targets = y.reshape(len(y), -1).astype(np.float64)
    if X.shape[1] % targets.shape[1]:
        raise ValueError(
            f"X must have the columns of whole models, a multiple of the {targets.shape[1]} targets. Received: "
            f"{X.shape[1]} columns"
        )
    return X, targets


def checked_input(estimator, X) -> np.ndarray:
    """Return the input of `predict` of a fitted estimator as float64, after checking it.

    Args:
        estimator: the fitted fusion.
        X: predictions of all models, `frames x (models * targets)`.
    """
    return validate_data(estimator, X, dtype=np.float64, reset=False)


def shaped(estimator, fused: np.ndarray) -> np.ndarray:
    """Return predictions with the number of axes of the targets.

    Args:
        estimator: the fitted fusion.
        fused: `frames x targets`.
    """
    return fused[:, 0] if estimator.flat_ else fused


def checked_lengths(lengths: Sequence[int] | None, frames: int) -> np.ndarray:
    """Return the number of frames of each recording; without `lengths`, each frame is a recording.

    Args:
        lengths: frames of each recording, or None.
        frames: number of frames of all recordings.

    Raises:
        ValueError: The sum of the lengths is not the number of frames, or a length is not positive.
    """
    if lengths is None:
        return np.ones(frames, int)
    lengths = np.asarray(lengths, int)
    if lengths.sum() != frames or (lengths < 1).any():
        raise ValueError(
            f"lengths must be positive and add up to the frames of X. Received: {lengths}, {frames} frames"
        )
    return lengths


def checked_groups(groups: Sequence | None, lengths: np.ndarray) -> np.ndarray:
    """Return the number of each recording's group, 0, 1, ...

    Args:
        groups: the group of each recording; None: all are in one group.
        lengths: frames of each recording.

    Raises:
        ValueError: The number of groups is not the number of recordings.
    """
    if groups is None:
        return np.zeros(len(lengths), int)
    if len(groups) != len(lengths):
        raise ValueError(f"groups must have one entry for each of {len(lengths)} recordings. Received: {len(groups)}")
    return np.unique(np.asarray(groups), return_inverse=True)[1]


def slices(lengths: Sequence[int]) -> list[slice]:
    """Return the rows of each recording among the concatenated frames.

    Args:
        lengths: frames of each recording.

    Example:
        >>> slices([2, 3])
        [slice(0, 2, None), slice(2, 5, None)]
    """
    ends = np.cumsum(lengths).tolist()
    return [slice(end - int(n), end) for n, end in zip(lengths, ends, strict=True)]


def mean_inputs(X: np.ndarray, n_targets: int) -> np.ndarray:
    """Return the mean over the models, `frames x targets`.

    Args:
        X: predictions of all models, `frames x (models * targets)`.
        n_targets: number of targets.

    Example:
        >>> mean_inputs(np.array([[1.0, 10.0, 3.0, 30.0]]), n_targets=2).tolist()
        [[2.0, 20.0]]
    """
    return X.reshape(len(X), -1, n_targets).mean(axis=1)
