"""IEMOCAP: the owners' folders -> manifest.

Source: Busso et al. 2008, "IEMOCAP: Interactive emotional dyadic motion capture database", Language Resources and
Evaluation 42(4). Five sessions, each a woman and a man in improvised and scripted dialogues; 10 039 turns.

A turn is a clip. Its sound is a file of its own (stereo, the woman on the left), its video a part of the dialogue's, in
which she is on the left too. The letter after the session (`Ses01F_impro01`) is who wore the markers of the motion
capture; who speaks is the letter that opens a turn's last part (`Ses01F_impro01_M003`: the man of session 1).
"""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import pandas as pd

from kerasemo import manifest
from kerasemo.command_line import option
from kerasemo.corpora import emo_evaluation
from kerasemo.corpora.corpus import Corpus
from kerasemo.corpora.emo_evaluation import EMOTIONS, NO_MAJORITY, Turn
from kerasemo.errors import InputError

__all__ = ["CLASSES", "COUNTS", "GENDERS", "SCENARIOS", "SESSIONS", "Iemocap", "official_path", "session_folds"]

SESSIONS = range(1, 6)
CLASSES = ("neu", "ang", "hap", "sad")
GENDERS = {"F": "female", "M": "male"}
SCENARIOS = {"impro": "improvised", "script": "scripted"}
# Turns with each majority label in the whole corpus; with `exc` these are the 5531 of the common four-class set.
COUNTS = {"neu": 1708, "ang": 1103, "hap": 595, "exc": 1041, "sad": 1084}

_DIALOGUE = re.compile(r"Ses0([1-5])[FM]_(impro|script)\w+")


@dataclass(frozen=True)
class Iemocap(Corpus):
    """IEMOCAP: dialogues of ten actors, with one clip per turn.

    Dialogues are improvised or scripted, and each turn is rated by several evaluators. With `random` for ties, one of
    the labels with the most votes is chosen; Chae et al. 2018 do so, but do not say how they draw.

    Args:
        ties: for turns without a majority label, `random` chooses one of the labels with the most votes, `drop` leaves
            the turn out.
        seed: random seed for ties; the choice for a turn depends on its name, but not on other turns.
        emotions: the labels to keep; may be repeated.
        merge_excited: count `exc` as `hap`, before labels are selected.
        improvised_only: leave out scripted dialogues.

    Raises:
        InputError: a parameter is out of range.
    """

    name: ClassVar[str] = "iemocap"

    ties: Literal["random", "drop"] = "random"
    seed: int = option(0, min=0)
    emotions: Sequence[Literal[*EMOTIONS]] = option(CLASSES, name="--emotion")
    merge_excited: bool = False
    improvised_only: bool = False

    def read(self, root: str | os.PathLike) -> pd.DataFrame:
        """Make a manifest of a complete or partial copy of IEMOCAP.

        The turns of a session have sound if there are files below its `sentences/wav`, and likewise video. Missing
        files are then still listed, so that their clips are set aside with a reason when they are read.

        Args:
            root: the folder with `Session1` and so on.

        Returns:
            A manifest in the order of sessions, dialogues and times. `start_s` and `end_s` are for the dialogue's video
            (`whole_file` is `audio`). Labels: `emotion` after ties and merging; `majority` as in the label file
            (`xxx`: none); `votes` and `ratings` of each evaluator, `self_votes` and `self_ratings` of the actors, such
            as `E1:neu E2:neu,sad` and `E3:3,2,2`, ratings in the order valence, activation, dominance; their means over
            the evaluators `valence`, `activation`, `dominance`; `scenario` (`improvised`, `scripted`); `session`, 1 to
            5.

        Raises:
            InputError: the root is missing or of another corpus, a label file breaks the format, a session has labels
                and no recordings, or nothing is left.
        """
        root = Path(root)
        rows, media = [], {}
        for path in _label_files(root):
            session, scenario = _DIALOGUE.fullmatch(path.stem).groups()
            if self.improvised_only and scenario != "impro":
                continue
            if session not in media:
                media[session] = _media(root / f"Session{session}")
            for turn in sorted(emo_evaluation.read(path), key=lambda turn: (turn.start_s, turn.name)):
                emotion = self._settle(turn, path)
                emotion = "hap" if self.merge_excited and emotion == "exc" else emotion
                if emotion in self.emotions:
                    rows.append({**_row(turn, path.stem, media[session]), "emotion": emotion})
        if not rows:
            raise InputError(
                f"{root} holds no turn of the emotions {', '.join(self.emotions)} in the dialogues asked for."
            )
        return _manifest(rows)

    def notes(self, table: pd.DataFrame) -> list[str]:
        """Compare a manifest of the whole corpus with the published number of turns: 5531 in the common four-class set.

        Args:
            table: what `read` gave. The common set is that of the emotions `CLASSES` and `merge_excited`; labels that
                do not occur are not compared.

        Returns:
            A sentence if the counts differ; none if they agree, or if the table is not from all five sessions with
            improvised and scripted dialogues, so that it cannot be compared.
        """
        if set(table["session"]) != set(SESSIONS) or set(table["scenario"]) != set(SCENARIOS.values()):
            return []
        found = table["majority"].value_counts()
        differences = [
            f"{label} {found[label]} of {count}" for label, count in COUNTS.items() if found.get(label, count) != count
        ]
        if not differences:
            return []
        total = sum(int(found.get(label, 0)) for label in COUNTS)
        expected = sum(count for label, count in COUNTS.items() if label in found)
        return [
            f"{total} turns have one of the common labels; the whole of IEMOCAP has {expected} "
            f"({', '.join(differences)})."
        ]

    def _settle(self, turn: Turn, path: Path) -> str | None:
        """Return the emotion of a turn; None: leave it out."""
        if turn.majority != NO_MAJORITY:
            return turn.majority
        if self.ties == "drop":
            return None
        if not turn.most_voted:
            raise InputError(f"{path}: {turn.name} has neither a majority nor votes; drop ties, or restore the file.")
        return str(np.random.default_rng([self.seed, *turn.name.encode()]).choice(turn.most_voted))


