"""How far a score would move with other speakers."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy import stats

CONFIDENCE = 0.95
RESAMPLES = 1000


def bootstrap_by_group(
    table: pd.DataFrame,
    score: Callable[[pd.DataFrame], float],
    group: str = "speaker",
    seed: int = 0,
) -> tuple[float, float] | tuple[None, None]:
    """The percentile bootstrap interval of a score, drawing whole groups with replacement.

    Items of one speaker are not independent; drawing items one by one would give an interval that is too narrow.

    Args:
        table: a row an item.
        score: what to compute of a table.
        group: the column that says which rows belong together.
        seed: what the draws follow from.

    Returns:
        Low and high end of the 95 % interval; `(None, None)` with fewer than two groups, where nothing can be said.

    Example:
        >>> table = pd.DataFrame({"speaker": list("aabb"), "hit": [1.0, 1.0, 0.0, 0.0]})
        >>> bootstrap_by_group(table, lambda rows: rows["hit"].mean())
        (0.0, 1.0)
    """
    rows_of = list(table.groupby(group, sort=True).indices.values())
    if len(rows_of) < 2:
        return None, None

    def score_of(groups: np.ndarray) -> float:
        return score(table.iloc[np.concatenate([rows_of[g] for g in groups])])

    return _interval(len(rows_of), score_of, seed, vectorized=False)


def mean_by_group(
    table: pd.DataFrame, column: str, group: str = "speaker", seed: int = 0
) -> tuple[float, float] | tuple[None, None]:
    """As `bootstrap_by_group`, of the mean of a column, and much faster.

    Args:
        table, group, seed: as in `bootstrap_by_group`.
        column: whose mean it is.

    Example:
        >>> table = pd.DataFrame({"speaker": list("aabb"), "hit": [1.0, 1.0, 0.0, 0.0]})
        >>> mean_by_group(table, "hit")
        (0.0, 1.0)
    """
    of_groups = table.groupby(group, sort=True)[column]
    sums, counts = of_groups.sum().to_numpy(), of_groups.count().to_numpy()
    if len(sums) < 2:
        return None, None

    def mean_of(groups: np.ndarray, axis: int = -1) -> np.ndarray:
        return sums[groups].sum(axis=axis) / counts[groups].sum(axis=axis)

    return _interval(len(sums), mean_of, seed, vectorized=True)


def _interval(n_groups: int, statistic: Callable, seed: int, *, vectorized: bool) -> tuple[float, float]:
    """Of a statistic of the numbers of the groups."""
    drawn = stats.bootstrap(
        (np.arange(n_groups),),
        statistic,
        vectorized=vectorized,
        method="percentile",
        confidence_level=CONFIDENCE,
        n_resamples=RESAMPLES,
        rng=np.random.default_rng(seed),
    )
    return float(drawn.confidence_interval.low), float(drawn.confidence_interval.high)
