"""Layers that the papers' networks need and Keras does not have."""

from kerasemo.layers.augmentation import NoisePerturbation, SpecAugment, SpeedPerturbation
from kerasemo.layers.chunked_lstm import ChunkedLSTM
from kerasemo.layers.fft_conv import FFTConv1D
from kerasemo.layers.frame_wise import FrameWise
from kerasemo.layers.in_training import InTraining
from kerasemo.layers.local_response import LocalResponseNormalization
from kerasemo.layers.log_mel import LogMel
from kerasemo.layers.valid_frames import LastValid, ZeroPadded

__all__ = [
    "ChunkedLSTM",
    "FFTConv1D",
    "FrameWise",
    "InTraining",
    "LastValid",
    "LocalResponseNormalization",
    "LogMel",
    "NoisePerturbation",
    "SpecAugment",
    "SpeedPerturbation",
    "ZeroPadded",
]
