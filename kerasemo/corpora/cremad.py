"""CREMA-D: the owners' folders -> manifest.

Source: Cao, Cooper, Keutmann, Gur, Nenkova and Verma 2014, "CREMA-D: Crowd-sourced Emotional Multimodal Actors
Dataset", IEEE Transactions on Affective Computing 5(4), doi 10.1109/TAFFC.2014.2336244; file names as in the owners'
README. 91 actors say twelve sentences in six emotions; 7442 clips.

Files `AudioWAV/1001_DFA_ANG_XX.wav` and `VideoFlash/1001_DFA_ANG_XX.flv` are named by the actor (1001 to 1091), the
sentence, the emotion and its level (LO, MD, HI, or XX: not specified; one file has X). `VideoDemographics.csv` tells
the sex of the actors.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pandas as pd

from kerasemo.corpora import named, tables
from kerasemo.corpora.corpus import Corpus
from kerasemo.errors import InputError

__all__ = ["DEMOGRAPHICS", "EMOTIONS", "LEVELS", "STATEMENTS", "CremaD"]

EMOTIONS = {
    "ANG": "angry",
    "DIS": "disgust",
    "FEA": "fearful",
    "HAP": "happy",
    "NEU": "neutral",
    "SAD": "sad",
}
LEVELS = {"LO": "low", "MD": "medium", "HI": "high", "XX": None, "X": None}
STATEMENTS = ("IEO", "TIE", "IOM", "IWW", "TAI", "MTI", "IWL", "ITH", "DFA", "ITS", "TSI", "WSI")
DEMOGRAPHICS = "VideoDemographics.csv"

_NAME = re.compile(
    rf"(?P<clip>(10[0-9]{{2}})_({'|'.join(STATEMENTS)})_({'|'.join(EMOTIONS)})_(LO|MD|HI|XX?))"
    r"((?P<audio>\.wav)|(?P<video>\.flv))"
)


@dataclass(frozen=True)
class CremaD(Corpus):
    """CREMA-D: English sentences of 91 actors in six emotions, sound and video."""

    name: ClassVar[str] = "cremad"

    def read(self, root: str | os.PathLike) -> pd.DataFrame:
        """Make a manifest of a complete or partial copy of CREMA-D; files are recognised by their names.

        Args:
            root: the folder with `AudioWAV/`, `VideoFlash/` or both, and `VideoDemographics.csv`.

        Returns:
            A manifest with `emotion` (the acted one, in the words of RAVDESS), `intensity` (low, medium, high, or
            empty: not specified) and `statement` (a code such as DFA). Without wav, the sound is that of the video.
            `gender` is empty without `VideoDemographics.csv`.

        Raises:
            InputError: the root is missing or of another corpus, a recording is there twice, or the sex of actors
                cannot be read.
        """
        rows, genders = [], _genders(Path(root, DEMOGRAPHICS))
        for clip, media in named.find(root, _NAME, "AudioWAV/1001_DFA_ANG_XX.wav").items():
            speaker, statement, emotion, level = clip.split("_")
            media = {"audio": media.get("audio", media.get("video")), "video": media.get("video")}
            labels = {"emotion": EMOTIONS[emotion], "intensity": LEVELS[level], "statement": statement}
            rows.append({"clip": clip, **media, "speaker": speaker, "gender": genders.get(speaker), **labels})
        return tables.finish(pd.DataFrame(rows), "the manifest of CREMA-D")


def _genders(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    rows = tables.read_rows(path)
    if not {"ActorID", "Sex"} <= {*rows}:
        raise InputError(f"{path} needs the columns ActorID and Sex; it has: {', '.join(rows)}.")
    return dict(zip(rows["ActorID"], rows["Sex"].str.lower(), strict=True))
