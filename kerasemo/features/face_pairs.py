"""Pairs of faces."""

import os
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from kerasemo.command_line import option
from kerasemo.errors import BrokenClip
from kerasemo.features.face_finder import Box, find_face, find_face_near
from kerasemo.features.frames import Frames
from kerasemo.features.media import read_frames

__all__ = ["FacePairs"]


@dataclass(frozen=True)
class FacePairs(Frames):
    """Pairs of face crops, every half second.

    Each frame is cropped to its largest face, and the two crops are next to each other in one image. In the second
    frame, the face is searched near that of the first one. If only one frame of a pair shows a face, its position is
    used for both; if neither does, there is no image.

    Args:
        margin: margin added to each side of the face, as a fraction of its size.

    Raises:
        InputError: a parameter is out of range.
    """

    name: ClassVar[str] = "face_pairs"
    version: ClassVar[int] = 2  # 1: the second face was searched in the whole frame

    margin: float = option(0.2, min=0)

    def extract(self, path: str | os.PathLike, start_s: float | None = None, end_s: float | None = None) -> np.ndarray:
        """Return the clip's images: uint8, `images x height x 2 * width x 3`, red first.

        Raises:
            BrokenClip: see `media.read_frames`; or no frame shows a face.
        """
        images = []
        for _, pictures in read_frames(path, self.every_s, 2, start_s, end_s):
            left, right = pictures[0], pictures[-1]
            left_box = find_face(left)
            right_box = find_face_near(right, left_box) if left_box else find_face(right)
            if left_box or right_box:
                crops = self._crop(left, left_box or right_box), self._crop(right, right_box or left_box)
                images.append(self._side_by_side(*crops))
        if not images:
            raise BrokenClip(f"{path} has no face found in any frame.")
        return np.stack(images)

    def _crop(self, picture: np.ndarray, box: Box) -> np.ndarray:
        left, top, width, height = box
        across, down = round(self.margin * width), round(self.margin * height)
        return picture[max(top - down, 0) : top + height + down, max(left - across, 0) : left + width + across]
