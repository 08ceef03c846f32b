"""Files of AVEC 2019: labels and predictions (traces), and features, with one CSV file per recording.

*Traces* are float64 arrays `frames x 3`: `TARGETS` in their order, one row every `HOP_S`. A set of recordings is a dict
from name to array, sorted by name.
"""

import csv
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from kerasemo import files
from kerasemo.corpora.avec2019 import HOP_S, PADDED_FRAMES, TARGETS
from kerasemo.errors import InputError

__all__ = ["iterate_features", "read_traces", "write_predictions", "write_traces"]

_COLUMNS = ["name", "timestamp", *TARGETS]
_FILE_NAME = re.compile(r"\w[\w.+-]*")


def read_traces(folder: str | os.PathLike) -> dict[str, np.ndarray]:
    """Read labels or predictions: all csv files of a folder, with one recording each.

    A file has the columns `name;timestamp;arousal;valence;liking`, the name in single quotes, and a row every
    `HOP_S` from 0 on. Labels are as long as their recording, predictions have `PADDED_FRAMES` rows.

    Args:
        folder: the folder of the csv files; other files are ignored.

    Returns:
        Recording -> traces, float64 `frames x 3`, sorted by recording; names are those of the files.

    Raises:
        InputError: the folder is missing or has no csv, or a file has a wrong format; the first fault is named.
    """
    traces = {}
    for recording, path in _csv_files(folder).items():
        _check_header(path, _first_line(path))
        rows = _read_rows(path, ";", skip=1)
        if rows.shape[1] != len(_COLUMNS):
            raise InputError(f"{path} has {rows.shape[1]} values a row; it must have {len(_COLUMNS)}, as its header.")
        _check_names(path, recording, rows[0], skip=1)
        table = rows.iloc[:, 1:].to_numpy(float)
        off = np.flatnonzero(np.abs(table[:, 0] - np.arange(len(table)) * HOP_S) > 1e-3)
        if len(off):
            raise InputError(
                f"{path}: line {off[0] + 2} has timestamp {table[off[0], 0]:g} where {off[0] * HOP_S:.1f} must stand; "
                f"give a row every {HOP_S} s from 0 on."
            )
        traces[recording] = np.ascontiguousarray(table[:, 1:])
    return traces


def write_traces(folder: str | os.PathLike, traces: Mapping[str, np.ndarray]) -> None:
    """Write labels in the challenge's format: six decimals, one row per frame.

    The folder appears when it is complete. An existing folder is replaced if it only has files of these recordings.

    Args:
        folder: folder of the files `<recording>.csv`.
        traces: recording -> `frames x 3`, at least one frame.

    Raises:
        InputError: no recording, a name that is no file name, another shape, NaN or infinity, or other files in the
            folder.
    """
    folder = Path(folder)
    if not traces:
        raise InputError(f"there are no traces to write to {folder}; give at least one recording.")
    for recording, trace in traces.items():
        _check_trace(recording, trace)
    names = {f"{recording}.csv" for recording in traces}
    if folder.exists() and not (folder.is_dir() and names.issuperset(path.name for path in folder.iterdir())):
        raise InputError(f"{folder} holds something else than traces of these recordings; choose another folder.")
    with files.whole(folder) as temporary:
        temporary.mkdir()
        for recording, trace in traces.items():
            rows = (
                f"'{recording}';{frame / 10:.6f};{arousal:.6f};{valence:.6f};{liking:.6f}\n"
                for frame, (arousal, valence, liking) in enumerate(np.asarray(trace, float).tolist())
            )
            text = ";".join(_COLUMNS) + "\n" + "".join(rows)
            (temporary / f"{recording}.csv").write_text(text, encoding="utf-8", newline="\n")


def write_predictions(folder: str | os.PathLike, traces: Mapping[str, np.ndarray]) -> None:
    """Write predictions in the challenge's format: `write_traces` with `PADDED_FRAMES` rows.

    Shorter predictions repeat their last row; in those of the organisers, outputs for padding follow.

    Args:
        folder: the folder of the predictions; it is created if it does not exist.
        traces: recording -> predictions, `frames x 3`.

    Raises:
        InputError: see `write_traces`; or more than `PADDED_FRAMES` frames.
    """
    padded = {}
    for recording, trace in traces.items():
        _check_trace(recording, trace)
        if len(trace) > PADDED_FRAMES:
            raise InputError(f"{recording} has {len(trace)} frames; predictions have at most {PADDED_FRAMES}.")
        padded[recording] = np.pad(trace, [(0, PADDED_FRAMES - len(trace)), (0, 0)], mode="edge")
    write_traces(folder, padded)


