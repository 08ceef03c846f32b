"""AVEC 2019 CES (cross-cultural emotion, SEWA): its recordings, dialogues and feature sets, and its manifest.

Source: Ringeval et al. 2019, "AVEC 2019 Workshop and Challenge: State-of-Mind, Detecting Depression with AI, and
Cross-Cultural Affect Recognition", arXiv 1907.11510. Video chats of two partners about an advert, in German,
Hungarian and Chinese; arousal, valence and liking in -1 to 1, ten times a second.

The root holds `audio/`, `video/`, `labels/` and the folders of `FEATURE_SETS`, with one file per recording,
`<Partition>_<Language>_<number>`. Test labels were never published.

The files of traces and features are read by `avec2019_files`. The two sides of a dialogue, such as `Devel` recordings 1
and 12 of German, have the same sound: a split must keep dialogues whole (see `dialogues`).
"""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pandas as pd

from kerasemo import manifest
from kerasemo.corpora.corpus import Corpus
from kerasemo.errors import InputError

__all__ = [
    "FEATURE_SETS",
    "HOP_S",
    "PADDED_FRAMES",
    "PARTITIONS",
    "TARGETS",
    "Avec2019",
    "dialogues",
    "language",
    "official_manifest",
    "partition",
    "recordings",
]

TARGETS = ("arousal", "valence", "liking")
HOP_S = 0.1
# The longest recording; predictions have this many rows, however long their recording is.
PADDED_FRAMES = 1768

# Recordings of each partition and language.
PARTITIONS = {
    "Train": {"DE": 34, "HU": 34},
    "Devel": {"DE": 14, "HU": 14},
    "Test": {"DE": 16, "HU": 18, "CN": 70},
}

# By the names of atmaja2020 (table 1), folders below the root, named as in the organisers' scripts. Functionals, bags
# of words (xbow) and deep features come every `HOP_S`; the low-level descriptors beside them (egemaps, mfcc,
# visual_features) have rates of their own there.
FEATURE_SETS = {
    "egemaps": "audio_features_egemaps",
    "egemaps_boaw": "audio_features_egemaps_xbow",
    "egemaps_functionals": "audio_features_egemaps_functionals",
    "deepspectrum": "audio_features_DeepSpectrum_DenseNet121",
    "mfcc": "audio_features_mfcc",
    "mfcc_boaw": "audio_features_mfcc_xbow",
    "mfcc_functionals": "audio_features_mfcc_functionals",
    "fau": "visual_features",
    "fau_bovw": "visual_features_xbow",
    "fau_functionals": "visual_features_functionals",
    "resnet": "visual_features_ResNet",
    "vgg": "visual_features_VGG",
}

# Partners whose recordings have the same sound. The challenge does not name them; known for Devel only.
_PARTNERS = {
    ("Devel", "DE"): [(1, 12), (2, 5), (3, 8), (4, 6), (7, 13), (9, 14), (10, 11)],
    ("Devel", "HU"): [(1, 14), (2, 8), (3, 5), (4, 10), (6, 11), (7, 13), (9, 12)],
}
_MEDIA = {"audio": (".wav",), "video": (".avi", ".mp4")}
_NAME = re.compile(r"(Train|Devel|Test)_([A-Z]{2})_(\d{2})")


def recordings(partition: str) -> list[str]:
    """Return the names of all recordings of a partition, in order.

    Args:
        partition: `Train`, `Devel` or `Test`.

    Raises:
        InputError: the partition does not exist.

    Example:
        >>> recordings("Devel")[:2], len(recordings("Train"))
        (['Devel_DE_01', 'Devel_DE_02'], 68)
    """
    if partition not in PARTITIONS:
        raise InputError(f"AVEC 2019 has no partition {partition!r}; choose from {', '.join(PARTITIONS)}.")
    return sorted(
        f"{partition}_{language}_{number:02d}"
        for language, count in PARTITIONS[partition].items()
        for number in range(1, count + 1)
    )


def partition(recording: str) -> str:
    """Return the partition of a recording: `Train`, `Devel` or `Test`.

    Args:
        recording: name of the recording, such as `Devel_HU_14`.

    Raises:
        InputError: no recording of this corpus has this name.

    Example:
        >>> partition("Devel_HU_14")
        'Devel'
    """
    return _parts(recording)[0]


def language(recording: str) -> str:
    """Return the language of a recording: `DE`, `HU` or `CN`.

    Args:
        recording: name of the recording, such as `Devel_HU_14`.

    Raises:
        InputError: no recording of this corpus has this name.

    Example:
        >>> language("Devel_HU_14")
        'HU'
    """
    return _parts(recording)[1]


