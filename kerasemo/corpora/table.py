"""A table of clips of the user's own, and those of nkululeko -> manifest.

nkululeko (Burkhardt et al. 2022, "Nkululeko: A Tool For Rapid Speaker Characteristics Detection", LREC) reads a CSV
with the columns `file, emotion, speaker, gender`, and for parts of files `start`, `end`, such as `0 days 00:00:01.5`.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pandas as pd

from kerasemo import manifest
from kerasemo.command_line import option
from kerasemo.corpora import tables
from kerasemo.corpora.corpus import Corpus
from kerasemo.corpora.tables import FILE

__all__ = ["Listed", "Nkululeko", "Table"]


@dataclass(frozen=True)
class Listed(Corpus):
    """Clips that a table of others lists.

    Args:
        columns: names of the table's columns, if they are not those of a manifest, such as
            file=path,emotion=label,speaker=who.

    Attributes:
        layout: names of the manifest -> names in the tables of this format, where they differ.
    """

    layout: ClassVar[Mapping[str, str]] = {}

    columns: str = option("", metavar="NAME=COLUMN,...")

    def __post_init__(self):
        super().__post_init__()
        tables.columns_of(self.columns)

    def notes(self, table: pd.DataFrame) -> list[str]:
        """Return what a user should know about emotions and speakers that are not given; see `Corpus`."""
        said = super().notes(table)
        if "emotion" not in table:
            others = ", ".join(column for column in table if column not in manifest.COLUMNS) or "none"
            said.append(f"There is no column emotion; --columns emotion=NAME says which has the classes: {others}.")
        if alone := int((table["speaker"] == table["clip"]).sum()):
            said.append(
                f"The speaker of {alone} of {len(table)} clips is not known: each counts as a speaker of its own, so "
                "that holding speakers out does not hold them out; --columns speaker=NAME says which column has them."
            )
        return said

    @classmethod
    def written(cls, output: Path) -> Path:
        """Return the file that `write` replaces.

        Args:
            output: the path that the user gave.
        """
        return output

    @classmethod
    def write(cls, table: pd.DataFrame, root: Path, output: Path) -> None:
        """Write a manifest in this format, so that `read` gives the same manifest; see `tables.to_rows`.

        Args:
            table: the manifest.
            root: the folder that its paths start from.
            output: the file to write.

        Raises:
            InputError: The manifest cannot be written in this format.
        """
        tables.write_rows(tables.to_rows(table, cls.layout), output)

    def _manifest(self, rows: pd.DataFrame, root: Path, source: str | os.PathLike) -> pd.DataFrame:
        layout = {own: theirs for own, theirs in self.layout.items() if theirs in rows or own == FILE}
        clips = tables.to_clips(rows, layout | tables.columns_of(self.columns), root, source)
        return tables.finish(clips, source)


@dataclass(frozen=True)
class Table(Listed):
    """Any table of clips: CSV (commas, semicolons or tabs) or JSON lines (.jsonl).

    A column has the path of each clip: `file` (a sound, or a video with its sound), or `audio` and `video`. Other
    columns with names of a manifest are `emotion`, `speaker`, `gender`, `dialogue`, `clip`, `start_s`, `end_s`; a
    `partition` or `fold` is a split that `kerasemo audit` can read from the manifest. All other columns are kept.

    Args:
        clips: the table.
    """

    name: ClassVar[str] = "table"

    clips: Path | None = option(None, exists=True, dir_okay=False, required=True)

    def read(self, root: str | os.PathLike) -> pd.DataFrame:
        """Make a manifest of the clips of a table. No media file is opened.

        Args:
            root: the folder that the paths start from.

        Returns:
            A manifest in the order of the table, with its other columns as text. A clip whose speaker is not known
            counts as a speaker of its own.

        Raises:
            InputError: the table cannot be read, lacks a column or a label, breaks the schema of manifests, or none of
                its files is there.
        """
        return self._manifest(tables.read_rows(self.clips), Path(root), self.clips)


@dataclass(frozen=True)
class Nkululeko(Table):
    """A CSV of nkululeko, with file, emotion, speaker, gender, and start and end for parts of files.

    Args:
        clips: the CSV.
    """

    name: ClassVar[str] = "nkululeko"
    layout: ClassVar[Mapping[str, str]] = {FILE: "file", "start_s": "start", "end_s": "end"}

    @classmethod
    def write(cls, table: pd.DataFrame, root: Path, output: Path) -> None:
        rows = tables.to_rows(table, cls.layout)
        if {"start", "end"} & {*rows}:
            rows["start"] = rows["start"].fillna(0.0) if "start" in rows else 0.0
        for column in [column for column in ("start", "end") if column in rows]:
            rows[column] = pd.to_timedelta(rows[column], unit="s").astype("str")
        tables.write_rows(rows, output)
