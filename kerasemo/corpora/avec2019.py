"""AVEC 2019 CES (cross-cultural emotion, SEWA): the challenge's folders -> manifest, traces and features.

Source: Ringeval et al. 2019, "AVEC 2019 Workshop and Challenge: State-of-Mind, Detecting Depression with AI, and
Cross-Cultural Affect Recognition", arXiv 1907.11510. Video chats of two partners about an advert, in German,
Hungarian and Chinese; arousal, valence and liking in -1 to 1, ten times a second.

The root holds `audio/`, `video/`, `labels/` and the folders of `FEATURE_SETS`, with one file per recording,
`<Partition>_<Language>_<number>`. Test labels were never published.

*Traces* are float64 arrays `frames x 3`: `TARGETS` in their order, one row every `HOP_S`. A set of recordings is a dict
from name to array, sorted by name. The two sides of a dialogue, such as `Devel` recordings 1 and 12 of German, have the
same sound: a split must keep dialogues whole (see `dialogues`).
"""

import csv
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd

from kerasemo import files, manifest
from kerasemo.corpora.corpus import Corpus
from kerasemo.errors import InputError

TARGETS = ("arousal", "valence", "liking")
HOP_S = 0.1
# The longest recording; predictions have this many rows, however long their recording is.
PADDED_FRAMES = 1768

# Recordings of each partition and language.
PARTITIONS = {
    "Train": {"DE": 34, "HU": 34},
    "Devel": {"DE": 14, "HU": 14},
    "Test": {"DE": 16, "HU": 18, "CN": 70},
}

# By the names of atmaja2020 (table 1), folders below the root, named as in the organisers' scripts. Functionals, bags
# of words (xbow) and deep features come every `HOP_S`; the low-level descriptors beside them (egemaps, mfcc,
# visual_features) have rates of their own there.
FEATURE_SETS = {
    "egemaps": "audio_features_egemaps",
    "egemaps_boaw": "audio_features_egemaps_xbow",
    "egemaps_functionals": "audio_features_egemaps_functionals",
    "deepspectrum": "audio_features_DeepSpectrum_DenseNet121",
    "mfcc": "audio_features_mfcc",
    "mfcc_boaw": "audio_features_mfcc_xbow",
    "mfcc_functionals": "audio_features_mfcc_functionals",
    "fau": "visual_features",
    "fau_bovw": "visual_features_xbow",
    "fau_functionals": "visual_features_functionals",
    "resnet": "visual_features_ResNet",
    "vgg": "visual_features_VGG",
}

# Partners whose recordings have the same sound. The challenge does not name them; known for Devel only.
_PARTNERS = {
    ("Devel", "DE"): [(1, 12), (2, 5), (3, 8), (4, 6), (7, 13), (9, 14), (10, 11)],
    ("Devel", "HU"): [(1, 14), (2, 8), (3, 5), (4, 10), (6, 11), (7, 13), (9, 12)],
}
_COLUMNS = ["name", "timestamp", *TARGETS]
_MEDIA = {"audio": (".wav",), "video": (".avi", ".mp4")}
_NAME = re.compile(r"(Train|Devel|Test)_([A-Z]{2})_(\d{2})")
_FILE_NAME = re.compile(r"\w[\w.+-]*")


def recordings(partition: str) -> list[str]:
    """Return the names of all recordings of a partition, in order.

    Raises:
        InputError: the partition does not exist.

    >>> recordings("Devel")[:2], len(recordings("Train"))
    (['Devel_DE_01', 'Devel_DE_02'], 68)
    """
    if partition not in PARTITIONS:
        raise InputError(f"AVEC 2019 has no partition {partition!r}; choose from {', '.join(PARTITIONS)}.")
    return sorted(
        f"{partition}_{language}_{number:02d}"
        for language, count in PARTITIONS[partition].items()
        for number in range(1, count + 1)
    )


def partition(recording: str) -> str:
    """`Train`, `Devel` or `Test`.

    Raises:
        InputError: no recording of this corpus has this name.

    >>> partition("Devel_HU_14")
    'Devel'
    """
    return _parts(recording)[0]


def language(recording: str) -> str:
    """`DE`, `HU` or `CN`.

    Raises:
        InputError: no recording of this corpus has this name.

    >>> language("Devel_HU_14")
    'HU'
    """
    return _parts(recording)[1]


def dialogues(recordings: Iterable[str]) -> dict[str, str]:
    """Return the dialogue of each recording; a split must not divide dialogues.

    Args:
        recordings: names of `Devel` recordings. The partners of the other partitions are not known.

    Returns:
        Recording -> dialogue, in the order given.

    Raises:
        InputError: another name.

    >>> dialogues(["Devel_DE_12", "Devel_DE_01", "Devel_HU_03"])
    {'Devel_DE_12': 'Devel_DE_01+12', 'Devel_DE_01': 'Devel_DE_01+12', 'Devel_HU_03': 'Devel_HU_03+05'}
    """
    recordings = list(recordings)
    unknown = [recording for recording in recordings if recording not in _DIALOGUES]
    if unknown:
        raise InputError(
            f"the dialogue of {', '.join(map(str, unknown[:3]))}{' and others' if len(unknown) > 3 else ''} is not "
            "known (AVEC 2019: Devel of DE and HU only); say which recordings belong together."
        )
    return {recording: _DIALOGUES[recording] for recording in recordings}


