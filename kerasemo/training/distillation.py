"""What a student network learns from a teacher that was trained before it."""

import os
from collections.abc import Mapping

import numpy as np

from kerasemo.models.crossmodal import logits_of
from kerasemo.training.saving import load_network

BATCH_SIZE = 256


def teacher_logits(path: str | os.PathLike, output: str, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
    """The logits that a saved network gives.

    Args:
        path: its `.keras` file.
        output: the output whose logits are wanted.
        inputs: named arrays, items along the first axis; those that the network does not take are passed over.

    Returns:
        `items x classes`.
    """
    teacher = logits_of(load_network(path), output)
    return teacher.predict({name: inputs[name] for name in teacher.input}, batch_size=BATCH_SIZE, verbose=0)[output]
