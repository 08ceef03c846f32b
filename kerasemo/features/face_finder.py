"""Where faces are in a picture: by OpenCV's Haar cascades, or by YuNet where the user gives its file."""

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from kerasemo.errors import InputError

Box = tuple[int, int, int, int]
"""Left, top, width, height in pixels."""

# Faces are searched at this many rows: enough for a speaker's face, and quick on large video.
_SEARCHED_ROWS = 360
# The least face, as a part of the picture's shorter side: smaller finds are rarely faces.
_LEAST_FACE = 1 / 8

# Eyes are searched in a face of this side: the cascade's least eye is 20 pixels wide.
_EYES_SEARCHED_SIDE = 160
# Within a Haar cascade's box, parts of its side: where eyes may be, how large they are, and how far apart.
_EYE_ROWS = (0.2, 0.58)
_EYE_WIDTHS = (0.15, 0.4)
_EYE_DISTANCES = (0.3, 0.6)
_MOST_TILTED = np.tan(np.radians(25))

_YUNET_SCORE = 0.8


@dataclass(frozen=True)
class Face:
    """A face in a picture.

    Attributes:
        box: left, top, width, height in pixels.
        eyes: centres of the eye on the picture's left and the one on its right, `2 x 2`, across and down, pixels;
            `None` where they are not known.
    """

    box: Box
    eyes: np.ndarray | None


def find_face(picture: np.ndarray) -> Box | None:
    """The largest of `find_faces`, or `None` where no face is found."""
    return next(iter(find_faces(picture)), None)


def find_faces(picture: np.ndarray) -> list[Box]:
    """Frontal faces, the largest first, by OpenCV's Haar cascade (Viola & Jones 2001).

    Args:
        picture: uint8, `rows x columns x 3`, red first.

    Returns:
        Left, top, width, height of each in pixels.
    """
    grey, scale = _searched(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY))
    least = round(min(grey.shape) * _LEAST_FACE)
    boxes = _cascade("frontalface_default").detectMultiScale(
        grey, scaleFactor=1.1, minNeighbors=5, minSize=(least, least)
    )
    return _largest_first(np.reshape(boxes, (-1, 4)) * scale)


def find_eyes(picture: np.ndarray, box: Box) -> np.ndarray | None:
    """The eyes within a face that `find_faces` gave, by OpenCV's Haar cascade of eyes.

    Args:
        picture: uint8, `rows x columns x 3`, red first.
        box: of the face.

    Returns:
        As `Face.eyes`: of all pairs of finds that are as far apart as eyes are, and nearly level, the largest.
    """
    left, top, side, _ = box
    first, last = (top + round(part * side) for part in _EYE_ROWS)
    grey = cv2.cvtColor(picture[first:last, left : left + side], cv2.COLOR_RGB2GRAY)
    scale = side / _EYES_SEARCHED_SIDE
    grey = cv2.resize(
        grey, None, fx=1 / scale, fy=1 / scale, interpolation=cv2.INTER_AREA if scale > 1 else cv2.INTER_LINEAR
    )
    least, most = (round(part * _EYES_SEARCHED_SIDE) for part in _EYE_WIDTHS)
    boxes = _cascade("eye").detectMultiScale(
        grey, scaleFactor=1.05, minNeighbors=4, minSize=(least, least), maxSize=(most, most)
    )
    boxes = np.array(_largest_first(np.reshape(boxes, (-1, 4)))).reshape(-1, 4) * scale
    centres = boxes[:, :2] + boxes[:, 2:] / 2
    near, far = (part * side for part in _EYE_DISTANCES)
    for second in range(1, len(centres)):
        for other in range(second):
            pair = centres[[other, second]]
            pair = pair[np.argsort(pair[:, 0])]
            across, down = pair[1] - pair[0]
            if near <= across <= far and abs(down) <= _MOST_TILTED * across:
                return pair + np.array([left, first])
    return None


@dataclass(frozen=True)
class YuNet:
    """The face detector YuNet (Wu, Peng & Yu 2023), which also gives the eyes.

    Args:
        path: its ONNX file, such as `face_detection_yunet_2023mar.onnx` of OpenCV's model zoo.

    Raises:
        InputError: the file is missing or is no ONNX network.
    """

    path: str

    def __post_init__(self):
        if not Path(self.path).is_file():
            raise InputError(f"the face detector {self.path} is not there; give the ONNX file of YuNet.")
        _yunet(self.path)

    def find(self, picture: np.ndarray) -> list[Face]:
        """Faces, the largest first.

        Args:
            picture: uint8, `rows x columns x 3`, red first.

        Raises:
            InputError: the network does not give what YuNet gives.
        """
        blue_first, scale = _searched(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
        detector = _yunet(self.path)
        detector.setInputSize(blue_first.shape[1::-1])
        try:
            rows = detector.detect(blue_first)[1]
        except cv2.error as error:
            raise InputError(f"{self.path} is not YuNet ({error.err}); give the ONNX file of YuNet.") from None
        least = min(picture.shape[:2]) * _LEAST_FACE
        found = {}
        # A row: the box, five points across and down (right eye, left eye, nose, corners of the mouth), the score.
        for row in np.reshape([] if rows is None else rows, (-1, 15)) * scale:
            if min(row[2:4]) >= least:
                eyes = row[4:8].reshape(2, 2).astype(float)
                eyes = eyes[np.argsort(eyes[:, 0])]
                # In profile they stand too close to align a face by.
                seen = eyes[1, 0] - eyes[0, 0] >= _EYE_DISTANCES[0] * row[2]
                found[tuple(round(side) for side in row[:4])] = eyes if seen else None
        return [Face(box, found[box]) for box in _largest_first(np.reshape(list(found), (-1, 4)))]


def _searched(picture: np.ndarray) -> tuple[np.ndarray, float]:
    """A picture as large as it is searched, and how many times larger it was."""
    scale = max(picture.shape[0] / _SEARCHED_ROWS, 1.0)
    if scale > 1:
        picture = cv2.resize(picture, None, fx=1 / scale, fy=1 / scale, interpolation=cv2.INTER_AREA)
    return picture, scale


def _largest_first(boxes: np.ndarray) -> list[Box]:
    """Boxes `n x 4` in a fixed order, which the finders' is not: among equals, the leftmost, then the topmost."""
    rounded = [tuple(round(side) for side in box) for box in boxes.tolist()]
    return sorted(rounded, key=lambda box: (-box[2] * box[3], box[0], box[1]))


@lru_cache(maxsize=2)
def _cascade(name: str) -> cv2.CascadeClassifier:
    _heed_threads()
    return cv2.CascadeClassifier(str(Path(cv2.data.haarcascades) / f"haarcascade_{name}.xml"))


@lru_cache(maxsize=1)
def _yunet(path: str) -> cv2.FaceDetectorYN:
    _heed_threads()
    try:
        return cv2.FaceDetectorYN.create(path, "", (320, 320), score_threshold=_YUNET_SCORE)
    except cv2.error as error:
        raise InputError(
            f"{path} cannot be read as an ONNX network ({error.err}); give the ONNX file of YuNet."
        ) from None


def _heed_threads() -> None:
    # OpenCV does not heed the number of threads that a pool gives its workers.
    if "OMP_NUM_THREADS" in os.environ:
        cv2.setNumThreads(int(os.environ["OMP_NUM_THREADS"]))
