"""Emotion over time: predicts the class probabilities of windows of a long recording with a SavedModel."""

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd

from kerasemo import files
from kerasemo.errors import BrokenClip, InputError
from kerasemo.export import SERVED_BATCH_SIZE, ServedModel
from kerasemo.features.network_input import NetworkInput
from kerasemo.features.segments import segments
from kerasemo.features.waveform import Waveform
from kerasemo.progress import track
from kerasemo.reporting import figures
from kerasemo.reporting.timeline_chart import timeline_chart

__all__ = ["EVERY_S", "timeline", "write_timeline"]

EVERY_S = 2.0
"""Default step from window to window, seconds: an hour has 1800 windows."""


def timeline(
    served: ServedModel,
    path: str | os.PathLike,
    start_s: float | None = None,
    end_s: float | None = None,
    gender: str | None = None,
    every_s: float = EVERY_S,
) -> pd.DataFrame:
    """Predict the probability of each class over time, for a recording of any length.

    Windows have the length of the segments that the network was trained on, and each is standardised separately. A
    recording that is shorter than a window is repeated. The recording is read once, block by block, so that memory does
    not depend on its length.

    Args:
        served: a network whose only input is segments of a waveform.
        path: the recording, sound or video.
        start_s, end_s: the part to read, seconds; None: from the beginning, to the end.
        gender: gender of the speaker whose channel of a stereo recording is read; `female`, `male` or None if not
            known.
        every_s: step from the start of a window to the start of the next, seconds; at most the length of a window.

    Returns:
        One row per window: `time_s`, the middle of the window in seconds from the start of the file, and one column per
        class. If all samples of a window are equal, as in silence, its probabilities are NaN.

    Raises:
        InputError: The network has other inputs or predicts a number, or `every_s` is out of range.
        BrokenClip: The recording cannot be used.
    """
    if len(served.classes) == 1:
        raise InputError(
            f"a timeline shows probabilities of classes; this network predicts a number, {served.classes[0]}."
        )
    name, network_input = _segmented_input(served)
    waveform, length = network_input.feature_set, network_input.segment_length
    hop = round(every_s * waveform.sampling_rate)
    if not 1 <= hop <= length:
        most = length / waveform.sampling_rate
        raise InputError(f"windows of this network begin every {most:g} s at most. Received: {every_s:g} s")
    samples = _Counted(waveform.read_blocks(path, start_s, end_s, gender))
    windows = segments(samples, length, hop)
    rows = [
        ((start_s or 0.0) + (start + min(length, samples.n) / 2) / waveform.sampling_rate, *probabilities)
        for start, probabilities in track(_window_probabilities(served, name, waveform, windows), None, Path(path).name)
    ]
    if not rows:
        raise BrokenClip(f"{path} is too short: it holds no sample at {waveform.sampling_rate} Hz.")
    return pd.DataFrame(rows, columns=["time_s", *served.classes])


def write_timeline(table: pd.DataFrame, title: str, csv: str | os.PathLike, picture: str | os.PathLike) -> None:
    """Write a timeline as CSV and as PNG.

    Args:
        table: the result of `timeline`.
        title: title of the picture.
        csv: the CSV file; unknown probabilities are empty cells.
        picture: the PNG file.
    """
    with files.whole(csv) as temporary:
        table.to_csv(temporary, index=False, float_format="%.6f", lineterminator="\n")
    figures.save(timeline_chart(table, title), picture, f"Probability of each emotion over time: {title}")


class _Counted:
    """Iterates over blocks of samples, and counts the samples."""

    def __init__(self, blocks: Iterator[np.ndarray]):
        self.blocks, self.n = blocks, 0

    def __iter__(self) -> Iterator[np.ndarray]:
        for block in self.blocks:
            self.n += len(block)
            yield block


def _segmented_input(served: ServedModel) -> tuple[str, NetworkInput]:
    """Return the name and config of a network's only input, segments of a waveform."""
    (name, network_input), *others = served.inputs.items()
    if others or not isinstance(network_input.feature_set, Waveform) or not network_input.segment_length:
        feature_sets = ", ".join(config.feature_set.name for config in served.inputs.values())
        raise InputError(
            f"a timeline needs a network that reads segments of sound, such as those of ryabinov2021; this one reads "
            f"whole clips ({feature_sets})."
        )
    return name, network_input


def _window_probabilities(
    served: ServedModel, name: str, waveform: Waveform, windows: Iterator[tuple[int, np.ndarray]]
) -> Iterator[tuple[int, np.ndarray]]:
    """Yield the start of each window, samples, and its probabilities."""
    while batch := list(islice(windows, SERVED_BATCH_SIZE)):
        standardised = [waveform.standardise(samples) for _, samples in batch]
        with_sound = [number for number, samples in enumerate(standardised) if samples is not None]
        probabilities = np.full((len(batch), len(served.classes)), np.nan)
        if with_sound:
            inputs = {name: np.stack([standardised[number] for number in with_sound])}
            probabilities[with_sound] = served.probabilities(inputs)
        yield from zip((start for start, _ in batch), probabilities, strict=True)
