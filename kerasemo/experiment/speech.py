"""Speech corpora that several papers can use: manifests, and the groups of clips that are held out."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pandas as pd

from kerasemo import manifest as manifests
from kerasemo.corpora import folder, iemocap, ravdess
from kerasemo.evaluation import protocols

__all__ = ["RATINGS", "RATING_LEVELS", "Speech", "read", "read_folder"]

RATINGS = ("valence", "activation", "dominance")
RATING_LEVELS = {"low": 2.5, "middle": 3.5, "high": math.inf}
"""Classes of the ratings of IEMOCAP, 1 to 5."""


@dataclass(frozen=True)
class Speech:
    """A speech corpus.

    Attributes:
        name: name of the corpus in the tables.
        manifest: one row per clip; `group` is the speaker or session of the clip, which is held out as a whole.
        folds: the fold of each group.
        emotions: the emotion classes, in order; None: not known in advance.
        levels: labels that are numbers -> their classes: the name and upper end of each level, in order.
        notes: sentences for the readers of the tables.
    """

    name: str
    manifest: pd.DataFrame
    folds: pd.Series
    emotions: Sequence[str] | None = None
    levels: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def read(corpus: Path | Literal["iemocap", "ravdess"], root: Path, seed: int = 0, **iemocap_choices) -> Speech:
    """Read the manifest of a corpus, and assign its clips to groups and folds.

    Args:
        corpus: `iemocap` (sessions are held out), `ravdess` (speech only; actors are held out), or the path of the
            manifest of any other corpus (speakers are held out, in random folds).
        root: folder of the corpus.
        seed: seed of all random choices.
        **iemocap_choices: arguments of `iemocap.Iemocap`.

    Returns:
        The corpus.

    Raises:
        InputError: the folder or the manifest does not have the expected content.
    """
    if corpus == "iemocap":
        table = iemocap.Iemocap(seed=seed, **iemocap_choices).read(root)
        groups, folds = iemocap.session_folds(table)
        notes = [
            "Whole sessions are held out. The bootstrap for the intervals draws single speakers, although the two "
            "speakers of a session talk to each other."
        ]
        if tied := int((table["majority"] == iemocap.NO_MAJORITY).sum()):
            notes.append(f"{tied} clips without a majority label have one of the labels with the most votes.")
        levels = dict.fromkeys(RATINGS, RATING_LEVELS)
        return Speech("IEMOCAP", table.assign(group=groups), folds, iemocap.CLASSES, levels, tuple(notes))
    if corpus == "ravdess":
        table = ravdess.read_speech(root)
        emotions = list(ravdess.EMOTIONS.values())
        return Speech("RAVDESS", table.assign(group=table["speaker"]), ravdess.folds(), emotions)
    table = manifests.load(corpus)
    speakers = table["speaker"]
    folds = protocols.draw_folds(speakers, min(protocols.MIN_FOLDS, speakers.nunique()), seed)
    return Speech(corpus.stem, table.assign(group=speakers), folds)


def read_folder(root: Path, clips: Path | None, seed: int) -> Speech:
    """Read clips of any origin.

    Args:
        root: folder of the corpus, with one subfolder per class unless `clips` is given.
        clips: CSV that lists the clips, see `folder.Folder`.
        seed: seed of the random folds.

    Returns:
        The corpus; speakers, or groups of clips as in `folder.Folder`, are held out.

    Raises:
        InputError: see `folder.Folder`.
    """
    table = folder.Folder(clips).read(root)
    folds = protocols.draw_folds(table["speaker"], protocols.MIN_FOLDS, seed)
    emotions = sorted(set(table["emotion"]))
    return Speech("films", table.assign(group=table["speaker"]), folds, emotions)
