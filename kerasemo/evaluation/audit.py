"""Audit of a split: finds what is on more than one of its sides, such as train and test."""

import hashlib
import itertools
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path

import joblib
import pandas as pd

from kerasemo import manifest as manifests
from kerasemo.errors import BrokenClip, InputError, one_line
from kerasemo.evaluation.fingerprint import MIN_FRAMES, Fingerprint, fingerprint, same_recordings
from kerasemo.features import media
from kerasemo.progress import track
from kerasemo.workers import side_by_side

__all__ = ["KEYS", "SIDES", "audit", "find_sounds", "read_split", "without_side"]

SIDES = ("partition", "fold")
KEYS = ("clip", "speaker")


def read_split(path: Path) -> pd.DataFrame:
    """Read a split from CSV: a column `clip` or `speaker`, and a column `partition` or `fold`.

    A clip may be on several sides; the audit finds such clips. Rows without a side are left out, so that a manifest
    with one of these columns is a split, too.

    Args:
        path: the CSV, or a manifest with one of these columns.

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
    if not key or not side or table[side].isna().all() or table[key].isna().any():
        raise InputError(
            f"{path} is not a split: it needs a column clip or speaker, without empty cells, and a column partition or "
            "fold."
        )
    return table[[key, side]].dropna().rename(columns={side: "side"})


def without_side(manifest: pd.DataFrame, split: pd.DataFrame) -> int:
    """Return the number of clips of a manifest that the split does not contain.

    Args:
        manifest: the manifest.
        split: the table that `read_split` returned.
    """
    (key,) = set(split.columns) - {"side"}
    return int((~manifest[key].isin(split[key])).sum())


def audit(
    manifest: pd.DataFrame,
    split: pd.DataFrame,
    root: Path | None = None,
    sounds: Mapping[str, list[str]] | None = None,
) -> pd.DataFrame:
    """Find the speakers, dialogues, clips, files, contents and sounds that are on more than one side of a split.

    Args:
        manifest: the corpus, one row per clip.
        split: a split as returned by `read_split`.
        root: root folder of the corpus; if given, files with equal content but different names are found, too.
        sounds: the first result of `find_sounds`; if given, the same recording in other encodings is found, too.

    Returns:
        One row per leak: `kind` (clip, speaker, dialogue, file, content, sound), `name`, `sides` (joined by ` | `),
        `clips` (number of affected clips).

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
    if sounds is not None:
        of_several = _leaks("sound", clips, lambda clip: sounds.get(clip["clip"], []))
        leaks += [leak for leak in of_several if leak[-1] > 1]  # not a clip's own sound and video
    return pd.DataFrame(leaks, columns=["kind", "name", "sides", "clips"])


def find_sounds(manifest: pd.DataFrame, root: Path, jobs: int = 1) -> tuple[dict[str, list[str]], dict[str, str]]:
    """Find the files that have the same sound, though their content differs, such as a wav and the track of a video.

    Args:
        manifest: the corpus, one row per clip. Parts of files are compared, where clips are parts.
        root: root folder of the corpus.
        jobs: number of parallel processes.

    Returns:
        For each clip whose sound is in several files, the recordings, each named by its files; and for each file whose
        sound cannot be compared, the reason.

    Raises:
        InputError: A file is missing.
    """
    digests = {path: _digest(manifests.locate(root, path)) for path in _files(manifest)}
    parts = {clip["clip"]: _parts(clip) for clip in manifest.to_dict("records")}
    distinct = sorted({part for each in parts.values() for part in each}, key=str)
    tasks = [joblib.delayed(_fingerprint)(root, *part) for part in distinct]
    with side_by_side(tasks, jobs, "generator") as results:
        found = dict(zip(distinct, track(results, len(tasks), "Comparing sounds"), strict=True))
    heard = {part: each for part, each in found.items() if isinstance(each, Fingerprint)}
    recordings = defaultdict(list)
    for part, number in zip(heard, same_recordings([*heard.values()]), strict=True):
        recordings[number].append(part)
    names = {}
    for same in recordings.values():
        if len({digests[path] for path, _, _ in same}) > 1:
            labels = sorted(path + _span(start_s, end_s) for path, start_s, end_s in same)
            more = f" and {len(labels) - 3} more" if labels[3:] else ""
            names |= dict.fromkeys(same, " = ".join(labels[:3]) + more)
    sounds = {clip: sorted({names[part] for part in each if part in names}) for clip, each in parts.items()}
    return sounds, {part[0]: each for part, each in found.items() if isinstance(each, str)}


def _parts(clip: dict) -> set[tuple[str, float | None, float | None]]:
    """The media of a clip, each with the seconds where the clip begins and ends in it."""
    span = tuple(None if pd.isna(clip[column]) else clip[column] for column in manifests.SECONDS)
    return {
        (clip[medium], *((None, None) if clip.get("whole_file") == medium else span))
        for medium in manifests.MEDIA
        if not pd.isna(clip[medium])
    }


def _span(start_s: float | None, end_s: float | None) -> str:
    if start_s is None and end_s is None:
        return ""
    return f" ({start_s or 0:g} s to {'the end' if end_s is None else f'{end_s:g} s'})"


def _fingerprint(root: Path, path: str, start_s: float | None, end_s: float | None) -> Fingerprint | str:
    """The fingerprint of a sound, or why it has none."""
    try:
        found = fingerprint(media.read_blocks(manifests.locate(root, path), start_s, end_s))
    except BrokenClip as error:
        return str(error)
    return found if found.loud.sum() >= MIN_FRAMES else f"{path} is too short to be compared."


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
