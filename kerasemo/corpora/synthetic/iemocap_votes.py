"""Evaluations of a synthetic turn: three evaluators vote, two rate, and the actor does both."""

import numpy as np

from kerasemo.corpora.emo_evaluation import EMOTIONS, NO_MAJORITY, Turn
from kerasemo.corpora.iemocap import CLASSES
from kerasemo.corpora.synthetic.iemocap_dialogue import Part

__all__ = ["evaluate"]

_VOTERS = ("E1", "E2", "E4")
_RATERS = ("E3", "E4")
_DISSENT = 0.4
# Mean valence, activation and dominance of the turns that show an emotion.
_RATINGS = {
    "neu": (3.0, 2.6, 2.9),
    "ang": (1.9, 3.7, 3.9),
    "hap": (3.9, 3.1, 3.1),
    "exc": (4.0, 3.8, 3.4),
    "sad": (2.2, 2.2, 2.5),
}
_SPREAD = 0.8


def evaluate(part: Part, start_s: float, end_s: float, seed: int) -> Turn:
    """Return votes and ratings of a turn; they depend on its emotion, its name and the seed.

    Without a tie two or three of three voters give the emotion. Tied turns have it among the most voted labels: of
    three voters each gives another label, or two labels get two votes each.

    Args:
        part: the turn.
        start_s: where it begins in the dialogue, in seconds.
        end_s: where it ends, in seconds.
        seed: seed of votes and ratings.
    """
    rng = np.random.default_rng([seed, *part.name.encode()])
    votes = dict(zip(_VOTERS, _tied(part.emotion, rng) if part.tied else _agreed(part.emotion, rng), strict=True))
    own = f"{part.speaker}1"
    ratings = {who: _rate(part.emotion, rng) for who in (*_RATERS, own)}
    means = tuple(float(mean) for mean in np.mean([ratings[who] for who in _RATERS], axis=0))
    majority = NO_MAJORITY if part.tied else part.emotion
    return Turn(part.name, start_s, end_s, majority, means, {**votes, own: (part.emotion,)}, ratings)


def _agreed(emotion: str, rng: np.random.Generator) -> list[tuple[str, ...]]:
    votes = [(emotion,)] * len(_VOTERS)
    if rng.random() < _DISSENT:
        votes[rng.integers(len(votes))] = (str(rng.choice([label for label in EMOTIONS if label != emotion])),)
    return votes


def _tied(emotion: str, rng: np.random.Generator) -> list[tuple[str, ...]]:
    first, second = (str(label) for label in rng.permutation([label for label in CLASSES if label != emotion])[:2])
    each_another = [(emotion,), (first,), (second,)]
    two_and_two = [(emotion,), (first,), (emotion, first)]
    votes = each_another if rng.random() < 0.5 else two_and_two
    return [votes[place] for place in rng.permutation(len(votes))]


def _rate(emotion: str, rng: np.random.Generator) -> tuple[float, float, float]:
    # Five steps; a few of the real ones are beyond them.
    ratings = np.rint(rng.normal(_RATINGS[emotion], _SPREAD)).astype(int)
    return tuple(float(rating) for rating in np.clip(ratings, 0, 6))