def session_folds(table: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Return the session of each clip, which is held out as a whole, and the fold of each session.

    Both actors of a session can be heard and seen in all of its dialogues.

    Args:
        table: a manifest of IEMOCAP.
    """
    return "session " + table["session"].astype(str), pd.Series({f"session {number}": number for number in SESSIONS})


def official_path(turn: str, medium: str) -> str:
    """Return the path of the sound (`audio`) of a turn, or the video (`video`) or `labels` of its dialogue.

    Args:
        turn: name of the turn.
        medium: `audio`, `video` or `labels`.

    Example:
        >>> official_path("Ses01F_impro01_M003", "audio")
        'Session1/sentences/wav/Ses01F_impro01/Ses01F_impro01_M003.wav'
        >>> official_path("Ses01F_impro01_M003", "video")
        'Session1/dialog/avi/DivX/Ses01F_impro01.avi'
    """
    dialogue = turn.rsplit("_", 1)[0]
    if medium == "audio":
        return f"Session{turn[4]}/sentences/wav/{dialogue}/{turn}.wav"
    if medium == "labels":
        return f"Session{turn[4]}/dialog/EmoEvaluation/{dialogue}.txt"
    return f"Session{turn[4]}/dialog/avi/DivX/{dialogue}.avi"


def _label_files(root: Path) -> list[Path]:
    if not root.is_dir():
        raise InputError(f"{root} is no folder; give the root of your copy of IEMOCAP.")
    found = sorted(
        path
        for path in root.glob("Session[1-5]/dialog/EmoEvaluation/*.txt")
        if _DIALOGUE.fullmatch(path.stem) and path.stem[4] == path.parts[-4][-1]
    )
    if not found:
        content = "is empty" if not any(root.iterdir()) else "holds no label file"
        raise InputError(
            f"{root} {content}; the root of IEMOCAP holds Session1/dialog/EmoEvaluation/Ses01F_impro01.txt."
        )
    return found


def _media(folder: Path) -> list[str]:
    """The media that a session's folder has any file of."""
    patterns = {"audio": "sentences/wav/*/*.wav", "video": "dialog/avi/DivX/*.avi"}
    media = [medium for medium, pattern in patterns.items() if next(folder.glob(pattern), None)]
    if not media:
        raise InputError(
            f"{folder} holds labels and no recordings; add sentences/wav or dialog/avi/DivX, or take the session away."
        )
    return media


def _row(turn: Turn, dialogue: str, media: list[str]) -> dict:
    votes = {who: ",".join(labels) for who, labels in turn.votes.items()}
    ratings = {who: ",".join(f"{rating:g}" for rating in values) for who, values in turn.single_ratings.items()}
    speaker = turn.name.rsplit("_", 1)[1][0]
    session, scenario = _DIALOGUE.fullmatch(dialogue).groups()
    return {
        "clip": turn.name,
        "audio": official_path(turn.name, "audio") if "audio" in media else None,
        "video": official_path(turn.name, "video") if "video" in media else None,
        "start_s": turn.start_s,
        "end_s": turn.end_s,
        "speaker": f"Ses0{session}{speaker}",
        "gender": GENDERS[speaker],
        "dialogue": dialogue,
        "whole_file": "audio",
        "majority": turn.majority,
        "votes": _listed(votes, others=True),
        "self_votes": _listed(votes, others=False),
        "ratings": _listed(ratings, others=True),
        "self_ratings": _listed(ratings, others=False),
        **dict(zip(("valence", "activation", "dominance"), turn.ratings, strict=True)),
        "scenario": SCENARIOS[scenario],
        "session": int(session),
    }


def _listed(evaluations: dict[str, str], others: bool) -> str | None:
    listed = " ".join(f"{who}:{values}" for who, values in evaluations.items() if (who[0] == "E") == others)
    return listed or None


def _manifest(rows: list[dict]) -> pd.DataFrame:
    table = pd.DataFrame(rows)
    columns = [*manifest.COLUMNS, "whole_file", "emotion"]
    table = table[columns + [column for column in table.columns if column not in columns]]
    nullable = ["audio", "video", "votes", "self_votes", "ratings", "self_ratings"]
    table[nullable] = table[nullable].astype("str")
    return manifest.check(table, "the manifest of IEMOCAP")
