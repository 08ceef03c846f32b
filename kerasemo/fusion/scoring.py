"""CCC of fused traces with bootstrap intervals over dialogues."""

from collections.abc import Sequence

import numpy as np

from kerasemo.corpora.avec2019 import TARGETS
from kerasemo.evaluation.intervals import CONFIDENCE, RESAMPLES
from kerasemo.evaluation.scores import ccc_of_sums, ccc_sums
from kerasemo.fusion.predictions import Aligned
from kerasemo.fusion.recordings import slices

__all__ = ["AVERAGE", "DDOF", "average", "group_sums", "score_rows"]

AVERAGE = "average"
# "avec": variances divided by N - 1, covariance by N, as in the scripts of the challenge.
DDOF = {"plain": 0, "avec": 1}


def group_sums(data: Aligned, fused: np.ndarray, groups: Sequence[str]) -> np.ndarray:
    """Return the sums of `ccc_sums` for each group, `groups x targets x 6`; they can be added over groups.

    Args:
        data: the labels and lengths of the recordings.
        fused: the traces to score, `frames x targets`.
        groups: the group of each recording.
    """
    numbers = np.unique(np.asarray(groups), return_inverse=True)[1]
    sums = np.zeros((numbers.max() + 1, data.labels.shape[1], 6))
    for number, rows in zip(numbers, slices(data.lengths), strict=True):
        sums[number] += ccc_sums(data.labels[rows], fused[rows])
    return sums


def score_rows(sums: np.ndarray, ddof: int, seed: int) -> list[dict[str, object]]:
    """Return the CCC of each target and their average, with 95 % bootstrap intervals over whole groups.

    Args:
        sums: the result of `group_sums`; all frames are scored together.
        ddof: see `scores.ccc`.
        seed: seed of the draws.

    Returns:
        Rows of `target, ccc, low, high, n`; `low` and `high` are None with fewer than two groups.
    """
    n_groups = len(sums)
    scores = _with_average(ccc_of_sums(sums.sum(axis=0), ddof))
    low = high = np.full(len(scores), None)
    if n_groups > 1:
        draws = np.random.default_rng(seed).integers(n_groups, size=(RESAMPLES, n_groups))
        counts = np.stack([np.bincount(draw, minlength=n_groups) for draw in draws])
        resampled = _with_average(ccc_of_sums(np.tensordot(counts, sums, axes=1), ddof))
        tail = (1 - CONFIDENCE) / 2
        low, high = np.quantile(resampled, [tail, 1 - tail], axis=0).tolist()
    n = int(sums[:, 0, 0].sum())
    return [
        {"target": target, "ccc": float(value), "low": bottom, "high": top, "n": n}
        for target, value, bottom, top in zip([*TARGETS, AVERAGE], scores, low, high, strict=True)
    ]


def average(sums: np.ndarray) -> float:
    """Return the average CCC of all targets over all groups, given the result of `group_sums`.

    Args:
        sums: `groups x targets x 6`.
    """
    return float(ccc_of_sums(sums.sum(axis=0)).mean())


def _with_average(values: np.ndarray) -> np.ndarray:
    return np.concatenate([values, values.mean(axis=-1, keepdims=True)], axis=-1)
