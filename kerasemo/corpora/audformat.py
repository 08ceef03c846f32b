"""A database in audformat -> manifest, and back, with its owners' package (`pip install kerasemo[audformat]`).

Source: documentation of audformat, audEERING. `db.yaml` in the root describes schemes, splits and tables; a table is a
file `db.<table>.csv` or `.parquet`, whose rows are files or parts of files. Speakers may be in another table, and their
gender in the labels of the scheme of speakers or in a table of its own. Pickled copies of tables are never read.
"""

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from kerasemo import files
from kerasemo.command_line import option
from kerasemo.corpora import tables
from kerasemo.corpora.table import Listed
from kerasemo.corpora.tables import FILE
from kerasemo.errors import InputError, one_line

if TYPE_CHECKING:
    import audformat

__all__ = ["CLIPS", "HEADER", "Audformat"]

HEADER = "db.yaml"
CLIPS = "clips"
"""The table that `write` creates."""

_START, _END = "start", "end"
_LOOKED_UP = ("speaker", "gender")
_ROW = "kerasemo.row"
_TYPES = {"i": "int", "u": "int", "f": "float", "b": "bool"}
_SPLIT_TYPES = {"train": "train", "dev": "dev", "devel": "dev", "valid": "dev", "validation": "dev", "test": "test"}


@dataclass(frozen=True)
class Audformat(Listed):
    """A database in audformat, of which a table lists the clips.

    Speakers and genders that the table does not have are looked up in the database: in other tables, in the labels of
    schemes, in tables of speakers. The split of each clip, by the tables that have one, is `partition`.

    Args:
        table: the table with the clips; several are separated by commas.
    """

    name: ClassVar[str] = "audformat"
    layout: ClassVar = {FILE: FILE, "start_s": _START, "end_s": _END}

    table: str = option("", metavar="NAME", required=True)

    def read(self, root: str | os.PathLike) -> pd.DataFrame:
        """Make a manifest of the clips of a table. No media file is opened.

        Args:
            root: the folder with `db.yaml`.

        Returns:
            A manifest in the order of the table, with its other columns as text, and `partition`, which is empty for
            clips in no split or in several.

        Raises:
            InputError: audformat is not installed, the database or a table cannot be read, or see `Table.read`.
        """
        database, names = _load(Path(root)), [name.strip() for name in self.table.split(",")]
        if unknown := [name for name in names if name not in database.tables]:
            raise InputError(f"{root} has no table {', '.join(unknown)}; it has: {', '.join(database.tables)}.")
        columns = tables.columns_of(self.columns)
        try:
            rows = _rows(database, names, [columns.get(scheme, scheme) for scheme in _LOOKED_UP])
        except (ValueError, TypeError) as error:
            raise InputError(f"{root}, table {self.table}: {one_line(error)}.") from None
        return self._manifest(rows, Path(root), f"the table {self.table} of {root}")

    @classmethod
    def written(cls, output: Path) -> Path:
        return output / HEADER

    @classmethod
    def write(cls, table: pd.DataFrame, root: Path, output: Path) -> None:
        """Write a manifest as the table `CLIPS` of a database; a partition becomes a split with a table.

        Args:
            table: the manifest.
            root: the folder that its paths start from, in which audformat expects the database.
            output: folder of the database. Other files in it are left alone.

        Raises:
            InputError: audformat is not installed, or two clips are the same part of the same file.
        """
        database = _database(tables.to_rows(table, cls.layout), output.resolve().name)
        with tempfile.TemporaryDirectory() as folder:
            database.save(folder)
            for path in sorted(Path(folder).iterdir(), key=lambda path: path.name == HEADER):
                with files.whole(output / path.name) as temporary:
                    shutil.copy(path, temporary)


def _audformat():
    try:
        import audformat
    except ImportError:
        raise InputError("audformat is not installed; do `pip install kerasemo[audformat]`.") from None
    return audformat


def _load(root: Path) -> "audformat.Database":
    """Load a database without its pickled tables, which could run code: in a folder that only has the other files."""
    audformat = _audformat()
    if not (root / HEADER).is_file():
        raise InputError(f"{root} holds no {HEADER}; give the root of a database in audformat.")
    with tempfile.TemporaryDirectory() as folder:
        for path in root.glob("db.*"):
            if path.suffix in (".yaml", ".csv", ".parquet"):
                Path(folder, path.name).symlink_to(path.resolve())
        try:
            return audformat.Database.load(folder, load_data=True)
        except Exception as error:  # whatever a broken file of another package raises
            text = one_line(error).replace(folder, str(root))
            raise InputError(f"{root} cannot be read as a database in audformat: {text}.") from None


def _rows(database: "audformat.Database", names: list[str], schemes: list[str]) -> pd.DataFrame:
    """Return the rows of some tables as text, with the schemes and splits that other tables have."""
    audformat = _audformat()
    rows = audformat.utils.concat([database[name].df for name in names])
    with_split = {name: each.split_id for name, each in database.tables.items() if each.split_id}
    of_splits = {name: with_split[name] for name in names if name in with_split} or with_split
    database[_ROW] = audformat.Table(rows.index)
    _add(database[_ROW], _ROW, range(len(rows)))
    for scheme in [scheme for scheme in schemes if scheme not in rows]:
        found = _of_rows(database.get(_ROW, [scheme]), scheme, len(rows))
        if not pd.isna(found).all():
            rows[scheme] = found
    if of_splits and "partition" not in rows:
        for name, split in of_splits.items():
            _add(database[name], "partition", split)
        found = database.get(_ROW, ["partition"], aggregate_function=lambda several: None)
        rows["partition"] = _of_rows(found, "partition", len(rows))
    return rows.reset_index().astype("str")


def _of_rows(found: pd.DataFrame, scheme: str, rows: int) -> np.ndarray:
    """The value of each row; None if there is none, or if there are several for parts of it."""
    values = found.dropna().groupby(_ROW)[scheme].agg(lambda of_row: of_row.iloc[0] if of_row.nunique() == 1 else None)
    return values.reindex(range(rows)).to_numpy(object)


def _add(table: "audformat.Table", name: str, values: object) -> None:
    table[name] = _audformat().Column()
    table[name].set(values)


def _database(rows: pd.DataFrame, name: str) -> "audformat.Database":
    """Return a database with a table of all rows, and a table for each partition."""
    audformat = _audformat()
    index = audformat.filewise_index(rows.pop(FILE))
    if {_START, _END} & {*rows}:
        start, end = (pd.to_timedelta(rows.pop(each), unit="s") if each in rows else None for each in (_START, _END))
        index = audformat.segmented_index(index, None if start is None else start.fillna(pd.Timedelta(0)), end)
    if len(twice := rows["clip"][index.duplicated()]):
        raise InputError(f"the clip {twice.iloc[0]} is the same sound as another clip; audformat has one row for it.")
    database = audformat.Database(name)
    partition = rows.pop("partition") if "partition" in rows else pd.Series(None, rows.index, dtype="str")
    database[CLIPS] = audformat.Table(index)
    for column, values in rows.items():
        labels = sorted(values.dropna().unique()) if column in ("emotion", "gender") else None
        database.schemes[column] = audformat.Scheme(_TYPES.get(values.dtype.kind, "str"), labels=labels)
        database[CLIPS][column] = audformat.Column(scheme_id=column)
        database[CLIPS][column].set(values.to_numpy())
    for split in partition.dropna().unique():
        database.splits[split] = audformat.Split(_SPLIT_TYPES.get(split.lower(), "other"))
        database[f"{CLIPS}.{split}"] = audformat.Table(index[partition == split], split_id=split)
    return database
