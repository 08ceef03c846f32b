"""Reads a recording of any length as windows for a network that was trained on segments of sound."""

import os
from collections.abc import Iterator
from itertools import islice

import numpy as np

from kerasemo.errors import BrokenClip, InputError
from kerasemo.export.preprocessing import Preprocessing
from kerasemo.export.served import SERVED_BATCH_SIZE, ServedModel
from kerasemo.features.network_input import NetworkInput
from kerasemo.features.segments import segments
from kerasemo.features.waveform import Waveform

__all__ = ["EVERY_S", "read_windows", "segmented_input", "window_probabilities"]

EVERY_S = 2.0
"""Default step from window to window, seconds: an hour has 1800 windows."""


def segmented_input(preprocessing: Preprocessing) -> tuple[str, NetworkInput]:
    """Return the name and config of a network's only input, segments of a waveform.

    Args:
        preprocessing: of the network.

    Raises:
        InputError: The network has other inputs or predicts a number.
    """
    if len(preprocessing.classes) == 1:
        raise InputError(
            f"a timeline shows probabilities of classes; this network predicts a number, {preprocessing.classes[0]}."
        )
    name, network_input = next(iter(preprocessing.inputs.items()), ("", None))
    is_waveform = network_input is not None and isinstance(network_input.feature_set, Waveform)
    if len(preprocessing.inputs) > 1 or not is_waveform or not network_input.segment_length:
        feature_sets = ", ".join(config.feature_set.name for config in preprocessing.inputs.values())
        raise InputError(
            f"a timeline needs a network that reads segments of sound, such as those of ryabinov2021; this one reads "
            f"whole clips ({feature_sets})."
        )
    return name, network_input


def read_windows(
    preprocessing: Preprocessing,
    path: str | os.PathLike,
    start_s: float | None = None,
    end_s: float | None = None,
    gender: str | None = None,
    every_s: float = EVERY_S,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield windows of a recording in small batches, so that memory does not depend on its length.

    Args:
        preprocessing: of a network whose only input is segments of a waveform.
        path, start_s, end_s, gender, every_s: as in `timeline.timeline`.

    Yields:
        The middle of each window in seconds from the start of the file, `windows`, and its standardised samples,
        `windows x segment_length`: NaN if all samples are equal, as in silence.

    Raises:
        InputError: The network has other inputs or predicts a number, or `every_s` is out of range.
        BrokenClip: The recording cannot be used.
    """
    _, network_input = segmented_input(preprocessing)
    waveform, length = network_input.feature_set, network_input.segment_length
    hop = round(every_s * waveform.sampling_rate)
    if not 1 <= hop <= length:
        most = length / waveform.sampling_rate
        raise InputError(f"windows of this network begin every {most:g} s at most. Received: {every_s:g} s")
    blocks = _Counted(waveform.read_blocks(path, start_s, end_s, gender))
    windows = segments(blocks, length, hop)
    silent = np.full(length, np.nan, "float32")
    while batch := list(islice(windows, SERVED_BATCH_SIZE)):
        starts, sounds = zip(*batch, strict=True)
        standardised = [waveform.standardise(sound) for sound in sounds]
        middle = np.array(starts) + min(length, blocks.n) / 2
        yield (
            (start_s or 0.0) + middle / waveform.sampling_rate,
            np.stack([silent if each is None else each for each in standardised]),
        )
    if not blocks.n:
        raise BrokenClip(f"{path} is too short: it holds no sample at {waveform.sampling_rate} Hz.")


def window_probabilities(served: ServedModel, windows: np.ndarray) -> np.ndarray:
    """Predict the class probabilities of windows.

    Args:
        served: the network.
        windows: what `read_windows` yields, `windows x segment_length`.

    Returns:
        Probabilities, `windows x classes`; NaN where the window is silent.
    """
    name, _ = segmented_input(served)
    probabilities = np.full((len(windows), len(served.classes)), np.nan)
    with_sound = ~np.isnan(windows[:, 0])
    if with_sound.any():
        probabilities[with_sound] = served.probabilities({name: windows[with_sound]})
    return probabilities


class _Counted:
    """Iterates over blocks of samples, and counts the samples."""

    def __init__(self, blocks: Iterator[np.ndarray]):
        self.blocks, self.n = blocks, 0

    def __iter__(self) -> Iterator[np.ndarray]:
        for block in self.blocks:
            self.n += len(block)
            yield block
