"""Metrics that are exact over a whole data set, not a mean over batches."""

from kerasemo.metrics.ccc import CCC

__all__ = ["CCC"]
