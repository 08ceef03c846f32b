"""Metrics: CCC, exact over a whole data set, and the spread of features, a mean over batches."""

from kerasemo.metrics.ccc import CCC
from kerasemo.metrics.spread import spread

__all__ = ["CCC", "spread"]
