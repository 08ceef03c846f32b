"""One picture of a face per clip."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np

from kerasemo.command_line import file, no_option, option
from kerasemo.errors import BrokenClip
from kerasemo.features.face_finder import Face, YuNet, find_eyes, find_face
from kerasemo.features.feature_set import FeatureSet
from kerasemo.features.frontal import EYES, pose_of, surface
from kerasemo.features.landmarks import Landmarks
from kerasemo.features.media import ROUNDING_S, frame_span, read_frames

__all__ = ["Faces"]

# Where a Haar cascade's box has the eyes, parts of its side: across from the middle, and down from the upper edge.
_EYE_ASIDE, _EYE_DOWN = 0.2, 0.385


@dataclass(frozen=True)
class Faces(FeatureSet):
    """One grey picture of the largest face in a clip.

    The picture is taken from the frame in the middle of the clip or, if it shows no face, from the nearest frame with
    one.

    Source: Zhang et al. 2018: middle frame, largest face, 128 x 128 pixels, greyscale, only frames with clear faces.
    The paper turns faces to the front, but does not describe the method. Here faces are *frontalised* if a landmark
    model is given (see `kerasemo.features.frontal`). Without it they are *aligned*: they are rotated, scaled and
    shifted so that both eyes have a fixed position, and a face that looks sideways stays so. If the eyes are not found,
    the face is cut out without rotation. Frontalised and aligned faces have the eyes in the same positions.

    Args:
        size: height and width of the picture, in pixels.
        margin: margin added to each side of the face, as a fraction of its size.
        step_s: step between the frames that are searched, in seconds.
        detector: ONNX file of the face detector YuNet, which also finds the eyes. Default: Haar cascades find faces and
            eyes.
        digest: expected digest of `detector` (blake2b, 20 bytes in hex), so that faces of different detectors are not
            confused; computed by default.
        landmarks: file of a dlib model with 68 landmarks. Default: faces are aligned, not frontalised.
        landmarks_digest: likewise for `landmarks`.

    Raises:
        InputError: a parameter is out of range, or a file is missing or has the wrong content.
    """

    name: ClassVar[str] = "faces"
    medium: ClassVar[str] = "video"
    version: ClassVar[int] = 1
    files: ClassVar[Mapping[str, str]] = {"detector": "digest", "landmarks": "landmarks_digest"}

    size: int = option(128, min=1)
    margin: float = option(0.0, min=0)
    step_s: float = option(0.1, above=0)
    detector: str = file()
    digest: str = no_option("")
    landmarks: str = file()
    landmarks_digest: str = no_option("")

    def __post_init__(self):
        super().__post_init__()
        if self.detector:
            YuNet(str(self.detector))
            self._settle_file("detector")
        if self.landmarks:
            Landmarks(str(self.landmarks))
            self._settle_file("landmarks")

    def notes(self) -> list[str]:
        """Whether faces are turned to the front, in one sentence."""
        if self.landmarks:
            return ["Faces are frontalised: landmarks tell the pose, a mean face the depth."]
        return ["Faces are aligned by their eyes, upright where these are not found, and not frontalised."]

    def extract(self, path: str | os.PathLike, start_s: float | None = None, end_s: float | None = None) -> np.ndarray:
        """Return the clip's picture: uint8, `1 x size x size x 1`.

        Raises:
            BrokenClip: see `media.read_frames`; or no frame shows a face.
        """
        first_s, last_s = frame_span(path, start_s, end_s)
        middle_s = (first_s + last_s) / 2
        found, away_s = None, np.inf
        for number, (time_s, pictures) in enumerate(read_frames(path, self.step_s, 1, middle_s, end_s)):
            if face := self._largest(pictures[0]):
                if number == 0:
                    return self._normalise(pictures[0], face)
                found, away_s = (pictures[0], face), time_s
                break
        if first_s < middle_s:
            for time_s, pictures in read_frames(path, self.step_s, 1, first_s, middle_s):
                nearer = middle_s - (first_s + time_s) < away_s - ROUNDING_S
                if nearer and (face := self._largest(pictures[0])):
                    found = pictures[0], face
        if not found:
            raise BrokenClip(f"{path} has no face found in any frame.")
        return self._normalise(*found)

    def _largest(self, picture: np.ndarray) -> Face | None:
        if self.detector:
            return next(iter(YuNet(self.detector).find(picture)), None)
        box = find_face(picture)
        return box and Face(box, None if self.landmarks else find_eyes(picture, box))

    def _normalise(self, picture: np.ndarray, face: Face) -> np.ndarray:
        """The face in grey, `1 x size x size x 1`; what is beyond the picture's edges is as its edges are."""
        grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
        if self.landmarks:
            normal = self._frontalise(grey, Landmarks(self.landmarks).find(picture, face.box))
        else:
            normal = self._align(grey, face)
        return normal[None, :, :, None]

    def _frontalise(self, grey: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
        """The face as from the front, `size x size`."""
        pose = pose_of(landmarks)
        left_eye, right_eye = EYES
        to_left, to_right = self._eyes()
        scale = (to_right - to_left).real / (right_eye - left_eye)[0]
        left, top = left_eye - np.array([to_left.real, to_left.imag]) / scale
        grey, shrink = _shrunk(grey, scale / pose.scale)
        # Places are measured from a pixel's corner, OpenCV's from its middle.
        places = pose.project(surface(self.size, self.size, scale, left, top)) / shrink - 0.5
        across, down = np.moveaxis(places.astype(np.float32), -1, 0)
        return cv2.remap(grey, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)

    def _align(self, grey: np.ndarray, face: Face) -> np.ndarray:
        """The face upright, `size x size`."""
        turn, shift = self._similarity(face)
        grey, shrink = _shrunk(grey, abs(turn))
        matrix = np.array([[turn.real, -turn.imag], [turn.imag, turn.real]]) * shrink
        offset = np.array([shift.real, shift.imag]) + matrix @ [0.5, 0.5] - 0.5
        matrix = np.column_stack([matrix, offset])
        return cv2.warpAffine(
            grey, matrix, (self.size, self.size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )

    def _similarity(self, face: Face) -> tuple[complex, complex]:
        """From the picture to the aligned one: `turn * place + shift`, places as complex numbers, across + 1j down."""
        if face.eyes is None:
            left, top, width, height = face.box
            turn = complex(self._side() / max(width, height))
            return turn, complex(self.size, self.size) / 2 - turn * complex(left + width / 2, top + height / 2)
        left_eye, right_eye = (complex(*eye) for eye in face.eyes)
        to_left, to_right = self._eyes()
        turn = (to_right - to_left) / (right_eye - left_eye)
        return turn, to_left - turn * left_eye

    def _side(self) -> float:
        """How large the face is in its picture, without the margin."""
        return self.size / (1 + 2 * self.margin)

    def _eyes(self) -> tuple[complex, complex]:
        """Where the eyes come to stand."""
        side = self._side()
        corner = self.margin * side * (1 + 1j)
        return tuple(corner + side * complex(0.5 + aside, _EYE_DOWN) for aside in (-_EYE_ASIDE, _EYE_ASIDE))


def _shrunk(grey: np.ndarray, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """A picture to be read at a scale below 1, made smaller by area first, which a warp alone would not do.

    Returns:
        The picture, and how many pixels across and down became one.
    """
    if scale >= 1:
        return grey, np.ones(2)
    columns, rows = (max(round(scale * length), 1) for length in grey.shape[::-1])
    shrink = np.array(grey.shape[::-1]) / [columns, rows]
    return cv2.resize(grey, (columns, rows), interpolation=cv2.INTER_AREA), shrink
