"""Face detection by OpenCV's Haar cascades, or by YuNet if the user provides its file."""

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from kerasemo.errors import InputError

__all__ = ["Box", "Face", "YuNet", "find_eyes", "find_face", "find_face_near", "find_faces"]

Box = tuple[int, int, int, int]
"""Left, top, width, height in pixels."""

# Large pictures are reduced to this many rows: enough for the face of a speaker, and fast.
_SEARCHED_ROWS = 360
# Smallest face, as a fraction of the picture's shorter side: smaller detections are rarely faces.
_LEAST_FACE = 1 / 8
# How far a face moves between consecutive frames at most, as a fraction of its size, and by how much its size changes.
_MOST_MOVED, _LEAST_SIZE, _MOST_SIZE = 1 / 4, 0.7, 1.4

# Faces are scaled to this size to find the eyes; the smallest eye of the cascade is 20 pixels wide.
_EYES_SEARCHED_SIDE = 160
# Positions, sizes and distances of eyes, as fractions of the size of a Haar cascade's box.
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
            `None` if they are not known.
    """

    box: Box
    eyes: np.ndarray | None


def find_face(picture: np.ndarray) -> Box | None:
    """Return the largest face of `find_faces`, or `None` if there is none.

    Args:
        picture: uint8, `rows x columns x 3`, red first.
    """
    return next(iter(find_faces(picture)), None)


def find_faces(picture: np.ndarray) -> list[Box]:
    """Find frontal faces, the largest first, by OpenCV's Haar cascade (Viola & Jones 2001).

    Args:
        picture: uint8, `rows x columns x 3`, red first.

    Returns:
        Left, top, width and height of each face in pixels.
    """
    least = round(min(picture.shape[:2]) / _reduction(picture) * _LEAST_FACE)
    return _faces_in(picture, _reduction(picture), least)


def find_face_near(picture: np.ndarray, box: Box) -> Box | None:
    """Return the largest face at nearly the same place and of nearly the same size as one in a frame before or after.

    Only this part of the picture is searched, which takes a fifth of the time of `find_face`; if there is no face, the
    whole picture is.

    Args:
        picture: uint8, `rows x columns x 3`, red first.
        box: the face in the other frame.
    """
    left, top, width, height = box
    across, down = round(_MOST_MOVED * width), round(_MOST_MOVED * height)
    first_row, first_column = max(top - down, 0), max(left - across, 0)
    part = picture[first_row : top + height + down, first_column : left + width + across]
    scale = _reduction(picture)
    found = _faces_in(part, scale, round(_LEAST_SIZE * width / scale), round(_MOST_SIZE * width / scale))
    if not found:
        return find_face(picture)
    left, top, width, height = found[0]
    return first_column + left, first_row + top, width, height


def _faces_in(picture: np.ndarray, scale: float, least: int, most: int = 0) -> list[Box]:
    """Find faces in a picture after its reduction, with sides from `least` to `most` pixels (0: any) after it."""
    boxes = _cascade("frontalface_default").detectMultiScale(
        _reduced(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), scale),
        scaleFactor=1.1,
        minNeighbors=5,
        minSize=(least, least),
        maxSize=(most, most),
    )
    return _largest_first(np.reshape(boxes, (-1, 4)) * scale)


def find_eyes(picture: np.ndarray, box: Box) -> np.ndarray | None:
    """Find the eyes in a face of `find_faces`, by OpenCV's Haar cascade for eyes.

    Args:
        picture: uint8, `rows x columns x 3`, red first.
        box: of the face.

    Returns:
        As `Face.eyes`: the largest pair of detections that is nearly level and has a plausible distance.
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
    """The face detector YuNet (Wu, Peng & Yu 2023), which also finds the eyes.

    Args:
        path: its ONNX file, such as `face_detection_yunet_2023mar.onnx` of OpenCV's model zoo.

    Raises:
        InputError: the file is missing or is not an ONNX network.
    """

    path: str

    def __post_init__(self):
        if not Path(self.path).is_file():
            raise InputError(f"the face detector {self.path} is not there; give the ONNX file of YuNet.")
        _yunet(self.path)

    def find(self, picture: np.ndarray) -> list[Face]:
        """Return the faces of a picture, the largest first.

        Args:
            picture: uint8, `rows x columns x 3`, red first.

        Raises:
            InputError: the output of the network is not that of YuNet.
        """
        scale = _reduction(picture)
        blue_first = _reduced(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), scale)
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
                # Eyes in profile are too close to each other to align a face.
                seen = eyes[1, 0] - eyes[0, 0] >= _EYE_DISTANCES[0] * row[2]
                found[tuple(round(side) for side in row[:4])] = eyes if seen else None
        return [Face(box, found[box]) for box in _largest_first(np.reshape(list(found), (-1, 4)))]


def _reduction(picture: np.ndarray) -> float:
    """Return the factor by which a picture is reduced for detection."""
    return max(picture.shape[0] / _SEARCHED_ROWS, 1.0)


def _reduced(picture: np.ndarray, scale: float) -> np.ndarray:
    if scale == 1:
        return picture
    return cv2.resize(picture, None, fx=1 / scale, fy=1 / scale, interpolation=cv2.INTER_AREA)


def _largest_first(boxes: np.ndarray) -> list[Box]:
    """Sort boxes `n x 4`, because detectors return them in no fixed order; ties: leftmost, then topmost first."""
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
    # OpenCV ignores the number of threads that a pool sets for its workers.
    if "OMP_NUM_THREADS" in os.environ:
        cv2.setNumThreads(int(os.environ["OMP_NUM_THREADS"]))
