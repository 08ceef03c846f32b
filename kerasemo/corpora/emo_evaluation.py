"""The label files of IEMOCAP, `EmoEvaluation/<dialogue>.txt`: one dialogue, one block of lines per turn.

A block opens with times, name, majority label and mean ratings; the votes (C) and ratings (A) of each evaluator (E) and
of the actors themselves (F, M) follow:

    [6.2901 - 8.2357]	Ses01F_impro01_F000	neu	[2.5000, 2.5000, 2.5000]
    C-E2:	Neutral;	()
    C-F1:	Neutral;	()
    A-E3:	val 3; act 2; dom  2;	()

Source: Busso et al. 2008, "IEMOCAP: Interactive emotional dyadic motion capture database", Language Resources and
Evaluation 42(4).
"""

import math
import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from kerasemo.errors import InputError

__all__ = ["EMOTIONS", "HEADER", "NO_MAJORITY", "Turn", "read", "write"]

EMOTIONS = {
    "neu": "Neutral",
    "ang": "Anger",
    "hap": "Happiness",
    "exc": "Excited",
    "sad": "Sadness",
    "fru": "Frustration",
    "fea": "Fear",
    "sur": "Surprise",
    "dis": "Disgust",
    "oth": "Other",
}
"""Label -> the word that evaluators vote with."""

NO_MAJORITY = "xxx"
HEADER = "% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]"

_NUMBER = r"\d+(?:\.\d*)?"
_OPENING = re.compile(
    rf"\[({_NUMBER}) - ({_NUMBER})\]\s+(\w+)\s+(\w+)\s+\[({_NUMBER}|nan), ({_NUMBER}|nan), ({_NUMBER}|nan)\]",
    re.IGNORECASE,
)
_EVALUATION = re.compile(r"([CA])-([EFM]\d+):([^(]*)(?:\(.*)?")
_RATINGS = re.compile(rf"val\s*({_NUMBER})?\s*;\s*act\s*({_NUMBER})?\s*;\s*dom\s*({_NUMBER})?\s*;?", re.IGNORECASE)


@dataclass(frozen=True)
class Turn:
    """One turn as its label file has it.

    Attributes:
        name: such as `Ses01F_impro01_M003`.
        start_s: where it begins in the dialogue, seconds.
        end_s: where it ends.
        majority: a key of `EMOTIONS`, or `NO_MAJORITY`.
        ratings: valence, activation and dominance, the mean over the evaluators: 1 to 5, now and then 0.5 or 5.5; NaN
            where there is none.
        votes: evaluator -> labels, one or more each. `E1` and so on are others, `F1` and `M1` the actors themselves.
        single_ratings: evaluator -> valence, activation and dominance.
    """

    name: str
    start_s: float
    end_s: float
    majority: str
    ratings: tuple[float, float, float]
    votes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    single_ratings: dict[str, tuple[float, float, float]] = field(default_factory=dict)

    @property
    def most_voted(self) -> list[str]:
        """The labels with the most votes of others, sorted: the tied ones where there is no majority.

        >>> votes = {"E1": ("sad",), "E2": ("neu", "sad"), "E3": ("neu",), "F1": ("neu",)}
        >>> Turn("Ses01F_impro01_F000", 0.0, 1.0, "xxx", (2.0, 2.0, 2.0), votes).most_voted
        ['neu', 'sad']
        """
        counts = Counter(label for who, labels in self.votes.items() if who[0] == "E" for label in labels)
        return sorted(label for label, count in counts.items() if count == max(counts.values()))


