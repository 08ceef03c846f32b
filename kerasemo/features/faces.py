"""Pairs of faces."""

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np

from kerasemo.errors import BrokenClip, InputError
from kerasemo.features.frames import Frames
from kerasemo.features.media import read_frames

# Faces are searched at this many rows: enough for a speaker's face, and quick on large video.
_SEARCHED_ROWS = 360
# The least face, as a part of the picture's shorter side: smaller finds are rarely faces.
_LEAST_FACE = 1 / 8


@dataclass(frozen=True)
class Faces(Frames):
    """`Frames`, each frame cropped to its largest face.

    Where only one frame of a pair shows a face, its place serves for both; where none does, the image is left out.

    Args:
        margin: what is added to the face's box on each side, as a part of its size.

    Raises:
        InputError: a parameter is out of range.
    """

    name: ClassVar[str] = "faces"

    margin: float = 0.2

    def __post_init__(self):
        super().__post_init__()
        if not self.margin >= 0:
            raise InputError(f"{self.name}: margin must be at least 0. Received: {self.margin}")

    def extract(self, path: str | os.PathLike, start_s: float | None = None, end_s: float | None = None) -> np.ndarray:
        """The clip's images: uint8, `images x height x 2 * width x 3`, red first.

        Raises:
            BrokenClip: see `media.read_frames`; or no frame shows a face.
        """
        images = []
        for _, pictures in read_frames(path, self.every_s, 2, start_s, end_s):
            left, right = pictures[0], pictures[-1]
            left_box, right_box = find_face(left), find_face(right)
            if left_box or right_box:
                crops = self._crop(left, left_box or right_box), self._crop(right, right_box or left_box)
                images.append(self._side_by_side(*crops))
        if not images:
            raise BrokenClip(f"{path} has no face found in any frame.")
        return np.stack(images)

    def _crop(self, picture: np.ndarray, box: tuple[int, int, int, int]) -> np.ndarray:
        left, top, width, height = box
        across, down = round(self.margin * width), round(self.margin * height)
        return picture[max(top - down, 0) : top + height + down, max(left - across, 0) : left + width + across]


def find_face(picture: np.ndarray) -> tuple[int, int, int, int] | None:
    """The largest of `find_faces`, or `None` where no face is found."""
    return next(iter(find_faces(picture)), None)


def find_faces(picture: np.ndarray) -> list[tuple[int, int, int, int]]:
    """Frontal faces, the largest first, by OpenCV's Haar cascade (Viola & Jones 2001).

    Args:
        picture: uint8, `rows x columns x 3`, red first.

    Returns:
        Left, top, width, height of each in pixels.
    """
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    scale = max(grey.shape[0] / _SEARCHED_ROWS, 1.0)
    if scale > 1:
        grey = cv2.resize(grey, None, fx=1 / scale, fy=1 / scale, interpolation=cv2.INTER_AREA)
    least = round(min(grey.shape) * _LEAST_FACE)
    boxes = _cascade().detectMultiScale(grey, scaleFactor=1.1, minNeighbors=5, minSize=(least, least))
    # The finder's order is not fixed: among equals, the leftmost, then the topmost.
    found = sorted(np.reshape(boxes, (-1, 4)).tolist(), key=lambda box: (-box[2] * box[3], box[0], box[1]))
    return [tuple(round(side * scale) for side in box) for box in found]


@lru_cache(maxsize=1)
def _cascade() -> cv2.CascadeClassifier:
    # OpenCV does not heed the number of threads that a pool gives its workers.
    if "OMP_NUM_THREADS" in os.environ:
        cv2.setNumThreads(int(os.environ["OMP_NUM_THREADS"]))
    return cv2.CascadeClassifier(str(Path(cv2.data.haarcascades) / "haarcascade_frontalface_default.xml"))
