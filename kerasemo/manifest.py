"""The manifest, the table that all stages read, with one row per clip.

Columns, in this order; a corpus adds its labels after them:

========  ======  ============================================================================
column    type    meaning
========  ======  ============================================================================
clip      string  the clip's name, unique in the manifest
audio     string  path of the sound, relative to the corpus' root, `/` between parts, or empty
video     string  path of the video, likewise
start_s   float   where the clip begins in its files, seconds; empty: at the beginning
end_s     float   where it ends, seconds; empty: at the end
speaker   string  the speaker, who is held out in `speaker` protocols
gender    string  `female` or `male`, or empty
dialogue  string  the recording or scene several clips share, or empty
========  ======  ============================================================================

A corpus may add `whole_file`: `audio` or `video`, the medium with a separate file for each clip, so that `start_s` and
`end_s` only apply to the other medium; or empty.
"""

import math
import os
from collections.abc import Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING

import pandas as pd

from kerasemo import files
from kerasemo.errors import InputError, one_line

if TYPE_CHECKING:
    import pandera.pandas as pa

__all__ = ["COLUMNS", "GENDERS", "MEDIA", "SECONDS", "check", "load", "locate", "save", "schema", "stays_under_root"]

COLUMNS = [
    "clip",
    "audio",
    "video",
    "start_s",
    "end_s",
    "speaker",
    "gender",
    "dialogue",
]
SECONDS = ["start_s", "end_s"]
GENDERS = ["female", "male"]
MEDIA = ["audio", "video"]


def stays_under_root(path: str) -> bool:
    """Return whether a path of a manifest is relative and does not leave the root.

    Args:
        path: path of a media file, with slashes.

    Example:
        >>> stays_under_root("Actor_01/a.wav"), stays_under_root("../a.wav"), stays_under_root("/etc/passwd")
        (True, False, False)
    """
    posix = PurePosixPath(path)
    return not (posix.is_absolute() or PureWindowsPath(path).anchor or ".." in posix.parts or "\\" in path)


def schema() -> "pa.DataFrameSchema":
    """Return the pandera schema of a manifest; corpora may add columns, but none may be missing."""
    import pandera.pandas as pa

    inside = pa.Check(stays_under_root, element_wise=True, error="leaves the corpus' root")
    filled = pa.Check.str_length(min_value=1, error="is empty")
    from_zero = [pa.Check.ge(0, error="is negative"), pa.Check.lt(math.inf, error="is infinite")]
    media = pa.Check(
        lambda table: not {"audio", "video"} <= {*table} or table["audio"].notna() | table["video"].notna(),
        error="has neither audio nor video",
    )
    ordered = pa.Check(
        # A missing column is reported separately.
        lambda table: not {*SECONDS} <= {*table} or ~(table["end_s"] <= table["start_s"].fillna(0.0)),
        error="ends before it starts (end_s <= start_s)",
    )
    return pa.DataFrameSchema(
        {
            "clip": pa.Column(str, filled, unique=True),
            "audio": pa.Column(str, [filled, inside], nullable=True),
            "video": pa.Column(str, [filled, inside], nullable=True),
            "start_s": pa.Column(float, from_zero, nullable=True),
            "end_s": pa.Column(float, from_zero, nullable=True),
            "speaker": pa.Column(str, filled),
            "gender": pa.Column(str, pa.Check.isin(GENDERS, error=f"is none of {', '.join(GENDERS)}"), nullable=True),
            "dialogue": pa.Column(str, nullable=True),
            "whole_file": pa.Column(
                str, pa.Check.isin(MEDIA, error=f"is none of {', '.join(MEDIA)}"), nullable=True, required=False
            ),
        },
        checks=[media, ordered],
    )


def check(table: pd.DataFrame, source: str) -> pd.DataFrame:
    """Check a manifest and report all faults at once.

    Args:
        table: the manifest, one row per clip.
        source: name of the manifest in the error message, such as its path.

    Returns:
        The table with the types of `schema`.

    Raises:
        InputError: A column is missing, a clip occurs twice, a path leaves the root, or a value is out of range;
            the message lists all faults with their lines.
    """
    return _check(table, source, [])


