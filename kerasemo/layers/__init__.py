"""Layers that the papers' networks need beyond those of Keras."""

from kerasemo.layers.chunked_lstm import ChunkedLSTM
from kerasemo.layers.fft_conv import FFTConv1D
from kerasemo.layers.frame_wise import FrameWise
from kerasemo.layers.valid_frames import LastValid, ZeroPadded

__all__ = ["ChunkedLSTM", "FFTConv1D", "FrameWise", "LastValid", "ZeroPadded"]
