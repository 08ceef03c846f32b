"""Losses that the papers need beyond those of Keras."""

from kerasemo.losses.ccc import CCCLoss
from kerasemo.losses.distillation import LogitMatching

__all__ = ["CCCLoss", "LogitMatching"]
