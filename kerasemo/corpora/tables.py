"""Tables of clips that others wrote, in CSV, TSV or JSON lines -> the columns of a manifest, and back.

A table has one row per clip, and a column with the path of its file. Everything is read as text; an empty cell and
`null` are missing values. Columns with other names than those of a manifest are kept.
"""

import io
import json
import os
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import pandas as pd

from kerasemo import files, manifest
from kerasemo.errors import InputError, one_line

__all__ = [
    "FILE",
    "OWN",
    "RESERVED",
    "SOUND",
    "VIDEO",
    "columns_of",
    "finish",
    "read_rows",
    "to_clips",
    "to_rows",
    "write_rows",
]

FILE = "file"
"""Column of a table in the place of `audio` and `video`: a sound, or a video with its sound."""
OWN = "manifest."
"""Stands before a manifest's column whose name has another meaning in the table."""
SOUND = frozenset({".aiff", ".flac", ".m4a", ".mp3", ".ogg", ".wav"})
VIDEO = frozenset({".avi", ".flv", ".m4v", ".mkv", ".mov", ".mp4", ".webm"})
RESERVED = frozenset({"clip", "speaker", "emotion", "predicted"})
"""Columns of predictions; each class has its own column beside them."""

_JSON_LINES = frozenset({".jsonl", ".ndjson"})
_SEPARATORS = ",;\t"
_GENDERS = {"female": "female", "f": "female", "male": "male", "m": "male", "other": None, "unknown": None}


def read_rows(path: str | os.PathLike) -> pd.DataFrame:
    """Read a table as text: JSON lines if its name ends so, or else CSV with commas, semicolons or tabs.

    Args:
        path: the file, in UTF-8.

    Returns:
        The table, all values as text; missing values are empty.

    Raises:
        InputError: The file cannot be read, or has no row.
    """
    path = Path(path)
    try:
        # The mark of UTF-8 that spreadsheets put first is no part of the first column's name.
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix.lower() in _JSON_LINES:
            lines = [json.loads(line) for line in text.split("\n") if line.strip()]
            rows = pd.DataFrame([{name: _text(value) for name, value in line.items()} for line in lines])
        else:
            separator = max(_SEPARATORS, key=text.partition("\n")[0].count)
            rows = pd.read_csv(
                io.StringIO(text), sep=separator, dtype=str, keep_default_na=False, na_values=[""], index_col=False
            )
    except (OSError, ValueError, AttributeError) as error:  # AttributeError: a line of JSON that is no object
        raise InputError(f"{path} cannot be read as a CSV (or .jsonl) of clips in UTF-8: {one_line(error)}.") from None
    if rows.empty:
        raise InputError(f"{path} lists no clip.")
    return rows.astype("str")


def write_rows(rows: pd.DataFrame, path: str | os.PathLike) -> None:
    """Write a table completely or not at all: JSON lines without empty values if its name ends so, or else CSV.

    Args:
        rows: the table.
        path: the file; `.jsonl` means JSON lines.
    """
    with files.whole(path) as temporary:
        if Path(path).suffix.lower() in _JSON_LINES:
            for_lines = rows.astype(object).to_dict("records")
            kept = ({name: value for name, value in row.items() if not pd.isna(value)} for row in for_lines)
            lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in kept)
            temporary.write_text("".join(lines), encoding="utf-8", newline="\n")
        else:
            rows.to_csv(temporary, index=False, lineterminator="\n")


def columns_of(text: str) -> dict[str, str]:
    """Return the columns that a user names: name in the manifest -> name in the table.

    Args:
        text: pairs `name=column`, separated by commas; empty: no pair.

    Raises:
        InputError: The text is no list of such pairs.

    Example:
        >>> columns_of("file=path,emotion=label")
        {'file': 'path', 'emotion': 'label'}
    """
    pairs = [[name.strip() for name in pair.split("=")] for pair in text.split(",") if text]
    if not all(len(pair) == 2 and all(pair) for pair in pairs):
        raise InputError(f"columns must look like file=path,emotion=label,speaker=who. Received: {text}")
    return dict(pairs)


