"""Mean and variance of data that are read in parts."""

import numpy as np

__all__ = ["Moments"]


class Moments:
    """Mean and variance over rows that are added in parts, computed in float64.

    Source: Chan, Golub and LeVeque 1983, "Algorithms for Computing the Sample Variance".

    Attributes:
        n: number of rows.
        mean: their mean.

    Example:
        >>> moments = Moments()
        >>> for part in ([1.0, 2.0], [6.0]):
        ...     moments.add(np.array(part))
        >>> moments.n, float(moments.mean), round(float(moments.variance), 3)
        (3, 3.0, 4.667)
    """

    def __init__(self):
        self.n, self.mean, self._squares = 0, 0.0, 0.0

    def add(self, rows: np.ndarray) -> None:
        """Add `rows` or `rows x columns`.

        Args:
            rows: further values; all calls must have the same columns.
        """
        if not len(rows):
            return
        mean, n = rows.mean(axis=0, dtype=float), self.n + len(rows)
        away = mean - self.mean
        self._squares = self._squares + ((rows - mean) ** 2).sum(axis=0) + away**2 * self.n * len(rows) / n
        self.mean, self.n = self.mean + away * len(rows) / n, n

    @property
    def variance(self) -> np.ndarray:
        """The variance, divided by the number of rows."""
        return self._squares / self.n
