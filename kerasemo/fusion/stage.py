"""The arrays of a fitted linear fusion, in one or several stages."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kerasemo.fusion.recordings import slices
from kerasemo.fusion.windows import Windows

__all__ = ["Stage", "apply"]


@dataclass(frozen=True)
class Stage:
    """A linear function of the frames in a window and of the mean over the recording.

    The inputs of a stage after the first are the base inputs, followed by the outputs of the previous stage.

    Args:
        kernel: weights of the lagged inputs, `offsets x inputs x targets`, for the offsets `-reach` to `reach`. Frames
            outside the recording are replaced by its first or last frame.
        level: weights of the inputs' means over the recording, `inputs x targets`.
        bias: the number that is added, `targets`.
    """

    kernel: np.ndarray
    level: np.ndarray
    bias: np.ndarray

    @property
    def reach(self) -> int:
        """Frames on each side of the window."""
        return len(self.kernel) // 2


def apply(stages: Sequence[Stage], inputs: np.ndarray, lengths: Sequence[int]) -> list[np.ndarray]:
    """Compute the outputs of all stages.

    Args:
        stages: the stages, from the first to the last.
        inputs: the concatenated frames of all recordings, `frames x inputs`.
        lengths: frames of each recording.

    Returns:
        One array `frames x targets` per stage.
    """
    outputs: list[np.ndarray] = []
    for stage in stages:
        stage_inputs = np.hstack([inputs, *outputs[-1:]])
        fused = Windows(stage_inputs, lengths, stage.reach).dot(stage.kernel.reshape(-1, len(stage.bias))) + stage.bias
        for rows in slices(lengths):
            fused[rows] += stage_inputs[rows].mean(axis=0) @ stage.level
        outputs.append(fused)
    return outputs
