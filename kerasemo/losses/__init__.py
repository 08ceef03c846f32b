"""Losses that the papers need and Keras does not have."""

from kerasemo.losses.ccc import CCCLoss
from kerasemo.losses.distillation import LogitMatching
from kerasemo.losses.soft_hgr import SoftHGR, soft_hgr

__all__ = ["CCCLoss", "LogitMatching", "SoftHGR", "soft_hgr"]
