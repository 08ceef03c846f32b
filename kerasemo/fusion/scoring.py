"""CCC of fused traces with intervals by dialogue, and which method to recommend."""

from collections.abc import Mapping, Sequence

import numpy as np

from kerasemo.corpora.avec2019 import TARGETS
from kerasemo.evaluation.intervals import CONFIDENCE, RESAMPLES
from kerasemo.evaluation.scores import ccc_of_sums, ccc_sums
from kerasemo.fusion.predictions import Aligned
from kerasemo.fusion.recordings import slices

AVERAGE = "average"
# Variances by N - 1 and the covariance by N, as the scripts of the challenge have it.
DDOF = {"plain": 0, "avec": 1}


def group_sums(data: Aligned, fused: np.ndarray, groups: Sequence[str]) -> np.ndarray:
    """The sums of `ccc_sums` of each group, `groups x targets x 6`: scores of any set of groups follow from them."""
    numbers = np.unique(np.asarray(groups), return_inverse=True)[1]
    sums = np.zeros((numbers.max() + 1, data.labels.shape[1], 6))
    for number, rows in zip(numbers, slices(data.lengths), strict=True):
        sums[number] += ccc_sums(data.labels[rows], fused[rows])
    return sums


def score_rows(sums: np.ndarray, ddof: int, seed: int) -> list[dict[str, object]]:
    """The CCC of each target and of their average, with its 95 % interval over groups drawn with replacement.

    Args:
        sums: as from `group_sums`; all frames are scored together.
        ddof: see `scores.ccc`.
        seed: what the draws follow from.

    Returns:
        Rows of `target, ccc, low, high, n`; no interval (None) with fewer than two groups.
    """
    n_groups = len(sums)
    reached = _with_average(ccc_of_sums(sums.sum(axis=0), ddof))
    low = high = np.full(len(reached), None)
    if n_groups > 1:
        drawn = np.random.default_rng(seed).integers(n_groups, size=(RESAMPLES, n_groups))
        often = np.stack([np.bincount(row, minlength=n_groups) for row in drawn])
        resampled = _with_average(ccc_of_sums(np.tensordot(often, sums, axes=1), ddof))
        tail = (1 - CONFIDENCE) / 2
        low, high = np.quantile(resampled, [tail, 1 - tail], axis=0).tolist()
    n = int(sums[:, 0, 0].sum())
    return [
        {"target": target, "ccc": float(value), "low": bottom, "high": top, "n": n}
        for target, value, bottom, top in zip([*TARGETS, AVERAGE], reached, low, high, strict=True)
    ]


def recommended(held_out: Mapping[str, np.ndarray], fold_of_group: np.ndarray) -> tuple[str, bool]:
    """The method that held-out scores speak for, and whether all folds do.

    Each fold votes for the method with the best average CCC over the held-out predictions of the *other* folds, so that
    no fold's own score takes part in the choice made for it; the most votes win, and of equal ones the better over all.

    Args:
        held_out: method -> sums of its last stage as from `group_sums`.
        fold_of_group: the fold of each group.
    """
    votes = dict.fromkeys(held_out, 0)
    for fold in np.unique(fold_of_group):
        others = {method: average(sums[fold_of_group != fold]) for method, sums in held_out.items()}
        votes[max(others, key=others.__getitem__)] += 1
    best = max(held_out, key=lambda method: (votes[method], average(held_out[method])))
    return best, votes[best] == sum(votes.values())


def average(sums: np.ndarray) -> float:
    """The average CCC of all targets over all groups, from sums as from `group_sums`."""
    return float(ccc_of_sums(sums.sum(axis=0)).mean())


def _with_average(values: np.ndarray) -> np.ndarray:
    return np.concatenate([values, values.mean(axis=-1, keepdims=True)], axis=-1)
