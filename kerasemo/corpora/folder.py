"""Labelled clips of any origin -> manifest: a folder for each class, or a CSV of the user's own.

`ROOT/<class>/clip.mp4` is a clip of that class; folders below the class are free. Its source, the film or recording
that several clips are cut from, is what stands before the first double underscore of the file's name
(`ROOT/happy/casablanca__017.mp4`), or else the first folder below the class (`ROOT/happy/casablanca/017.mp4`), or else
not known. A sound file and a video of one name and folder are one clip.

A CSV has one row per clip with the columns `emotion`, and `video` or `audio` or both, which are paths below the root.
Optional columns are `source`, `speaker`, any other column of a manifest, and columns of the user's own. Without a
column `audio` the sound is that of the video. The names of the files are ignored.
"""

import os
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import ClassVar

import numpy as np
import pandas as pd

from kerasemo.command_line import option
from kerasemo.corpora import tables
from kerasemo.corpora.corpus import Corpus
from kerasemo.corpora.tables import SOUND, VIDEO
from kerasemo.errors import InputError

__all__ = ["SOURCE_MARK", "Folder", "source_of"]

SOURCE_MARK = "__"

_KNOWN_FILES = f"files that end in {', '.join(sorted(SOUND | VIDEO))}"


@dataclass(frozen=True)
class Folder(Corpus):
    """Your own labelled clips, from folders or a CSV file.

    Either there is one folder per class, or a CSV file lists the clips.

    Args:
        clips: a CSV file with the clips and their emotions. Default: the names of the folders are the classes.
    """

    name: ClassVar[str] = "folder"
    held_out: ClassVar[str] = "groups"

    clips: Path | None = option(None, exists=True, dir_okay=False)

    def read(self, root: str | os.PathLike) -> pd.DataFrame:
        """Make a manifest of labelled clips.

        `speaker` is what to hold out: clips that share a source or a speaker are one group. It has the name of their
        one speaker, or else of their sources, and where neither is known a clip is a group of its own.

        Hidden files and folders, and files of other kinds, are passed over. No media file is opened: one that is broken
        is set aside by whoever reads it. The sound of a video is its own track unless there is a sound file beside it.

        Args:
            root: the folder that holds a folder for each class, or that the CSV's paths start from.

        Returns:
            A manifest with `emotion`; `source`, empty where it is not known; `grouped_by`, what `speaker` is derived
            from: `source`, `speaker` or, where nothing is known, `clip`; and the CSV's other columns. In the order of
            classes and names, or of the CSV.

        Raises:
            InputError: the root is missing, holds no media file or has some outside of the classes; a class is empty
                or has a name of `RESERVED`; two files are one clip; or the CSV cannot be read, breaks the schema of
                manifests, lacks a label, or none of its files is there.
        """
        root = Path(root)
        if not root.is_dir():
            raise InputError(f"{root} is no folder; give the folder that holds your clips.")
        source = self.clips or f"the manifest of {root}"
        table = _from_folders(root) if self.clips is None else _from_table(root, self.clips)
        for column in {"source", "speaker"} - {*table}:
            table[column] = None
        table = table.astype({"source": "str", "speaker": "str"})
        known = [table["source"].notna(), table["speaker"].notna()]
        table["grouped_by"] = np.select(known, ["source", "speaker"], "clip")
        table["speaker"] = _groups(table)
        labels = ["emotion", "source", "grouped_by"]
        return tables.finish(table[[*labels, *(column for column in table if column not in labels)]], source)

    def notes(self, table: pd.DataFrame) -> list[str]:
        """Return what a user should know before groups are held out, a sentence each; none where all is well.

        Args:
            table: what `read` gave.
        """
        said = super().notes(table)
        if alone := int((table["grouped_by"] == "clip").sum()):
            said.append(
                f"Of {alone} of {len(table)} clips neither source nor speaker is known: each counts as a group of its "
                "own, so that holding groups out does not hold their speakers out."
            )
        groups = table.groupby("emotion")["speaker"].nunique()
        said += [
            f"All clips of the class {name} ({(table['emotion'] == name).sum()}) are of one group: where groups are "
            "held out, it is never in both training and test."
            for name in groups.index[groups == 1]
        ]
        return said


