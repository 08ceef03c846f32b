"""Metrics that hold over a whole set, not as a mean over batches."""

from kerasemo.metrics.ccc import CCC

__all__ = ["CCC"]
