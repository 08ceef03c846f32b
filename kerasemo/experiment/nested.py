"""Choice of a candidate in inner folds of speakers, so that nothing is chosen on the clips that are scored.

The inner folds of an outer fold are the other outer folds. A network that is trained without the folds a and b serves
both: scored on b it helps to choose for a, and scored on a, for b. So there is one inner split for each pair of folds.
"""

import itertools
from collections.abc import Sequence

import numpy as np

from kerasemo.evaluation.protocols import Split, speaker_splits
from kerasemo.experiment.cells import Cell
from kerasemo.experiment.corpora import Corpus
from kerasemo.experiment.outcome import Folds
from kerasemo.training.run import Run

__all__ = ["NONE", "best", "inner_splits", "outer_splits"]

NONE = np.array([], int)


def outer_splits(corpus: Corpus) -> list[Split]:
    """Return the splits with speakers held out; all other speakers are for training, none for validation.

    Args:
        corpus: the corpus; its column `group` and its folds are used.
    """
    return speaker_splits(corpus.table["group"], corpus.folds, seed=0, train_share=1.0)


def inner_splits(outer: Sequence[Split]) -> list[Split]:
    """Return a split for each pair of outer folds, which trains without both and tests on both.

    Args:
        outer: the splits that `outer_splits` returned.

    Example:
        >>> outer = [Split(f"speaker.fold{k}", np.delete(np.arange(3), k), NONE, np.array([k])) for k in range(3)]
        >>> [(split.name, split.train.tolist(), split.test.tolist()) for split in inner_splits(outer)][0]
        ('inner.fold0-1', [2], [0, 1])
    """
    return [
        Split(f"inner.fold{i}-{j}", np.intersect1d(a.train, b.train), NONE, np.union1d(a.test, b.test))
        for (i, a), (j, b) in itertools.combinations(enumerate(outer), 2)
    ]


def best(run: Run, corpus: Corpus, split: Split, candidates: Sequence[str]) -> str:
    """Return the candidate with the highest accuracy in the inner folds of an outer fold.

    Args:
        run: the run folder, with the predictions of every candidate on every inner split.
        corpus: the corpus whose `table` was split.
        split: the outer split to choose for; its test clips are not looked at.
        candidates: keys of the candidates' networks; the first one wins a tie.
    """
    inner = [each for each in inner_splits(outer_splits(corpus)) if np.isin(split.test, each.test).all()]
    tested = set(corpus.table["clip"].iloc[split.test])

    def accuracy(candidate: str) -> float:
        cells = [Cell(candidate, each, corpus.table) for each in inner]
        predictions = Folds(run, candidate, "speaker", cells).predictions()
        seen = predictions[~predictions["clip"].isin(tested)]
        return (seen["predicted"] == seen["emotion"]).mean()

    return max(candidates, key=accuracy)
