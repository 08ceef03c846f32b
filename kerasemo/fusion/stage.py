"""What a fitted fusion is when it is linear: one stage after the other, each a few arrays."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kerasemo.fusion.recordings import slices
from kerasemo.fusion.windows import Windows


@dataclass(frozen=True)
class Stage:
    """Outputs as linear functions of the frames around and of the recording's mean.

    A stage after the first has the base inputs and then the outputs of the stage before as its inputs.

    Args:
        kernel: weights of the lagged inputs, `offsets x inputs x targets`, for the offsets `-reach` to `reach`, which
            are clamped to the recording.
        level: weights of the inputs' means over the recording, `inputs x targets`.
        bias: what is added, one number a target.
    """

    kernel: np.ndarray
    level: np.ndarray
    bias: np.ndarray

    @property
    def reach(self) -> int:
        """How many frames the kernel looks back and ahead."""
        return len(self.kernel) // 2


def apply(stages: Sequence[Stage], inputs: np.ndarray, lengths: Sequence[int]) -> list[np.ndarray]:
    """The output of every stage.

    Args:
        stages: from the first to the last.
        inputs: `frames x inputs`, recording after recording.
        lengths: frames of each recording.

    Returns:
        An array `frames x targets` a stage.
    """
    outputs: list[np.ndarray] = []
    for stage in stages:
        here = np.hstack([inputs, *outputs[-1:]])
        fused = Windows(here, lengths, stage.reach).dot(stage.kernel.reshape(-1, len(stage.bias))) + stage.bias
        for rows in slices(lengths):
            fused[rows] += here[rows].mean(axis=0) @ stage.level
        outputs.append(fused)
    return outputs
