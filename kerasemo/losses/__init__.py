"""Losses that the papers need beyond those of Keras."""

from kerasemo.losses.distillation import LogitMatching

__all__ = ["LogitMatching"]
