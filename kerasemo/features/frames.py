"""Pairs of video frames."""

import os
from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np

from kerasemo.command_line import option
from kerasemo.features.feature_set import FeatureSet
from kerasemo.features.media import read_frames

__all__ = ["Frames", "scale_to"]


@dataclass(frozen=True)
class Frames(FeatureSet):
    """Pairs of consecutive frames, every half second.

    The two frames are next to each other in one image; a RAVDESS clip has six or seven images. Each frame is cropped
    around its centre to the aspect ratio of the output and then scaled, so that faces keep their proportions.

    Source: Goswami et al. 2018, which does not state the image size.

    Args:
        every_s: step between images, in seconds.
        height: height of an image, in pixels.
        width: width of each of the two frames in an image, in pixels.

    Raises:
        InputError: a parameter is out of range.
    """

    name: ClassVar[str] = "frames"
    medium: ClassVar[str] = "video"
    version: ClassVar[int] = 1

    every_s: float = option(0.5, above=0)
    height: int = option(64, min=1)
    width: int = option(64, min=1)

    def extract(self, path: str | os.PathLike, start_s: float | None = None, end_s: float | None = None) -> np.ndarray:
        """Return the clip's images: uint8, `images x height x 2 * width x 3`, red first.

        If the clip ends with the first frame of a pair, that frame is used twice.

        Raises:
            BrokenClip: see `media.read_frames`.
        """
        groups = read_frames(path, self.every_s, 2, start_s, end_s)
        return np.stack([self._side_by_side(pictures[0], pictures[-1]) for _, pictures in groups])

    def _side_by_side(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        return np.hstack([scale_to(picture, self.height, self.width) for picture in (left, right)])


def scale_to(picture: np.ndarray, height: int, width: int) -> np.ndarray:
    """Crop a picture around its centre to the aspect ratio of `height` and `width`, then scale it by area.

    Args:
        picture: uint8, `rows x columns x 3`.
        height, width: size of the result, in pixels.

    Returns:
        uint8, `height x width x 3`.
    """
    rows, columns = picture.shape[:2]
    kept_rows = max(min(rows, round(columns * height / width)), 1)
    kept_columns = max(min(columns, round(rows * width / height)), 1)
    top, left = (rows - kept_rows) // 2, (columns - kept_columns) // 2
    kept = picture[top : top + kept_rows, left : left + kept_columns]
    return cv2.resize(kept, (width, height), interpolation=cv2.INTER_AREA)
