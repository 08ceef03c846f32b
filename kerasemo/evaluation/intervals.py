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

    drawn = stats.bootstrap(
        (np.arange(len(rows_of)),),
        score_of,
        vectorized=False,
        method="percentile",
        confidence_level=CONFIDENCE,
        n_resamples=RESAMPLES,
        rng=np.random.default_rng(seed),
    )
    return float(drawn.confidence_interval.low), float(drawn.confidence_interval.high)
