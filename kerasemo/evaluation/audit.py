"""Audit of a split: finds what is on more than one of its sides, such as train and test."""

import hashlib
import itertools
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from kerasemo import manifest as manifests
from kerasemo.errors import InputError, one_line

SIDES = ("partition", "fold")
KEYS = ("clip", "speaker")


def read_split(path: Path) -> pd.DataFrame:
    """Read a split from CSV: a column `clip` or `speaker`, and a column `partition` or `fold`.

    A clip may be on several sides; the audit finds such clips.

    Returns:
        A table with the columns `clip` or `speaker`, and `side`.

    Raises:
        InputError: The file is not such a CSV.
    """
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False, na_values=[""])
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise InputError(f"{path} cannot be read as a split CSV: {one_line(error)}.") from None
    key = next((name for name in KEYS if name in table), None)
    side = next((name for name in SIDES if name in table), None)
    if not key or not side or table.empty or table[[key, side]].isna().any(axis=None):
        raise InputError(
            f"{path} is not a split: it needs a column clip or speaker and a column partition or fold, without empty "
            "cells."
        )
    return table[[key, side]].rename(columns={side: "side"})


def without_side(manifest: pd.DataFrame, split: pd.DataFrame) -> int:
    """Return the number of clips of a manifest that the split does not contain."""
    (key,) = set(split.columns) - {"side"}
    return int((~manifest[key].isin(split[key])).sum())


def audit(manifest: pd.DataFrame, split: pd.DataFrame, root: Path | None = None) -> pd.DataFrame:
    """Find the speakers, dialogues, clips, files and contents that are on more than one side of a split.

    Args:
        manifest: the corpus, one row per clip.
        split: a split as returned by `read_split`.
        root: root folder of the corpus; if given, files with equal content but different names are found, too.

    Returns:
        One row per leak: `kind` (clip, speaker, dialogue, file, content), `name`, `sides` (joined by ` | `), `clips`
        (number of affected clips).

    Raises:
        InputError: The split names clips or speakers that the manifest does not have, or a file below `root` is
            missing.
    """
    (key,) = set(split.columns) - {"side"}
    unknown = sorted(set(split[key]) - set(manifest[key]))
    if unknown:
        raise InputError(f"the split names a {key} that the manifest does not have: {', '.join(unknown[:3])}.")
    clips = manifest.merge(split, on=key)
    leaks = [
        *_leaks("clip", clips, lambda clip: [clip["clip"]]),
        *_leaks("speaker", clips, lambda clip: [clip["speaker"]]),
        *_leaks("dialogue", clips, lambda clip: _present(clip, ["dialogue"])),
        *_leaks("file", clips, lambda clip: _present(clip, ["audio", "video"])),
    ]
    if root is not None:
        digests = {path: _digest(manifests.locate(root, path)) for path in _files(clips)}
        leaks += _leaks("content", clips, lambda clip: [digests[path] for path in _present(clip, ["audio", "video"])])
    return pd.DataFrame(leaks, columns=["kind", "name", "sides", "clips"])


def _leaks(kind: str, clips: pd.DataFrame, names_of: Callable[[dict], list[str]]) -> list[tuple]:
    sides_by_name, clips_by_name = defaultdict(set), defaultdict(set)
    for clip in clips.to_dict("records"):
        for name in names_of(clip):
            sides_by_name[name].add(clip["side"])
            clips_by_name[name].add(clip["clip"])
    return [
        (kind, name, " | ".join(sorted(sides)), len(clips_by_name[name]))
        for name, sides in sorted(sides_by_name.items())
        if len(sides) > 1
    ]


def _present(clip: dict, columns: list[str]) -> list[str]:
    return [clip[column] for column in columns if not pd.isna(clip[column])]


def _files(clips: pd.DataFrame) -> set[str]:
    return set(itertools.chain(clips["audio"].dropna(), clips["video"].dropna()))


def _digest(path: Path) -> str:
    if not path.is_file():
        raise InputError(f"{path} is not there; give the root folder of the manifest's paths.")
    with path.open("rb") as file:
        return hashlib.file_digest(file, hashlib.blake2b).hexdigest()[:16]
