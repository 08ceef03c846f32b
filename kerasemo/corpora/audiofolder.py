"""A Hugging Face `audiofolder`: sound files with metadata -> manifest, and back.

Source: documentation of Hugging Face `datasets`, "Create an audio dataset". `metadata.csv` or `metadata.jsonl` has a
row per file; its column `file_name` is the path relative to the metadata, other columns are free. The metadata is in
the root or in folders; files below a folder `train`, `validation` or `test` belong to this split.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pandas as pd

from kerasemo.corpora import tables
from kerasemo.corpora.table import Listed
from kerasemo.corpora.tables import FILE
from kerasemo.errors import InputError

__all__ = ["METADATA", "SPLITS", "AudioFolder"]

METADATA = ("metadata.csv", "metadata.jsonl")
SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class AudioFolder(Listed):
    """A Hugging Face audiofolder: sound files with a metadata.csv or metadata.jsonl.

    The class is the column `label` or `emotion`. Folders `train`, `validation` and `test` become the column
    `partition`. A folder per class without metadata is read by `kerasemo manifest folder`.
    """

    name: ClassVar[str] = "audiofolder"
    layout: ClassVar[Mapping[str, str]] = {FILE: "file_name", "emotion": "label"}

    def read(self, root: str | os.PathLike) -> pd.DataFrame:
        root = Path(root)
        found = sorted(path for name in METADATA for path in root.rglob(name))
        if not found:
            raise InputError(
                f"{root} holds no {' or '.join(METADATA)}; folders of classes without metadata are read by `kerasemo "
                "manifest folder`."
            )
        if len({path.parent for path in found}) < len(found):
            raise InputError(f"{root} holds metadata as CSV and as JSON lines for the same files; remove one.")
        rows = pd.concat([self._rows(path, root) for path in found], ignore_index=True)
        return self._manifest(rows, root, found[0] if len(found) == 1 else f"the metadata in {root}")

    @classmethod
    def write(cls, table: pd.DataFrame, root: Path, output: Path) -> None:
        if output.name not in METADATA or output.resolve().parent != root.resolve():
            raise InputError(
                f"an audiofolder has its metadata beside its files: give -o {root / METADATA[0]} or .jsonl."
            )
        super().write(table, root, output)

    def _rows(self, path: Path, root: Path) -> pd.DataFrame:
        rows, folder = tables.read_rows(path), path.parent.relative_to(root)
        if "file_name" in rows:
            rows["file_name"] = rows["file_name"].map(lambda name: (folder / name).as_posix(), na_action="ignore")
            splits = rows["file_name"].map(_split, na_action="ignore")
            if splits.notna().any() and "partition" not in rows:
                rows["partition"] = splits
        return rows


def _split(path: str) -> str | None:
    """The split that a file belongs to by its folder."""
    return next((folder for folder in path.split("/")[:-1] if folder in SPLITS), None)
