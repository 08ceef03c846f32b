"""One picture of a face for each clip."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np

from kerasemo.errors import BrokenClip, InputError
from kerasemo.features.face_finder import Face, YuNet, find_eyes, find_face
from kerasemo.features.feature_set import FeatureSet
from kerasemo.features.media import ROUNDING_S, frame_span, read_frames

# Where a Haar cascade's box has the eyes, parts of its side: across from the middle, and down from the upper edge.
_EYE_ASIDE, _EYE_DOWN = 0.2, 0.385


@dataclass(frozen=True)
class Faces(FeatureSet):
    """The largest face of the frame in the middle of the clip, in grey; where it shows none, of the nearest that does.

    Source: Zhang et al. 2018: middle frame, largest face, 128 x 128 pixels, greyscale, only frames with clear faces.
    The paper turns faces to the front; here they are *aligned*: a turn, scale and shift put both eyes where an
    upright face has them, and a face that looks aside goes on to. Where the finder tells no eyes the face is cut out
    upright.

    Args:
        size: of the picture, rows and columns.
        margin: what is added to the face on each side, as a part of its size.
        step_s: from one frame that is searched to the next, seconds.
        detector: the ONNX file of the face detector YuNet, which gives the eyes too; left out, Haar cascades find
            faces and then their eyes.
        digest: what `detector` must hold (blake2b, 20 bytes in hex), so that faces by another file are not taken for
            these; left out, it is computed.

    Raises:
        InputError: a parameter is out of range, or the detector's file is missing or is something else.
    """

    name: ClassVar[str] = "faces"
    medium: ClassVar[str] = "video"
    version: ClassVar[int] = 1

    size: int = 128
    margin: float = 0.0
    step_s: float = 0.1
    detector: str = ""
    digest: str = ""

    def __post_init__(self):
        if self.size < 1:
            raise InputError(f"{self.name}: size must be at least 1. Received: {self.size}")
        if not 0 <= self.margin < np.inf:
            raise InputError(f"{self.name}: margin must be at least 0. Received: {self.margin}")
        if not 0 < self.step_s < np.inf:
            raise InputError(f"{self.name}: step_s must be above 0. Received: {self.step_s}")
        if not self.detector:
            return
        object.__setattr__(self, "detector", str(self.detector))
        YuNet(self.detector)
        with Path(self.detector).open("rb") as file:
            found = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=20)).hexdigest()
        if self.digest not in ("", found):
            raise InputError(f"{self.name}: {self.detector} is another file than before; give that, or extract anew.")
        object.__setattr__(self, "digest", found)

    def extract(self, path: str | os.PathLike, start_s: float | None = None, end_s: float | None = None) -> np.ndarray:
        """The clip's picture: uint8, `1 x size x size x 1`.

        Raises:
            BrokenClip: see `media.read_frames`; or no frame shows a face.
        """
        first_s, last_s = frame_span(path, start_s, end_s)
        middle_s = (first_s + last_s) / 2
        found, away_s = None, np.inf
        for number, (time_s, pictures) in enumerate(read_frames(path, self.step_s, 1, middle_s, end_s)):
            if face := self._largest(pictures[0]):
                if number == 0:
                    return self._align(pictures[0], face)
                found, away_s = (pictures[0], face), time_s
                break
        if first_s < middle_s:
            for time_s, pictures in read_frames(path, self.step_s, 1, first_s, middle_s):
                nearer = middle_s - (first_s + time_s) < away_s - ROUNDING_S
                if nearer and (face := self._largest(pictures[0])):
                    found = pictures[0], face
        if not found:
            raise BrokenClip(f"{path} has no face found in any frame.")
        return self._align(*found)

    def _largest(self, picture: np.ndarray) -> Face | None:
        if self.detector:
            return next(iter(YuNet(self.detector).find(picture)), None)
        box = find_face(picture)
        return box and Face(box, find_eyes(picture, box))

    def _align(self, picture: np.ndarray, face: Face) -> np.ndarray:
        """The face in grey, `1 x size x size x 1`; what is beyond the picture's edges is as its edges are."""
        turn, shift = self._similarity(face)
        grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
        shrink = np.ones(2)
        if abs(turn) < 1:
            # Made smaller by area first: a warp alone would leave pixels out.
            columns, rows = (max(round(abs(turn) * length), 1) for length in grey.shape[::-1])
            shrink = np.array([columns, rows]) / grey.shape[::-1]
            grey = cv2.resize(grey, (columns, rows), interpolation=cv2.INTER_AREA)
        matrix = np.array([[turn.real, -turn.imag], [turn.imag, turn.real]]) / shrink
        # Places are measured from a pixel's corner, OpenCV's from its middle.
        offset = np.array([shift.real, shift.imag]) + matrix @ [0.5, 0.5] - 0.5
        matrix = np.column_stack([matrix, offset])
        aligned = cv2.warpAffine(
            grey, matrix, (self.size, self.size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        return aligned[None, :, :, None]

    def _similarity(self, face: Face) -> tuple[complex, complex]:
        """From the picture to the aligned one: `turn * place + shift`, places as complex numbers, across + 1j down."""
        side = self.size / (1 + 2 * self.margin)
        edge = self.margin * side
        if face.eyes is None:
            left, top, width, height = face.box
            turn = complex(side / max(width, height))
            return turn, complex(self.size, self.size) / 2 - turn * complex(left + width / 2, top + height / 2)
        left_eye, right_eye = (complex(*eye) for eye in face.eyes)
        corner = complex(edge, edge)
        to_left, to_right = (corner + side * complex(0.5 + aside, _EYE_DOWN) for aside in (-_EYE_ASIDE, _EYE_ASIDE))
        turn = (to_right - to_left) / (right_eye - left_eye)
        return turn, to_left - turn * left_eye
