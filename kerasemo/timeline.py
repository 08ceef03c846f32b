"""Emotion over time: predicts the class probabilities of windows of a long recording with a SavedModel."""

import os
from pathlib import Path

import pandas as pd

from kerasemo import files
from kerasemo.export import ServedModel
from kerasemo.export.windows import EVERY_S, read_windows, window_probabilities
from kerasemo.progress import track
from kerasemo.reporting import figures
from kerasemo.reporting.timeline_chart import timeline_chart

__all__ = ["timeline", "write_timeline"]


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
    batches = track(read_windows(served, path, start_s, end_s, gender, every_s), None, Path(path).name)
    rows = [
        (time_s, *probabilities)
        for times_s, windows in batches
        for time_s, probabilities in zip(times_s, window_probabilities(served, windows), strict=True)
    ]
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