def to_clips(rows: pd.DataFrame, columns: Mapping[str, str], root: Path, source: str | os.PathLike) -> pd.DataFrame:
    """Give a table the columns of a manifest, as far as it has them; `finish` adds the others.

    Args:
        rows: the table, as text.
        columns: names of the manifest or `FILE` -> names in the table, where they differ. If the table has a column of
            the manifest's name, too, that one counts where the other one is empty.
        root: the folder that paths start from; absolute paths below it become relative.
        source: the table's file, for messages.

    Returns:
        The clips with `audio` and `video` instead of `FILE`; a clip without a name has that of its file.

    Raises:
        InputError: A column is not there, no column has the paths, none of the files is there, or a cell cannot be
            understood.
    """
    if not root.is_dir():
        raise InputError(f"{root} is no folder; give the folder that the paths of {source} start from.")
    table = _named(rows, columns, source)
    media = [name for name in (FILE, *reversed(manifest.MEDIA)) if name in table]
    if not media:
        raise InputError(
            f"{source} needs a column {FILE}, video or audio with the paths of the clips; it has: {', '.join(rows)}."
        )
    for column in media:
        table[column] = table[column].map(lambda path: _below(root, path), na_action="ignore").astype("str")
    given = table[media].bfill(axis=1).iloc[:, 0]
    if not any(manifest.stays_under_root(path) and Path(root, path).exists() for path in given.dropna()):
        raise InputError(
            f"none of the files that {source} lists is in {root}; give the folder that its paths start from."
        )
    _require_labels(table, source)
    _read_seconds(table, source)
    if "gender" in table:
        table["gender"] = table["gender"].map(lambda text: _GENDERS.get(text.lower(), text), na_action="ignore")
    if "clip" not in table:
        table["clip"] = _names(given, table.get("start_s"))
    return _with_media(table)


def finish(table: pd.DataFrame, source: str | os.PathLike) -> pd.DataFrame:
    """Add the columns that a manifest needs and that a table does not have, and check it.

    A clip whose speaker is not known is a speaker of its own, with the name of the clip.

    Args:
        table: the clips, with at least `clip` and one medium.
        source: the file that it was read from, for messages.

    Returns:
        The manifest, with the columns of the schema first.

    Raises:
        InputError: The table breaks the schema of manifests, or a class has a name of `RESERVED`.
    """
    for column in {*manifest.COLUMNS} - {*table}:
        table[column] = None
    table = table.astype(dict.fromkeys(manifest.COLUMNS, "str") | dict.fromkeys(manifest.SECONDS, float))
    table["speaker"] = table["speaker"].fillna(table["clip"])
    if reserved := sorted(RESERVED & set(table.get("emotion", []))):
        raise InputError(f"{source}: no class can be called {', '.join(reserved)}; rename it.")
    first = [*manifest.COLUMNS, *(column for column in table if column not in manifest.COLUMNS)]
    return manifest.check(table[first], str(source))


def to_rows(table: pd.DataFrame, columns: Mapping[str, str], *others: str) -> pd.DataFrame:
    """Turn a manifest into a table of others, the inverse of `to_clips`; columns without a value are left out.

    `start_s` and `end_s` have their names in the table only where they apply to `FILE`, see `whole_file`; a video
    beside a sound file is in the column `video`; a label with the name of a column of the table has `OWN` before it.
    Read back, a video whose `audio` was empty has its own sound.

    Args:
        table: the manifest.
        columns: as in `to_clips`.
        *others: further columns of the table.

    Returns:
        The table, one row per clip, all columns with at least one value.
    """
    taken = {*columns.values(), *others, FILE} - ({*columns} - {FILE})
    table = table.rename(columns={name: OWN + name for name in table if name in taken})
    file = table["audio"].fillna(table["video"])
    rows = table.drop(columns=manifest.MEDIA).assign(video=table["video"].where(table["video"] != file))
    rows.insert(0, columns[FILE], file)
    medium = table["audio"].isna().map({False: "audio", True: "video"})
    elsewhere = medium == table["whole_file"] if "whole_file" in table else medium.isna()
    for column in [column for column in manifest.SECONDS if column in columns]:
        rows[columns[column]] = table[column].mask(elsewhere)
        rows[column] = table[column].where(elsewhere)
    renamed = {own: theirs for own, theirs in columns.items() if own not in manifest.SECONDS}
    return rows.rename(columns=renamed).dropna(axis=1, how="all")