def official_manifest() -> pd.DataFrame:
    """Return the manifest of a complete copy (200 recordings), without reading files."""
    names = [recording for partition in PARTITIONS for recording in recordings(partition)]
    return _manifest({name: {"audio": f"audio/{name}.wav", "video": f"video/{name}.avi"} for name in names})


@dataclass(frozen=True)
class Avec2019(Corpus):
    """AVEC 2019: video chats of two people, rated over time.

    This is the cross-cultural emotion sub-challenge (CES) with 200 recordings of the SEWA corpus.
    """

    name: ClassVar[str] = "avec2019"

    def read(self, root: str | os.PathLike) -> pd.DataFrame:
        """Make a manifest of a complete or partial copy of the corpus with recordings.

        Args:
            root: the folder that holds `audio/` (wav), `video/` (avi or mp4) or both.

        Returns:
            A manifest with the labels `partition` and `language`; the traces are in `labels/` (see `read_traces`).
            Each recording shows one speaker, so its name is the speaker's; `dialogue` is empty where the partner is
            not known.

        Raises:
            InputError: the root is missing or holds no recordings, or one recording lies there twice.
        """
        root = Path(root)
        if not root.is_dir():
            raise InputError(f"{root} is no folder; give the root of your copy of AVEC 2019 CES.")
        found: dict[str, dict[str, str]] = {}
        for medium, suffixes in _MEDIA.items():
            for path in sorted(root.glob(f"{medium}/*")):
                if path.suffix in suffixes and _is_known(path.stem):
                    media = found.setdefault(path.stem, {})
                    if medium in media:
                        raise InputError(
                            f"{root} holds {path.stem} twice, {media[medium]} and {path.name}; remove one."
                        )
                    media[medium] = path.relative_to(root).as_posix()
        if not found:
            raise InputError(
                f"{root} holds no recording such as audio/Devel_DE_01.wav or video/Devel_DE_01.avi, which a manifest "
                "lists; labels and features need none."
            )
        return _manifest(dict(sorted(found.items(), key=lambda item: _order(item[0]))))


def read_traces(folder: str | os.PathLike) -> dict[str, np.ndarray]:
    """Read labels or predictions: all csv files of a folder, with one recording each.

    A file has the columns `name;timestamp;arousal;valence;liking`, the name in single quotes, and a row every
    `HOP_S` from 0 on. Labels are as long as their recording, predictions have `PADDED_FRAMES` rows.

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

    Shorter predictions repeat their last row, as those of the organisers do.

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


def read_features(folder: str | os.PathLike) -> dict[str, np.ndarray]:
    """Read a feature set: all csv files of a folder, with one recording each and one row every `HOP_S`.

    Args:
        folder: one of those of `FEATURE_SETS` below the corpus' root, or one of the same form.

    Returns:
        Recording -> features, float64 `frames x features`, sorted by recording. They may be longer or shorter than the
        labels by a few frames.

    Raises:
        InputError: see `iterate_features`; or the step between rows is another.
    """
    features = {}
    for recording, hop_s, array in iterate_features(folder):
        if hop_s != HOP_S:
            raise InputError(f"{folder}: {recording} does not have a row every {HOP_S} s from 0 on.")
        features[recording] = array
    return features


def iterate_features(folder: str | os.PathLike) -> Iterator[tuple[str, float, np.ndarray]]:
    """Read a feature set one recording at a time, to save memory.

    A file has the recording's name and a timestamp first, then the features; `;` or `,` between them, a header or none.

    Args:
        folder: as in `read_features`.

    Yields:
        Recording, seconds between rows (`HOP_S` if no timestamp is off by more than that), and features, float64
        `frames x features`; sorted by recording.

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


def _parts(recording: str) -> tuple[str, str]:
    """Return partition and language."""
    match = _NAME.fullmatch(recording)
    if not match or not 1 <= int(match[3]) <= PARTITIONS[match[1]].get(match[2], 0):
        raise InputError(f"AVEC 2019 CES has no recording {recording!r}; names are like Devel_DE_01.")
    return match[1], match[2]


def _is_known(recording: str) -> bool:
    try:
        return bool(_parts(recording))
    except InputError:
        return False


def _order(recording: str) -> tuple[int, str]:
    return list(PARTITIONS).index(partition(recording)), recording


def _manifest(media: dict[str, dict[str, str]]) -> pd.DataFrame:
    table = pd.DataFrame(
        {
            "clip": recording,
            "audio": paths.get("audio"),
            "video": paths.get("video"),
            "start_s": None,
            "end_s": None,
            "speaker": recording,
            "gender": None,
            "dialogue": _DIALOGUES.get(recording),
            "partition": partition(recording),
            "language": language(recording),
        }
        for recording, paths in media.items()
    ).astype({"start_s": float, "end_s": float})
    nullable = ["audio", "video", "gender", "dialogue"]
    table[nullable] = table[nullable].astype("str")
    return manifest.check(table, "the manifest of AVEC 2019 CES")


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


_DIALOGUES = {
    f"{partition}_{language}_{side:02d}": f"{partition}_{language}_{pair[0]:02d}+{pair[1]:02d}"
    for (partition, language), pairs in _PARTNERS.items()
    for pair in pairs
    for side in pair
}
