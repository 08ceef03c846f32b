"""EMO-DB in its official folder, spoken by synthetic voices."""

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import joblib

from kerasemo.command_line import option
from kerasemo.corpora import emodb
from kerasemo.corpora.synthetic.corpus import SyntheticCorpus
from kerasemo.corpora.synthetic.sentences import record

__all__ = ["SyntheticEmoDb"]


@dataclass(frozen=True, kw_only=True)
class SyntheticEmoDb(SyntheticCorpus):
    """EMO-DB with synthetic voices.

    Files are wavs at 16 kHz with the official names; every clip shows the emotion of its name, and each speaker says
    each sentence once with each emotion.

    Args:
        speakers: number of speakers.
        statements: number of sentences.
        seed: random seed of the voices.

    Raises:
        InputError: a parameter is out of range.
    """

    name: ClassVar[str] = "emodb"
    title: ClassVar[str] = "EMO-DB"

    speakers: int = option(len(emodb.GENDERS), min=1, max=len(emodb.GENDERS))
    statements: int = option(len(emodb.STATEMENTS), min=1, max=len(emodb.STATEMENTS))
    seed: int = option(0, min=0)

    def _prepare(self, root: Path) -> list:
        speakers = enumerate(sorted(emodb.GENDERS)[: self.speakers])
        statements = enumerate(emodb.STATEMENTS[: self.statements])
        return [
            joblib.delayed(record)(
                [root / "wav" / f"{speaker}{statement}{letter}a.wav"],
                emotion=emodb.EMOTIONS[letter],
                intensity=2,
                gender=emodb.GENDERS[speaker],
                speaker=person,
                sentence=words,
                take=int(f"{speaker}{words:02d}{kind}"),
                seed=self.seed,
            )
            for (person, speaker), (words, statement), (kind, letter) in itertools.product(
                speakers, statements, enumerate(emodb.EMOTIONS)
            )
        ]