def _text(value: object) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _named(rows: pd.DataFrame, columns: Mapping[str, str], source: str | os.PathLike) -> pd.DataFrame:
    """The columns under the names of the manifest, in the order of the table."""
    if missing := [theirs for theirs in columns.values() if theirs not in rows]:
        raise InputError(f"{source} has no column {', '.join(missing)}; it has: {', '.join(rows)}.")
    table: dict[str, pd.Series] = {}
    for name, values in rows.items():
        for own in [own for own, theirs in columns.items() if theirs == name] or [name.removeprefix(OWN)]:
            first, second = (values, table.get(own)) if columns.get(own) == name else (table.get(own, values), values)
            table[own] = first if second is None else first.fillna(second)
    return pd.DataFrame(table)


def _below(root: Path, path: str) -> str:
    """A path with slashes, and relative to the root if it is below it."""
    place = PurePosixPath(path if (root / path).exists() else path.replace("\\", "/"))
    for folder in (root, root.resolve()):
        if place.is_absolute() and place.is_relative_to(folder):
            place = place.relative_to(folder)
    return place.as_posix()


def _with_media(table: pd.DataFrame) -> pd.DataFrame:
    """Divide `FILE` into sound and video; without a column for the sound, it is that of the video."""
    if FILE in table:
        file = table.pop(FILE)
        is_video = file.str.lower().str.extract(r"(\.[^./]*)$")[0].isin(VIDEO)
        table["audio"] = table["audio"].fillna(file) if "audio" in table else file
        table["video"] = table["video"].fillna(file.where(is_video)) if "video" in table else file.where(is_video)
    elif "audio" not in table:
        table["audio"] = table["video"]
    return table


def _names(paths: pd.Series, starts: pd.Series | None) -> pd.Series:
    """The names of clips: those of their files without endings, with ending and start where that is not unique."""
    short = paths.str.replace(r"\.[^./]*$", "", regex=True)
    full = paths if starts is None else paths + starts.map("@{:g}".format, na_action="ignore").fillna("")
    return full.where(short.duplicated(keep=False), short)


def _require_labels(table: pd.DataFrame, source: str | os.PathLike) -> None:
    unlabelled = table.index[table["emotion"].isna()] if "emotion" in table else []
    if len(unlabelled):
        raise InputError(
            f"{source} has {len(unlabelled)} clips without an emotion, the first in line {unlabelled[0] + 2}; label "
            "them or take them away."
        )


def _read_seconds(table: pd.DataFrame, source: str | os.PathLike) -> None:
    """Turn seconds into numbers, from numbers or from times such as `0 days 00:00:01.5`."""
    for name in [name for name in manifest.SECONDS if name in table]:
        column = table[name]
        seconds = pd.to_numeric(column, errors="coerce").astype(float)
        seconds = seconds.fillna(pd.to_timedelta(column.mask(seconds.notna()), errors="coerce").dt.total_seconds())
        wrong = column.index[column.notna() & seconds.isna()]
        if len(wrong):
            raise InputError(f"{source}: {name} in line {wrong[0] + 2} is no number of seconds: {column[wrong[0]]}.")
        table[name] = seconds
    if {*manifest.SECONDS} <= {*table}:  # from 0 to the end: the whole file
        table["start_s"] = table["start_s"].mask((table["start_s"] == 0) & table["end_s"].isna())
