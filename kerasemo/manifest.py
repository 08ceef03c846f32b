"""The table every stage reads: one clip a row.

Columns, in this order; a corpus adds its labels behind them:

| column    | type   | meaning                                                                    |
|-----------|--------|----------------------------------------------------------------------------|
| clip      | string | the clip's name, unique in the manifest                                    |
| audio     | string | path of the sound, relative to the corpus' root, `/` between parts, or empty |
| video     | string | path of the video, likewise                                                |
| start_s   | float  | where the clip begins in its files, seconds; empty: at the beginning       |
| end_s     | float  | where it ends, seconds; empty: at the end                                  |
| speaker   | string | who speaks; what `speaker` protocols hold out                              |
| gender    | string | `female` or `male`, or empty                                               |
| dialogue  | string | the recording or scene several clips share, or empty                       |

A corpus may add `whole_file`: `audio` or `video`, the medium that has a file for each clip alone, so that `start_s` and
`end_s` are for the other one; or empty.
"""

import math
import os
from collections.abc import Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING

import pandas as pd

from kerasemo import files
from kerasemo.errors import InputError

if TYPE_CHECKING:
    import pandera.pandas as pa

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
    """Whether a manifest's path is relative and never climbs out of the root.

    >>> stays_under_root("Actor_01/a.wav"), stays_under_root("../a.wav"), stays_under_root("/etc/passwd")
    (True, False, False)
    """
    posix = PurePosixPath(path)
    return not (posix.is_absolute() or PureWindowsPath(path).anchor or ".." in posix.parts or "\\" in path)


def schema() -> "pa.DataFrameSchema":
    """The pandera schema of a manifest; corpora may add columns, none may be missing."""
    import pandera.pandas as pa

    inside = pa.Check(stays_under_root, element_wise=True, error="leaves the corpus' root")
    filled = pa.Check.str_length(min_value=1, error="is empty")
    from_zero = [pa.Check.ge(0, error="is negative"), pa.Check.lt(math.inf, error="is infinite")]
    media = pa.Check(
        lambda table: not {"audio", "video"} <= {*table} or table["audio"].notna() | table["video"].notna(),
        error="has neither audio nor video",
    )
    ordered = pa.Check(
        # A missing column is a fault of its own.
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
    """Check a manifest and name every fault at once.

    Args:
        table: the manifest, a clip a row.
        source: what to call it in the error, such as its path.

    Returns:
        The table with the types of `schema`.

    Raises:
        InputError: a column is missing, a clip stands twice, a path leaves the root, a value is out of range;
            the message lists all of them with their rows.
    """
    return _check(table, source, [])


def load(path: str | os.PathLike) -> pd.DataFrame:
    """Read a manifest from CSV and check it.

    Names such as `007` or `NA` stay the strings they are; an empty cell is a missing value.

    Raises:
        InputError: the file is missing, is no CSV, or breaks the schema (see `check`).
    """
    text = dict.fromkeys({*COLUMNS, "whole_file"} - set(SECONDS), str)
    try:
        header = pd.read_csv(path, header=None, nrows=1, dtype=str).iloc[0]
        table = pd.read_csv(path, dtype=text, keep_default_na=False, na_values=[""], index_col=False)
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise InputError(f"{path} cannot be read as a manifest CSV: {error}.") from None
    faults = [f"column {column} stands twice" for column in header[header.duplicated()].unique()]
    for column in [name for name in SECONDS if name in table]:
        seconds = pd.to_numeric(table[column], errors="coerce").astype(float)
        wrong = table.index[table[column].notna() & seconds.isna()]
        faults += [f"{column} is no number of seconds ({_lines(wrong)})"] if len(wrong) else []
        table[column] = seconds
    return _check(table, str(path), faults)


def save(table: pd.DataFrame, path: str | os.PathLike) -> None:
    """Check a manifest and write it as CSV, whole or not at all.

    Raises:
        InputError: the table breaks the schema (see `check`).
    """
    checked = check(table, "the table to save")
    with files.whole(path) as temporary:
        checked.to_csv(temporary, index=False, lineterminator="\n")


def locate(root: str | os.PathLike, path: str) -> Path:
    """The file that a manifest's path means.

    Raises:
        InputError: the path leaves the root.
    """
    if not stays_under_root(path):
        raise InputError(f"the path {path!r} leaves the corpus' root {root}; give paths relative to the root.")
    return Path(root, path)


def _check(table: pd.DataFrame, source: str, faults: list[str]) -> pd.DataFrame:
    """As `check`; `faults` are those that the file had before it was a table."""
    import pandera.errors

    try:
        checked = schema().validate(table, lazy=True)
    except pandera.errors.SchemaErrors as error:
        faults = [*faults, *_faults(error.failure_cases)]
    if faults:
        raise InputError(f"{source} is no valid manifest: {'; '.join(faults)}; mend these rows.")
    return checked


def _faults(cases: pd.DataFrame) -> list[str]:
    """The failure cases of pandera in words: fault after fault, at most three lines of the CSV named for each."""
    faults = []
    # A check of whole rows fails once for each column; it is one fault.
    of_rows = cases["schema_context"] == "DataFrameSchema"
    subject = cases["column"].where(~of_rows | (cases["check"] == "column_in_dataframe"), "a clip")
    for (column, fault), group in cases.groupby([subject, "check"], dropna=False, sort=False):
        if fault == "column_in_dataframe":
            faults.append("column " + ", ".join(map(str, group["failure_case"])) + " is missing")
            continue
        where = _lines(sorted(group["index"].dropna().unique()))
        faults.append(f"{column} {_WORDS.get(fault, fault)}" + (f" ({where})" if where else ""))
    return faults


def _lines(rows: Sequence[int]) -> str:
    """Where in a CSV some rows of its table stand, at most three of them."""
    lines = [f"line {int(row) + 2}" for row in rows]
    return ", ".join(lines[:3]) + (f" and {len(lines) - 3} more" if len(lines) > 3 else "")


_WORDS = {"field_uniqueness": "stands twice", "not_nullable": "is missing"}
