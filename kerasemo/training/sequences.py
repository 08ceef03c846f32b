"""Recordings of any length as padded items to train on, and predictions back as traces.

Traces are shifted for training: annotators react late, so that a frame learns from a label further on. Predictions are
shifted back by as much. Source: atmaja2020, section 4.1 (0.1 s, one frame).
"""

from collections.abc import Mapping

import keras
import numpy as np
import pandas as pd

from kerasemo.corpora.avec2019 import HOP_S, TARGETS
from kerasemo.errors import InputError
from kerasemo.training.items import Items

SHIFT = 1
"""Frames of `HOP_S` that labels are shifted to the front."""
BATCH_SIZE = 34
# Feature windows may end before the labels do; their last frame then stands for the rest.
MOST_MISSING_S = 1.0


def sequence_items(
    features: Mapping[str, Mapping[str, np.ndarray]], traces: Mapping[str, np.ndarray], shift: int = SHIFT
) -> Items:
    """Make items of recordings: padded with zeros to the longest, labels shifted to the front.

    The last `shift` frames of a recording have no label: the mask leaves them out, as it does the padding.

    Args:
        features: feature set -> recording -> `frames x features`. Longer than the trace: cut; shorter by up to
            `MOST_MISSING_S`: the last frame is repeated. Recordings without a trace are left out.
        traces: recording -> `frames x 3`, the columns as in `TARGETS`.
        shift: frames, 0 or more.

    Returns:
        Items with an input for each feature set, `recordings x frames x features`, a target for each of `TARGETS`,
        `recordings x frames x 1`, the mask, and the index `clip, speaker, frames`: each recording shows one speaker.

    Raises:
        InputError: no recording, one not longer than the shift, or a feature set that lacks a recording or its end.
    """
    if not traces:
        raise InputError("there are no recordings to train or score on; give at least one.")
    lengths = {recording: len(trace) for recording, trace in traces.items()}
    short = [recording for recording, length in lengths.items() if length <= shift]
    if short:
        raise InputError(f"{short[0]} has {lengths[short[0]]} frames, too few for a shift of {shift}; leave it out.")
    inputs = {
        name: _padded([_fitted(name, recordings, recording, length) for recording, length in lengths.items()])
        for name, recordings in features.items()
    }
    shifted = _padded([shift_to_front(trace, shift) for trace in traces.values()])
    index = pd.DataFrame({"clip": list(traces), "speaker": list(traces), "frames": list(lengths.values())})
    targets = {target: shifted[:, :, [column]] for column, target in enumerate(TARGETS)}
    mask = np.arange(shifted.shape[1]) < index["frames"].to_numpy()[:, np.newaxis] - shift
    return Items(inputs, targets, index, mask)


def predict(model: keras.Model, items: Items, shift: int = SHIFT) -> dict[str, np.ndarray]:
    """Predict the traces of recordings: cropped to their length, shifted back.

    Args:
        model: with outputs named as `TARGETS`, `recordings x frames x 1`.
        items: as `sequence_items` makes them.
        shift: as the model was trained with.

    Returns:
        Recording -> `frames x 3`, float64, in the order of the items.
    """
    outputs = model.predict(dict(items.inputs), batch_size=BATCH_SIZE, verbose=0)
    traces = np.concatenate([outputs[target] for target in TARGETS], axis=-1).astype(np.float64)
    lengths = dict(zip(items.index["clip"], items.index["frames"], strict=True))
    return {
        recording: shift_to_back(trace[:length], shift)
        for (recording, length), trace in zip(lengths.items(), traces, strict=True)
    }


def shift_to_front(trace: np.ndarray, shift: int) -> np.ndarray:
    """Let frame t have what stood at t + `shift`; the last value is repeated.

    >>> shift_to_front(np.array([1, 2, 3, 4]), 1)
    array([2, 3, 4, 4])
    """
    return np.concatenate([trace[shift:], np.repeat(trace[-1:], min(shift, len(trace)), axis=0)])


def shift_to_back(trace: np.ndarray, shift: int) -> np.ndarray:
    """Undo `shift_to_front`: frame t + `shift` has what stood at t; the first value is repeated.

    What the shift to the front drops, the first `shift` frames, does not come back.

    >>> shift_to_back(shift_to_front(np.array([1, 2, 3, 4]), 1), 1)
    array([2, 2, 3, 4])
    """
    return np.concatenate([np.repeat(trace[:1], min(shift, len(trace)), axis=0), trace[: max(len(trace) - shift, 0)]])


def _fitted(name: str, recordings: Mapping[str, np.ndarray], recording: str, length: int) -> np.ndarray:
    """The features of a recording, as many frames as its trace."""
    if recording not in recordings:
        raise InputError(f"feature set {name} has no {recording}, which has labels; add its file or leave it out.")
    frames = recordings[recording][:length]
    missing = length - len(frames)
    if missing * HOP_S > MOST_MISSING_S:
        raise InputError(
            f"feature set {name}: {recording} has {len(frames)} frames and its labels have {length}; compute its "
            "features to the end."
        )
    return np.pad(frames, [(0, missing), (0, 0)], mode="edge")


def _padded(arrays: list[np.ndarray]) -> np.ndarray:
    """Arrays `frames x columns` as one, `arrays x frames x columns` in float32, zeros at the end."""
    padded = np.zeros((len(arrays), max(map(len, arrays)), arrays[0].shape[1]), np.float32)
    for row, array in zip(padded, arrays, strict=True):
        row[: len(array)] = array
    return padded
