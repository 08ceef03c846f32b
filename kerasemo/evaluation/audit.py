"""What stands on both sides of a split."""

import hashlib
import itertools
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from kerasemo import manifest as manifests
from kerasemo.errors import InputError

SIDES = ("partition", "fold")
KEYS = ("clip", "speaker")


def read_split(path: Path) -> pd.DataFrame:
    """Read a split from CSV: a column `clip` or `speaker`, and a column `partition` or `fold`.

    A clip may stand on several sides; that is what an audit is to find.

    Returns:
        The columns `clip` or `speaker`, and `side`.

    Raises:
        InputError: the file is no such CSV.
    """
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False, na_values=[""])
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise InputError(f"{path} cannot be read as a split CSV: {error}.") from None
    key = next((name for name in KEYS if name in table), None)
    side = next((name for name in SIDES if name in table), None)
    if not key or not side or table.empty or table[[key, side]].isna().any(axis=None):
        raise InputError(
            f"{path} is no split: it needs a column clip or speaker and a column partition or fold, filled."
        )
    return table[[key, side]].rename(columns={side: "side"})


def without_side(manifest: pd.DataFrame, split: pd.DataFrame) -> int:
    """How many clips of a manifest the split puts nowhere."""
    (key,) = set(split.columns) - {"side"}
    return int((~manifest[key].isin(split[key])).sum())


def audit(manifest: pd.DataFrame, split: pd.DataFrame, root: Path | None = None) -> pd.DataFrame:
    """Find the speakers, dialogues, clips, files and contents that stand on more than one side of a split.

    Args:
        manifest: the corpus, a clip a row.
        split: as `read_split` gives it.
        root: the corpus' root; with it files of identical content are found under whatever name.

    Returns:
        A row a leak: `kind` (clip, speaker, dialogue, file, content), `name`, `sides` (joined by ` | `), `clips` (how
        many clips are concerned).

    Raises:
        InputError: the split names clips or speakers that the manifest does not have.
    """
    (key,) = set(split.columns) - {"side"}
    unknown = sorted(set(split[key]) - set(manifest[key]))
    if unknown:
        raise InputError(f"the split names a {key} that the manifest does not have: {', '.join(unknown[:3])}.")
    clips = manifest.merge(split, on=key)
    found = [
        *_leaks("clip", clips, lambda clip: [clip["clip"]]),
        *_leaks("speaker", clips, lambda clip: [clip["speaker"]]),
        *_leaks("dialogue", clips, lambda clip: _present(clip, ["dialogue"])),
        *_leaks("file", clips, lambda clip: _present(clip, ["audio", "video"])),
    ]
    if root is not None:
        digests = {path: _digest(manifests.locate(root, path)) for path in _files(clips)}
        found += _leaks("content", clips, lambda clip: [digests[path] for path in _present(clip, ["audio", "video"])])
    return pd.DataFrame(found, columns=["kind", "name", "sides", "clips"])


def _leaks(kind: str, clips: pd.DataFrame, names_of: Callable[[dict], list[str]]) -> list[tuple]:
    sides, concerned = defaultdict(set), defaultdict(set)
    for clip in clips.to_dict("records"):
        for name in names_of(clip):
            sides[name].add(clip["side"])
            concerned[name].add(clip["clip"])
    return [
        (kind, name, " | ".join(sorted(on)), len(concerned[name])) for name, on in sorted(sides.items()) if len(on) > 1
    ]


def _present(clip: dict, columns: list[str]) -> list[str]:
    return [clip[column] for column in columns if not pd.isna(clip[column])]


def _files(clips: pd.DataFrame) -> set[str]:
    return set(itertools.chain(clips["audio"].dropna(), clips["video"].dropna()))


def _digest(path: Path) -> str:
    if not path.is_file():
        raise InputError(f"{path} is not there; give the root that the manifest's paths start from.")
    with path.open("rb") as file:
        return hashlib.file_digest(file, hashlib.blake2b).hexdigest()[:16]
