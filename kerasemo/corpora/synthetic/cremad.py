"""CREMA-D in its official folders, performed by synthetic voices and faces."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import joblib
import pandas as pd

from kerasemo.command_line import option
from kerasemo.corpora import cremad
from kerasemo.corpora.synthetic.corpus import SyntheticCorpus
from kerasemo.corpora.synthetic.sentences import record

__all__ = ["SyntheticCremaD"]

_FOLDERS = {"audio": "AudioWAV/{}.wav", "video": "VideoFlash/{}.flv"}
_GENDERS = ("Male", "Female")


@dataclass(frozen=True, kw_only=True)
class SyntheticCremaD(SyntheticCorpus):
    """CREMA-D with synthetic people.

    Folders and names are the official ones, with wavs at 16 kHz and flvs with the same voice, and
    `VideoDemographics.csv`. Every clip shows the emotion of its name; the first sentence is said at three levels.

    Args:
        actors: number of actors; those with odd numbers are male.
        statements: number of sentences.
        modalities: `audio` (wav), `video` (flv with sound) or both.
        seed: random seed of the voices and faces.

    Raises:
        InputError: a parameter is out of range.
    """

    name: ClassVar[str] = "cremad"
    title: ClassVar[str] = "CREMA-D"

    actors: int = option(91, min=1, max=91)
    statements: int = option(len(cremad.STATEMENTS), min=1, max=len(cremad.STATEMENTS))
    modalities: Sequence[Literal["audio", "video"]] = option(("audio", "video"), name="--modality")
    seed: int = option(0, min=0)

    def _prepare(self, root: Path) -> list:
        actors = [1001 + number for number in range(self.actors)]
        people = {"ActorID": actors, "Age": 30, "Sex": [_GENDERS[(actor + 1) % 2] for actor in actors]}
        pd.DataFrame(people).to_csv(root / cremad.DEMOGRAPHICS, index=False, lineterminator="\n")
        clips = itertools.product(actors, enumerate(cremad.STATEMENTS[: self.statements]), enumerate(cremad.EMOTIONS))
        return [
            joblib.delayed(record)(
                [
                    root / _FOLDERS[medium].format(f"{actor}_{statement}_{emotion}_{level}")
                    for medium in self.modalities
                ],
                emotion=cremad.EMOTIONS[emotion],
                intensity=1 if level == "LO" else 2,
                gender=_GENDERS[(actor + 1) % 2].lower(),
                speaker=actor,
                sentence=words,
                take=int(f"{actor}{words:02d}{kind}{strength}"),
                seed=self.seed,
            )
            for actor, (words, statement), (kind, emotion) in clips
            for strength, level in enumerate(["LO", "MD", "HI"] if not words and emotion != "NEU" else ["XX"])
        ]