def source_of(path: str) -> str | None:
    """Return the source that a clip's path tells, `<class>/...` below the root, or `None`.

    Args:
        path: path of the clip, relative to the root, with slashes.

    Example:
        >>> [source_of(f"happy/{name}") for name in ("casablanca__017.mp4", "casablanca/reel_2/017.mp4", "17.mp4")]
        ['casablanca', 'casablanca', None]
    """
    _, *folders, name = PurePosixPath(path).parts
    marked, mark, _ = name.partition(SOURCE_MARK)
    return (marked if mark else "") or (folders[0] if folders else None)


def _from_folders(root: Path) -> pd.DataFrame:
    content = sorted(path for path in root.iterdir() if not path.name.startswith("."))
    outside = [path.name for path in content if path.is_file() and _is_media(path)]
    if outside:
        raise InputError(
            f"{root} holds {len(outside)} media files outside of any class, such as {outside[0]}; put each into the "
            "folder of its class, or give a CSV."
        )
    classes = {folder.name: _clips(folder, root) for folder in content if folder.is_dir()}
    if not any(classes.values()):
        raise InputError(f"{root} holds no media file; clips are {_KNOWN_FILES}, in a folder for each class.")
    if empty := [name for name, clips in classes.items() if not clips]:
        raise InputError(
            f"{root} has folders without a media file: {', '.join(empty)}; clips are {_KNOWN_FILES}: add them, or take "
            "the folder away."
        )
    return pd.DataFrame(
        {
            "clip": clip,
            "audio": media.get("audio", media.get("video")),
            "video": media.get("video"),
            "emotion": name,
            "source": source_of(clip),
        }
        for name, clips in classes.items()
        for clip, media in sorted(clips.items())
    )


def _clips(folder: Path, root: Path) -> dict[str, dict[str, str]]:
    """The clips of a class: name -> medium -> path, relative to the root."""
    clips: dict[str, dict[str, str]] = defaultdict(dict)
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for path in (Path(place, name) for name in names if not name.startswith(".")):
            if not _is_media(path):
                continue
            path = path.relative_to(root)
            _require_unicode(path, root)
            clip, medium = path.with_suffix("").as_posix(), "audio" if path.suffix.lower() in SOUND else "video"
            if other := clips[clip].get(medium):
                raise InputError(f"{root} holds two {medium} files of one clip, {other} and {path}; rename one.")
            clips[clip][medium] = path.as_posix()
    return clips


def _require_unicode(path: Path, root: Path) -> None:
    try:
        str(path).encode()
    except UnicodeEncodeError:
        raise InputError(f"{root} holds a file whose name is not UTF-8, {str(path)!a}; rename it.") from None


def _is_media(path: Path) -> bool:
    return path.suffix.lower() in SOUND | VIDEO


def _from_table(root: Path, path: Path) -> pd.DataFrame:
    table = tables.to_clips(tables.read_rows(path), {}, root, path)
    if "emotion" not in table:
        raise InputError(f"{path} needs a column emotion; `kerasemo manifest table` reads columns of other names.")
    return table


def _groups(table: pd.DataFrame) -> pd.Series:
    """The name of each clip's group."""
    numbers, before = pd.Series(np.arange(len(table)), table.index), None
    while not numbers.equals(before):
        before = numbers
        for shared in ("source", "speaker"):
            numbers = numbers.groupby(table[shared]).transform("min").fillna(numbers).astype(int)
    names = table["clip"].copy()
    for _, clips in table[table["grouped_by"] != "clip"].groupby(numbers):
        one_speaker = clips["speaker"].nunique(dropna=False) == 1 and clips["speaker"].notna().all()
        name = clips["speaker"].iloc[0] if one_speaker else " + ".join(sorted(clips["source"].dropna().unique()))
        names[clips.index] = name
    return names
