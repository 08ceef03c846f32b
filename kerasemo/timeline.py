"""Emotion over time: what a SavedModel says of a long recording, window after window."""

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

EVERY_S = 2.0
"""From window to window, seconds: an hour is 1800 windows of a network."""


def timeline(
    served: ServedModel,
    path: str | os.PathLike,
    start_s: float | None = None,
    end_s: float | None = None,
    gender: str | None = None,
    every_s: float = EVERY_S,
) -> pd.DataFrame:
    """The probability of each class in the course of a recording, whatever its length.

    Windows are as long as the segments that the network was trained on, and each is standardised by itself; a recording
    that is shorter is repeated until it fills one. It is read once, block by block; what memory holds of it does not
    grow with its length.

    Args:
        served: a network whose one input is segments of a waveform.
        path: the recording, sound or video.
        start_s, end_s: the part to read, seconds; None: from the beginning, to the end.
        gender: whose channel is read of a recording in stereo; `female`, `male` or not known.
        every_s: from the beginning of a window to that of the next, seconds; at most the length of a window.

    Returns:
        A row a window: `time_s`, its middle from the beginning of the file, and a column a class. Where the samples are
        all equal, as in silence, there are no probabilities (NaN).

    Raises:
        InputError: the network reads something else, or `every_s` is out of range.
        BrokenClip: the recording cannot be used.
    """
    name, of_network = _segmented_input(served)
    waveform, length = of_network.feature_set, of_network.segment_length
    hop = round(every_s * waveform.sampling_rate)
    if not 1 <= hop <= length:
        most = length / waveform.sampling_rate
        raise InputError(f"windows of this network begin every {most:g} s at most. Received: {every_s:g} s")
    samples = _Counted(waveform.read_blocks(path, start_s, end_s, gender))
    windows = segments(samples, length, hop)
    rows = [
        ((start_s or 0.0) + (start + min(length, samples.n) / 2) / waveform.sampling_rate, *probabilities)
        for start, probabilities in track(_answers(served, name, waveform, windows), None, Path(path).name)
    ]
    if not rows:
        raise BrokenClip(f"{path} is too short: it holds no sample at {waveform.sampling_rate} Hz.")
    return pd.DataFrame(rows, columns=["time_s", *served.classes])


def write_timeline(table: pd.DataFrame, title: str, csv: str | os.PathLike, picture: str | os.PathLike) -> None:
    """Write a timeline as CSV and as PNG.

    Args:
        table: what `timeline` gives.
        title: of the picture.
        csv: the CSV file; cells without probabilities stay empty.
        picture: the PNG file.
    """
    with files.whole(csv) as temporary:
        table.to_csv(temporary, index=False, float_format="%.6f", lineterminator="\n")
    figures.save(timeline_chart(table, title), picture, f"Probability of each emotion over time: {title}")


class _Counted:
    """Blocks of samples, and how many samples they have had so far."""

    def __init__(self, blocks: Iterator[np.ndarray]):
        self.blocks, self.n = blocks, 0

    def __iter__(self) -> Iterator[np.ndarray]:
        for block in self.blocks:
            self.n += len(block)
            yield block


def _segmented_input(served: ServedModel) -> tuple[str, NetworkInput]:
    """The one input of a network, segments of a waveform."""
    (name, of_network), *others = served.inputs.items()
    if others or not isinstance(of_network.feature_set, Waveform) or not of_network.segment_length:
        read = ", ".join(made.feature_set.name for made in served.inputs.values())
        raise InputError(
            f"a timeline needs a network that reads segments of sound, as those of ryabinov2021 do; this one reads a "
            f"whole clip ({read})."
        )
    return name, of_network


def _answers(
    served: ServedModel, name: str, waveform: Waveform, windows: Iterator[tuple[int, np.ndarray]]
) -> Iterator[tuple[int, np.ndarray]]:
    """Where each window begins, and its probabilities."""
    while some := list(islice(windows, SERVED_BATCH_SIZE)):
        standardised = [waveform.standardise(samples) for _, samples in some]
        heard = [number for number, samples in enumerate(standardised) if samples is not None]
        probabilities = np.full((len(some), len(served.classes)), np.nan)
        if heard:
            probabilities[heard] = served.probabilities({name: np.stack([standardised[number] for number in heard])})
        yield from zip((start for start, _ in some), probabilities, strict=True)