def load(path: str | os.PathLike) -> pd.DataFrame:
    """Read a manifest from CSV and check it.

    Names such as `007` or `NA` are read as strings; an empty cell is a missing value.

    Args:
        path: the CSV, in UTF-8.

    Returns:
        The manifest; `start_s` and `end_s` are float, in seconds, other columns of the schema are strings.

    Raises:
        InputError: The file is missing, is not a CSV, or does not have the schema (see `check`).
    """
    text = dict.fromkeys({*COLUMNS, "whole_file"} - set(SECONDS), str)
    try:
        header = pd.read_csv(path, header=None, nrows=1, dtype=str).iloc[0]
        table = pd.read_csv(path, dtype=text, keep_default_na=False, na_values=[""], index_col=False)
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise InputError(f"{path} cannot be read as a manifest CSV: {one_line(error)}.") from None
    faults = [f"column {column} stands twice" for column in header[header.duplicated()].unique()]
    for column in [name for name in SECONDS if name in table]:
        seconds = pd.to_numeric(table[column], errors="coerce").astype(float)
        wrong = table.index[table[column].notna() & seconds.isna()]
        faults += [f"{column} is no number of seconds ({_lines(wrong)})"] if len(wrong) else []
        table[column] = seconds
    return _check(table, str(path), faults)


def save(table: pd.DataFrame, path: str | os.PathLike) -> None:
    """Check a manifest and write it as CSV, completely or not at all.

    Args:
        table: the manifest.
        path: the CSV.

    Raises:
        InputError: The table does not have the schema (see `check`).
    """
    checked = check(table, "the table to save")
    with files.whole(path) as temporary:
        checked.to_csv(temporary, index=False, lineterminator="\n")


def locate(root: str | os.PathLike, path: str) -> Path:
    """Return the file of a path in a manifest.

    Args:
        root: the folder of the corpus.
        path: path of the file, relative to the root; it need not exist.

    Raises:
        InputError: The path leaves the root.
    """
    if not stays_under_root(path):
        raise InputError(f"the path {path!r} leaves the corpus' root {root}; give paths relative to the root.")
    return Path(root, path)


def _check(table: pd.DataFrame, source: str, faults: list[str]) -> pd.DataFrame:
    """As `check`; `faults` were found when the file was read."""
    import pandera.errors

    try:
        checked = schema().validate(table, lazy=True)
    except pandera.errors.SchemaErrors as error:
        faults = [*faults, *_faults(error.failure_cases)]
    if faults:
        raise InputError(f"{source} is no valid manifest: {'; '.join(faults)}; mend these rows.")
    return checked


def _faults(cases: pd.DataFrame) -> list[str]:
    """Describe the failure cases of pandera, with at most three lines of the CSV for each fault."""
    faults = []
    # A check of rows fails once for each column, but is one fault.
    is_row_check = cases["schema_context"] == "DataFrameSchema"
    subject = cases["column"].where(~is_row_check | (cases["check"] == "column_in_dataframe"), "a clip")
    for (column, fault), group in cases.groupby([subject, "check"], dropna=False, sort=False):
        if fault == "column_in_dataframe":
            faults.append("column " + ", ".join(map(str, group["failure_case"])) + " is missing")
            continue
        where = _lines(sorted(group["index"].dropna().unique()))
        faults.append(f"{column} {_WORDS.get(fault, fault)}" + (f" ({where})" if where else ""))
    return faults


def _lines(rows: Sequence[int]) -> str:
    """Return the CSV lines of some rows of its table, at most three of them."""
    lines = [f"line {int(row) + 2}" for row in rows]
    return ", ".join(lines[:3]) + (f" and {len(lines) - 3} more" if len(lines) > 3 else "")


_WORDS = {"field_uniqueness": "stands twice", "not_nullable": "is missing"}
