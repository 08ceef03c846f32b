"""EMO-DB, the Berlin database of emotional speech: the owners' folder -> manifest.

Source: Burkhardt, Paeschke, Rolfes, Sendlmeier and Weiss 2005, "A database of German emotional speech", Interspeech;
file names and speakers as in the documentation of the database. Ten actors, ten sentences,
seven emotions; 535 wavs.

A file `wav/03a01Fa.wav` is named by the speaker (03), the sentence (a01), the first letter of the German word for the
emotion (F, Freude), and the version (a).
"""

import os
import re
from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from kerasemo.corpora import named, tables
from kerasemo.corpora.corpus import Corpus

__all__ = ["EMOTIONS", "FEMALE", "GENDERS", "MALE", "STATEMENTS", "EmoDb"]

EMOTIONS = {
    "W": "angry",
    "L": "bored",
    "E": "disgust",
    "A": "fearful",
    "F": "happy",
    "T": "sad",
    "N": "neutral",
}
FEMALE = ("08", "09", "13", "14", "16")
MALE = ("03", "10", "11", "12", "15")
GENDERS = dict.fromkeys(FEMALE, "female") | dict.fromkeys(MALE, "male")
STATEMENTS = ("a01", "a02", "a04", "a05", "a07", "b01", "b02", "b03", "b09", "b10")

_NAME = re.compile(
    rf"(?P<clip>({'|'.join(sorted(GENDERS))})({'|'.join(STATEMENTS)})([{''.join(EMOTIONS)}])([a-z]?))(?P<audio>\.wav)"
)


@dataclass(frozen=True)
class EmoDb(Corpus):
    """EMO-DB: German sentences of ten actors in seven emotions."""

    name: ClassVar[str] = "emodb"

    def read(self, root: str | os.PathLike) -> pd.DataFrame:
        """Make a manifest of a complete or partial copy of EMO-DB; files are recognised by their names.

        Args:
            root: the folder with `wav/`.

        Returns:
            A manifest with `emotion` (in the words of RAVDESS, and `bored`), `statement` (a01 ... b10) and `version`
            (a letter).

        Raises:
            InputError: the root is missing or of another corpus, or a recording is there twice.
        """
        rows = []
        for clip, media in named.find(root, _NAME, "wav/03a01Fa.wav").items():
            _, speaker, statement, emotion, version = _NAME.fullmatch(f"{clip}.wav").groups()[:5]
            labels = {"emotion": EMOTIONS[emotion], "statement": statement, "version": version or None}
            rows.append({"clip": clip, **media, "speaker": speaker, "gender": GENDERS[speaker], **labels})
        return tables.finish(pd.DataFrame(rows), "the manifest of EMO-DB")