def iterate_features(folder: str | os.PathLike) -> Iterator[tuple[str, float, np.ndarray]]:
    """Read a feature set one recording at a time, to save memory.

    A file has the recording's name and a timestamp first, then the features; `;` or `,` between them, a header or none.

    Args:
        folder: one of those of `FEATURE_SETS` below the corpus' root, or one of the same form.

    Yields:
        Recording, seconds between rows (`HOP_S` if no timestamp is off by more than that), and features, float64
        `frames x features`; sorted by recording. They may be longer or shorter than the labels by a few frames.

    Raises:
        InputError: the folder is missing or has no csv, or a file has a wrong format; the first fault is named.
    """
    width, first_name = None, ""
    for recording, path in _csv_files(folder).items():
        first = _first_line(path)
        has_header = first.startswith("name")
        rows = _read_rows(path, ";" if ";" in first else ",", skip=int(has_header))
        if rows.shape[1] < 3:
            raise InputError(f"{path} has no features; give name, timestamp and features, separated by ; or by commas.")
        _check_names(path, recording, rows[0], skip=int(has_header))
        table = rows.iloc[:, 1:].to_numpy(float)
        width, first_name = width or table.shape[1] - 1, first_name or recording
        if table.shape[1] - 1 != width:
            raise InputError(
                f"{path} has {table.shape[1] - 1} features and {first_name} has {width}; give files of one set."
            )
        yield recording, _hop_s(path, table[:, 0]), np.ascontiguousarray(table[:, 1:])


def _hop_s(path: Path, times: np.ndarray) -> float:
    """Return the step between rows in seconds."""
    if np.abs(times - np.arange(len(times)) * HOP_S).max() <= HOP_S:
        return HOP_S
    hop_s = float(np.median(np.diff(times)))
    if abs(times[0]) > HOP_S:
        raise InputError(f"{path} begins at {times[0]:g} s; give rows from 0 on.")
    if not (hop_s > 0 and np.abs(times - times[0] - np.arange(len(times)) * hop_s).max() <= HOP_S):
        raise InputError(f"{path} has rows at irregular times; give a row every {HOP_S} s, or at one rate.")
    return hop_s


def _csv_files(folder: str | os.PathLike) -> dict[str, Path]:
    """Return recording -> file, sorted, without the hidden files that some systems create."""
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder; give one with a csv for each recording.")
    found = {path.stem: path for path in folder.glob("*.csv") if not path.name.startswith(".")}
    if not found:
        below = " itself; give the folders in it" if any(folder.glob("*/*.csv")) else ""
        raise InputError(f"{folder} holds no csv{below or '; give a folder with a csv for each recording'}.")
    return dict(sorted(found.items()))


def _first_line(path: Path) -> str:
    try:
        with path.open(encoding="utf-8-sig") as file:
            line = file.readline().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read as csv: {error}.") from None
    if not line:
        raise InputError(f"{path} is empty or begins with an empty line; write it again.")
    return line


def _check_header(path: Path, line: str) -> None:
    expected, found = ";".join(_COLUMNS), line.split(";")
    if found == _COLUMNS:
        return
    for separator, name in ((",", "commas"), ("\t", "tabs"), (" ", "spaces"), ("|", "bars")):
        if separator in line and ";" not in line:
            raise InputError(f"{path} separates its columns by {name}; separate them by semicolons.")
    missing = [column for column in _COLUMNS if column not in found]
    if missing:
        raise InputError(f"{path} lacks {', '.join(missing)} in its header; its first line must be {expected}.")
    fault = "in another order" if sorted(found) == sorted(_COLUMNS) else "and others"
    raise InputError(f"{path} has the right columns {fault}; its first line must be {expected}.")


def _read_rows(path: Path, separator: str, skip: int) -> pd.DataFrame:
    """The rows below the `skip` first lines: names in column 0, finite numbers in the others."""
    try:
        table = pd.read_csv(
            path,
            sep=separator,
            header=None,
            skiprows=skip,
            index_col=False,
            dtype={0: str},
            keep_default_na=False,
            quoting=csv.QUOTE_NONE,
            low_memory=False,
        )
    except pd.errors.EmptyDataError:
        raise InputError(f"{path} has no rows below its header; write it again.") from None
    except (OSError, UnicodeDecodeError, pd.errors.ParserError) as error:
        reason = str(error).strip().removeprefix("Error tokenizing data. C error: ")
        raise InputError(f"{path} cannot be read as csv: {reason}.") from None
    for column in table.columns[1:]:
        values = table[column]
        if values.dtype.kind not in "iuf":
            # Text, or True and False: none of them a number.
            values = pd.to_numeric(values.astype(str), errors="coerce")
        wrong = np.flatnonzero(~np.isfinite(values.to_numpy(float)))
        if len(wrong):
            found = table[column].iloc[wrong[0]]
            raise InputError(
                f"{path}: line {wrong[0] + skip + 1}, column {column + 1} must be a number, not {str(found)[:40]!r}."
            )
        table[column] = values
    return table


def _check_names(path: Path, recording: str, names: pd.Series, skip: int) -> None:
    bare = names.str.strip("'\"").str.removesuffix(".wav")
    wrong = np.flatnonzero(bare != recording)
    if len(wrong):
        raise InputError(
            f"{path}: line {wrong[0] + skip + 1} is of {str(names.iloc[wrong[0]])[:40]}, not of {recording}; the name "
            "inside must be that of the file."
        )


def _check_trace(recording: str, trace: np.ndarray) -> None:
    if not _FILE_NAME.fullmatch(recording):
        raise InputError(f"{recording!r} is no name for a recording's file; use letters, digits, _ - + and points.")
    if np.ndim(trace) != 2 or np.shape(trace)[1] != len(TARGETS) or not len(trace):
        raise InputError(f"traces of {recording} have shape {np.shape(trace)}; give frames x {len(TARGETS)}.")
    if not np.isfinite(trace).all():
        raise InputError(f"traces of {recording} hold NaN or infinity; every frame needs a number.")
