"""Layers that the papers' networks need beyond those of Keras."""

from kerasemo.layers.chunked_lstm import ChunkedLSTM

__all__ = ["ChunkedLSTM"]