def dialogues(recordings: Iterable[str]) -> dict[str, str]:
    """Return the dialogue of each recording; a split must not divide dialogues.

    Args:
        recordings: names of `Devel` recordings. The partners of the other partitions are not known.

    Returns:
        Recording -> dialogue, in the order given.

    Raises:
        InputError: another name.

    >>> dialogues(["Devel_DE_12", "Devel_DE_01", "Devel_HU_03"])
    {'Devel_DE_12': 'Devel_DE_01+12', 'Devel_DE_01': 'Devel_DE_01+12', 'Devel_HU_03': 'Devel_HU_03+05'}
    """
    recordings = list(recordings)
    unknown = [recording for recording in recordings if recording not in _DIALOGUES]
    if unknown:
        raise InputError(
            f"the dialogue of {', '.join(map(str, unknown[:3]))}{' and others' if len(unknown) > 3 else ''} is not "
            "known (AVEC 2019: Devel of DE and HU only); say which recordings belong together."
        )
    return {recording: _DIALOGUES[recording] for recording in recordings}


def official_manifest() -> pd.DataFrame:
    """Return the manifest of a complete copy (200 recordings), without reading files."""
    names = [recording for partition in PARTITIONS for recording in recordings(partition)]
    return _manifest({name: {"audio": f"audio/{name}.wav", "video": f"video/{name}.avi"} for name in names})


@dataclass(frozen=True)
class Avec2019(Corpus):
    """AVEC 2019: video chats of two people, rated over time.

    This is the cross-cultural emotion sub-challenge (CES) with 200 recordings of the SEWA corpus.
    """

    name: ClassVar[str] = "avec2019"

    def read(self, root: str | os.PathLike) -> pd.DataFrame:
        """Make a manifest of a complete or partial copy of the corpus with recordings.

        Args:
            root: the folder that holds `audio/` (wav), `video/` (avi or mp4) or both.

        Returns:
            A manifest with the labels `partition` and `language`; the traces are in `labels/` (see `read_traces`).
            Each recording shows one speaker, so its name is the speaker's; `dialogue` is empty where the partner is
            not known.

        Raises:
            InputError: the root is missing or holds no recordings, or one recording lies there twice.
        """
        root = Path(root)
        if not root.is_dir():
            raise InputError(f"{root} is no folder; give the root of your copy of AVEC 2019 CES.")
        found: dict[str, dict[str, str]] = {}
        for medium, suffixes in _MEDIA.items():
            for path in sorted(root.glob(f"{medium}/*")):
                if path.suffix in suffixes and _is_known(path.stem):
                    media = found.setdefault(path.stem, {})
                    if medium in media:
                        raise InputError(
                            f"{root} holds {path.stem} twice, {media[medium]} and {path.name}; remove one."
                        )
                    media[medium] = path.relative_to(root).as_posix()
        if not found:
            raise InputError(
                f"{root} holds no recording such as audio/Devel_DE_01.wav or video/Devel_DE_01.avi, which a manifest "
                "lists; labels and features need none."
            )
        return _manifest(dict(sorted(found.items(), key=lambda item: _order(item[0]))))


def _parts(recording: str) -> tuple[str, str]:
    """Return partition and language."""
    match = _NAME.fullmatch(recording)
    if not match or not 1 <= int(match[3]) <= PARTITIONS[match[1]].get(match[2], 0):
        raise InputError(f"AVEC 2019 CES has no recording {recording!r}; names are like Devel_DE_01.")
    return match[1], match[2]


def _is_known(recording: str) -> bool:
    try:
        return bool(_parts(recording))
    except InputError:
        return False


def _order(recording: str) -> tuple[int, str]:
    return list(PARTITIONS).index(partition(recording)), recording


def _manifest(media: dict[str, dict[str, str]]) -> pd.DataFrame:
    table = pd.DataFrame(
        {
            "clip": recording,
            "audio": paths.get("audio"),
            "video": paths.get("video"),
            "start_s": None,
            "end_s": None,
            "speaker": recording,
            "gender": None,
            "dialogue": _DIALOGUES.get(recording),
            "partition": partition(recording),
            "language": language(recording),
        }
        for recording, paths in media.items()
    ).astype({"start_s": float, "end_s": float})
    nullable = ["audio", "video", "gender", "dialogue"]
    table[nullable] = table[nullable].astype("str")
    return manifest.check(table, "the manifest of AVEC 2019 CES")


_DIALOGUES = {
    f"{partition}_{language}_{side:02d}": f"{partition}_{language}_{pair[0]:02d}+{pair[1]:02d}"
    for (partition, language), pairs in _PARTNERS.items()
    for pair in pairs
    for side in pair
}
