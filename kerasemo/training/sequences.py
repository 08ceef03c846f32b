"""Converts recordings of any length to padded items for training, and predictions back to traces.

Annotators react with a delay. For training, labels are therefore shifted to earlier frames; predictions are shifted
back by the same number of frames. Source: atmaja2020, section 4.1 (0.1 s, one frame).
"""

from collections.abc import Mapping, Sequence

import keras
import numpy as np
import pandas as pd

from kerasemo.corpora.avec2019 import TARGETS
from kerasemo.errors import InputError
from kerasemo.training import datasets
from kerasemo.training.items import Items

__all__ = ["BATCH_SIZE", "SHIFT", "Padded", "predict", "sequence_items", "shift_to_back", "shift_to_front"]

SHIFT = 1
"""Number of frames of `HOP_S` by which labels are shifted to earlier frames."""
BATCH_SIZE = 34


class Padded:
    """Recordings as one array, padded with zeros: `recordings x frames x columns`, float32.

    The recordings are read when they are indexed. If they are memory maps, memory use depends on the size of a batch.

    Args:
        recordings: `frames x columns` each.
        n_frames: number of frames with the padding.
    """

    dtype = np.dtype(np.float32)

    def __init__(self, recordings: Sequence[np.ndarray], n_frames: int) -> None:
        self.recordings = recordings
        self.shape = len(recordings), n_frames, recordings[0].shape[1]

    def __len__(self) -> int:
        return len(self.recordings)

    def __getitem__(self, rows: int | slice | np.ndarray) -> np.ndarray:
        numbers = np.arange(len(self))[rows]
        padded = np.zeros((*numbers.shape, *self.shape[1:]), self.dtype)
        for place, number in zip(padded.reshape(-1, *self.shape[1:]), numbers.flat, strict=True):
            place[: len(self.recordings[number])] = self.recordings[number]
        return padded


def sequence_items(
    features: Mapping[str, Mapping[str, np.ndarray]], traces: Mapping[str, np.ndarray], shift: int = SHIFT
) -> Items:
    """Convert recordings to items: padded with zeros to the longest recording, with labels shifted to earlier frames.

    The last `shift` frames of a recording have no label and are excluded by the mask, like the padding.

    Args:
        features: feature set -> recording -> `frames x features`. If they are longer than the trace, they are cut; if
            they are shorter, zeros follow, as in the loader of AVEC 2019. Recordings without a trace are ignored.
        traces: recording -> `frames x 3`, with the columns `TARGETS`.
        shift: number of frames, 0 or more.

    Returns:
        Items with an input for each feature set, `Padded`, a target for each of `TARGETS`, `recordings x frames x 1`,
        the mask, and the index `clip, speaker, frames`; each recording has one speaker.

    Raises:
        InputError: There is no recording, one is not longer than the shift, or the features of a recording are missing.
    """
    if not traces:
        raise InputError("there are no recordings to train or score on; give at least one.")
    lengths = {recording: len(trace) for recording, trace in traces.items()}
    short = [recording for recording, length in lengths.items() if length <= shift]
    if short:
        raise InputError(f"{short[0]} has {lengths[short[0]]} frames, too few for a shift of {shift}; leave it out.")
    longest = max(lengths.values())
    inputs = {
        name: Padded([_frames(name, recordings, recording, length) for recording, length in lengths.items()], longest)
        for name, recordings in features.items()
    }
    shifted = Padded([shift_to_front(trace, shift) for trace in traces.values()], longest)[:]
    index = pd.DataFrame({"clip": list(traces), "speaker": list(traces), "frames": list(lengths.values())})
    targets = {target: shifted[:, :, [column]] for column, target in enumerate(TARGETS)}
    mask = np.arange(shifted.shape[1]) < index["frames"].to_numpy()[:, np.newaxis] - shift
    return Items(inputs, targets, index, mask)


def predict(model: keras.Model, items: Items, shift: int = SHIFT) -> dict[str, np.ndarray]:
    """Predict the traces of recordings: cropped to their length, shifted back.

    Args:
        model: with outputs named as `TARGETS`, `recordings x frames x 1`.
        items: the result of `sequence_items`.
        shift: the shift that the model was trained with.

    Returns:
        Recording -> `frames x 3`, float64, in the order of the items.
    """
    outputs = model.predict(datasets.once(items.inputs, items.targets, BATCH_SIZE), verbose=0)
    traces = np.concatenate([outputs[target] for target in TARGETS], axis=-1).astype(np.float64)
    lengths = dict(zip(items.index["clip"], items.index["frames"], strict=True))
    return {
        recording: shift_to_back(trace[:length], shift)
        for (recording, length), trace in zip(lengths.items(), traces, strict=True)
    }


def shift_to_front(trace: np.ndarray, shift: int) -> np.ndarray:
    """Return a trace with the values of frames t + `shift` at frames t; the last value is repeated.

    Args:
        trace: `frames` or `frames x targets`.
        shift: number of frames, 0 or more.

    Example:
        >>> shift_to_front(np.array([1, 2, 3, 4]), 1)
        array([2, 3, 4, 4])
    """
    return np.concatenate([trace[shift:], np.repeat(trace[-1:], min(shift, len(trace)), axis=0)])


def shift_to_back(trace: np.ndarray, shift: int) -> np.ndarray:
    """Return a trace with the values of frames t at frames t + `shift`; the first value is repeated.

    This undoes `shift_to_front`, but the first `shift` values, which it drops, are not restored.

    Args:
        trace: `frames` or `frames x targets`.
        shift: number of frames, 0 or more.

    Example:
        >>> shift_to_back(shift_to_front(np.array([1, 2, 3, 4]), 1), 1)
        array([2, 2, 3, 4])
    """
    return np.concatenate([np.repeat(trace[:1], min(shift, len(trace)), axis=0), trace[: max(len(trace) - shift, 0)]])


def _frames(name: str, recordings: Mapping[str, np.ndarray], recording: str, length: int) -> np.ndarray:
    """Return the features of a recording, with at most as many frames as its trace has."""
    if recording not in recordings:
        raise InputError(f"feature set {name} has no {recording}, which has labels; add its file or leave it out.")
    return recordings[recording][:length]