def read(path: str | os.PathLike) -> list[Turn]:
    """Read a label file: its turns in their order. Comments, in round brackets, are left out.

    Args:
        path: a file of `EmoEvaluation`, named after its dialogue.

    Returns:
        The turns, in the order of the file.

    Raises:
        InputError: the file cannot be read, holds no turn, or has a line that breaks the format, which is named.
    """
    path = Path(path)
    try:
        # Comments hold the odd byte that is no UTF-8.
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from None
    if any("\0" in line for line in lines):
        raise InputError(f"{path} is no text in UTF-8; restore the file.")
    turns: dict[str, Turn] = {}
    turn = None
    for number, line in enumerate(lines, start=1):
        try:
            if line.startswith("["):
                turn = _turn(line, path.stem)
                if turn.name in turns:
                    raise ValueError(f"{turn.name} stands twice")
                turns[turn.name] = turn
            elif line.strip() and not line.startswith("%"):
                _add_evaluation(turn, line)
        except ValueError as error:
            raise InputError(f"{path}: line {number}: {error}; mend or restore the file.") from None
    if not turns:
        raise InputError(f"{path} holds no turn; restore the file.")
    return list(turns.values())


def write(path: str | os.PathLike, turns: list[Turn]) -> None:
    """Write a label file in the owners' format; `read` gives the same turns back.

    Args:
        path: the file to write.
        turns: the turns, in order; seconds and mean ratings are written with four decimals.
    """
    lines = [HEADER]
    for turn in turns:
        means = ", ".join(f"{rating:.4f}" for rating in turn.ratings)
        lines += ["", f"[{turn.start_s:.4f} - {turn.end_s:.4f}]\t{turn.name}\t{turn.majority}\t[{means}]"]
        for who, labels in turn.votes.items():
            lines.append(f"C-{who}:\t{' '.join(f'{EMOTIONS[label]};' for label in labels)}\t()")
        for who, ratings in turn.single_ratings.items():
            valence, activation, dominance = ("" if math.isnan(rating) else f"{rating:g}" for rating in ratings)
            lines.append(f"A-{who}:\tval {valence}; act {activation}; dom  {dominance};\t()")
    Path(path).write_text("\n".join([*lines, ""]), encoding="utf-8", newline="\n")


def _turn(line: str, dialogue: str) -> Turn:
    match = _OPENING.fullmatch(line.strip())
    if not match:
        raise ValueError("a turn must open like [6.2901 - 8.2357] Ses01F_impro01_F000 neu [2.5000, 2.5000, 2.5000]")
    start, end, name, majority, *ratings = match.groups()
    if not re.fullmatch(rf"{re.escape(dialogue)}_[FM]\w+", name):
        raise ValueError(f"{name} is no turn of {dialogue}, the dialogue that names the file")
    if float(end) <= float(start):
        raise ValueError(f"{name} ends before it starts")
    if majority not in (*EMOTIONS, NO_MAJORITY):
        raise ValueError(f"{name} has the unknown label {majority!r}")
    return Turn(name, float(start), float(end), majority, tuple(map(float, ratings)))


def _add_evaluation(turn: Turn | None, line: str) -> None:
    match = _EVALUATION.fullmatch(line.strip())
    if not match or turn is None:
        raise ValueError(
            "an evaluation below its turn must read like C-E2: Neutral; () or A-E3: val 3; act 2; dom 2; ()"
        )
    kind, who, values = match[1], match[2], match[3].strip()
    held = turn.votes if kind == "C" else turn.single_ratings
    if who in held:
        raise ValueError(f"{kind}-{who} stands twice for {turn.name}")
    if kind == "C":
        turn.votes[who] = tuple(_labels(values))
    elif ratings := _RATINGS.fullmatch(values):
        turn.single_ratings[who] = tuple(math.nan if rating is None else float(rating) for rating in ratings.groups())
    else:
        raise ValueError(f"{values!r} must read like val 3; act 2; dom 2;")


def _labels(values: str) -> Iterator[str]:
    """The labels of an evaluator's words; the owners write some of them in several forms (`Neutral state`)."""
    for word in filter(None, map(str.strip, values.split(";"))):
        if (label := word[:3].lower()) not in EMOTIONS:
            raise ValueError(f"{word!r} is no emotion of IEMOCAP")
        yield label
