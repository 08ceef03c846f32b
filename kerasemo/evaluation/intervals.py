"""Confidence intervals of scores: how much a score would vary with other speakers."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy import stats

__all__ = ["CONFIDENCE", "RESAMPLES", "bootstrap_by_group", "mean_by_group"]

CONFIDENCE = 0.95
RESAMPLES = 1000


def bootstrap_by_group(
    table: pd.DataFrame,
    score: Callable[[pd.DataFrame], float],
    group: str = "speaker",
    seed: int = 0,
) -> tuple[float, float] | tuple[None, None]:
    """Return the percentile bootstrap interval of a score, drawing whole groups with replacement.

    Items of the same speaker are not independent; drawing single items would give an interval that is too narrow.

    Args:
        table: one row per item.
        score: a function that computes the score of a table.
        group: the column with the group of each row.
        seed: seed of the draws.

    Returns:
        Low and high end of the 95 % interval; `(None, None)` with fewer than two groups, where there is no interval.

    Example:
        >>> table = pd.DataFrame({"speaker": list("aabb"), "hit": [1.0, 1.0, 0.0, 0.0]})
        >>> bootstrap_by_group(table, lambda rows: rows["hit"].mean())
        (0.0, 1.0)
    """
    group_rows = list(table.groupby(group, sort=True).indices.values())
    if len(group_rows) < 2:
        return None, None

    def score_of(groups: np.ndarray) -> float:
        return score(table.iloc[np.concatenate([group_rows[g] for g in groups])])

    return _interval(len(group_rows), score_of, seed, vectorized=False)


def mean_by_group(
    table: pd.DataFrame, column: str, group: str = "speaker", seed: int = 0
) -> tuple[float, float] | tuple[None, None]:
    """Return the interval of `bootstrap_by_group` for the mean of a column; much faster.

    Args:
        table, group, seed: as in `bootstrap_by_group`.
        column: the column to average.

    Returns:
        As `bootstrap_by_group`.

    Example:
        >>> table = pd.DataFrame({"speaker": list("aabb"), "hit": [1.0, 1.0, 0.0, 0.0]})
        >>> mean_by_group(table, "hit")
        (0.0, 1.0)
    """
    grouped = table.groupby(group, sort=True)[column]
    sums, counts = grouped.sum().to_numpy(), grouped.count().to_numpy()
    if len(sums) < 2:
        return None, None

    def mean_of(groups: np.ndarray, axis: int = -1) -> np.ndarray:
        return sums[groups].sum(axis=axis) / counts[groups].sum(axis=axis)

    return _interval(len(sums), mean_of, seed, vectorized=True)


def _interval(n_groups: int, statistic: Callable, seed: int, *, vectorized: bool) -> tuple[float, float]:
    """Return the interval of a statistic that takes an array of group numbers."""
    result = stats.bootstrap(
        (np.arange(n_groups),),
        statistic,
        vectorized=vectorized,
        method="percentile",
        confidence_level=CONFIDENCE,
        n_resamples=RESAMPLES,
        rng=np.random.default_rng(seed),
    )
    return float(result.confidence_interval.low), float(result.confidence_interval.high)
