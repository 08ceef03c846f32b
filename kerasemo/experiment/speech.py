"""Corpora that several papers can be run on: the manifest, and what is held out."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd

from kerasemo import manifest as manifests
from kerasemo.corpora import folder, iemocap, ravdess
from kerasemo.evaluation import protocols


@dataclass(frozen=True)
class Speech:
    """A corpus of speech.

    Attributes:
        name: what it is called in the tables.
        manifest: a clip a row; `group` is what is held out whole with it, its speaker or its session.
        folds: of each group.
        channel: of stereo recordings, see `features.waveform.Waveform`.
        emotions: the classes in order, where they are known.
        notes: what a reader of the tables must know.
    """

    name: str
    manifest: pd.DataFrame
    folds: pd.Series
    channel: Literal["mean", "speaker"]
    emotions: Sequence[str] | None = None
    notes: tuple[str, ...] = ()


def read(corpus: Path | Literal["iemocap", "ravdess"], root: Path, seed: int = 0, **iemocap_choices) -> Speech:
    """Read the manifest of a corpus, and decide what is held out.

    Args:
        corpus: `iemocap` (sessions are held out), `ravdess` (its speech; actors are held out), or the manifest of a
            corpus of any origin, whose speakers are held out in folds that are drawn.
        root: the folder of the corpus.
        seed: of all draws.
        **iemocap_choices: see `iemocap.Iemocap`.

    Raises:
        InputError: the folder or the manifest does not hold what it should.
    """
    if corpus == "iemocap":
        table = iemocap.Iemocap(seed=seed, **iemocap_choices).read(root)
        groups, folds = iemocap.session_folds(table)
        notes = ["Whole sessions are held out. Intervals draw speakers, though the two of a session hear each other."]
        if tied := int((table["majority"] == iemocap.NO_MAJORITY).sum()):
            notes.append(f"{tied} clips without a majority have one of their most voted labels.")
        return Speech("IEMOCAP", table.assign(group=groups), folds, "speaker", iemocap.CLASSES, tuple(notes))
    if corpus == "ravdess":
        table = ravdess.read_speech(root)
        emotions = list(ravdess.EMOTIONS.values())
        return Speech("RAVDESS", table.assign(group=table["speaker"]), ravdess.folds(), "mean", emotions)
    table = manifests.load(corpus)
    speakers = table["speaker"]
    folds = protocols.draw_folds(speakers, min(protocols.MIN_FOLDS, speakers.nunique()), seed)
    return Speech(corpus.stem, table.assign(group=speakers), folds, "mean")


def read_folder(root: Path, clips: Path | None, seed: int) -> Speech:
    """Clips of any origin, a folder for each class or a CSV, see `folder.Folder`; groups of clips are held out."""
    table = folder.Folder(clips).read(root)
    folds = protocols.draw_folds(table["speaker"], protocols.MIN_FOLDS, seed)
    emotions = sorted(set(table["emotion"]))
    return Speech("films", table.assign(group=table["speaker"]), folds, "mean", emotions)
