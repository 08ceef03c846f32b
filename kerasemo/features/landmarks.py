"""The 68 landmarks of a face, found by dlib with a model that the user provides."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from kerasemo.errors import InputError
from kerasemo.features.face_finder import Box

if TYPE_CHECKING:
    import dlib

__all__ = ["N_LANDMARKS", "Landmarks"]

N_LANDMARKS = 68

# dlib returns whole pixels: faces are scaled to this size for sufficient precision.
_SEARCHED_SIDE = 256


@dataclass(frozen=True)
class Landmarks:
    """A regression model of facial landmarks, in the order of 300-W (Sagonas et al. 2013).

    It needs the extra `kerasemo[landmarks]`.

    Source: Kazemi and Sullivan 2014, "One Millisecond Face Alignment with an Ensemble of Regression Trees".

    Args:
        path: the model, such as dlib's `shape_predictor_68_face_landmarks.dat` (from 300-W: not for commercial use).

    Raises:
        InputError: the file is missing, is not a model or has another number of landmarks; or dlib is missing.
    """

    path: str

    def __post_init__(self):
        if not Path(self.path).is_file():
            raise InputError(f"the landmark model {self.path} is not there; give one of dlib for 68 landmarks.")
        _predictor(self.path)

    def find(self, picture: np.ndarray, box: Box) -> np.ndarray:
        """Find the landmarks of one face.

        Args:
            picture: uint8, `rows x columns x 3`, red first.
            box: box of the face: left, top, width and height in pixels.

        Returns:
            `68 x 2`, across and down, in pixels from the upper left corner of the picture.
        """
        import dlib

        left, top, width, height = box
        # The models are trained with square boxes that end at the chin.
        side, top = width, top + height - width
        first = np.maximum([left - side // 2, top - side // 2], 0)
        around = picture[first[1] : top + side + side // 2, first[0] : left + side + side // 2]
        scale = _SEARCHED_SIDE / side
        way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        around = cv2.resize(around, None, fx=scale, fy=scale, interpolation=way)
        corner = np.round((np.array([left, top]) - first) * scale).astype(int)
        square = dlib.rectangle(*corner.tolist(), *(corner + _SEARCHED_SIDE - 1).tolist())
        found = _predictor(self.path)(around, square)
        return (np.array([(point.x, point.y) for point in found.parts()]) + 0.5) / scale + first


@lru_cache(maxsize=1)
def _predictor(path: str) -> "dlib.shape_predictor":
    try:
        import dlib
    except ImportError:
        raise InputError("landmarks need dlib; install it with: pip install kerasemo[landmarks]") from None
    try:
        predictor = dlib.shape_predictor(path)
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[0]
        raise InputError(f"{path} cannot be read as a landmark model of dlib ({reason}).") from None
    blank = np.zeros((64, 64, 3), np.uint8)
    if (n := predictor(blank, dlib.rectangle(0, 0, 63, 63)).num_parts) != N_LANDMARKS:
        raise InputError(f"{path} gives {n} landmarks; {N_LANDMARKS} are needed.")
    return predictor
