"""The face of a speaker as a video."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

import cv2
import numpy as np

from kerasemo.command_line import option
from kerasemo.errors import BrokenClip, InputError
from kerasemo.features.face_finder import find_faces
from kerasemo.features.face_track import choose_track
from kerasemo.features.feature_set import FeatureSet
from kerasemo.features.media import ROUNDING_S, read_frames

__all__ = ["FIXED_LEFT", "FIXED_SIZE", "FIXED_TOP", "SIDES", "FaceVideo"]

SIDES = {"female": "left", "male": "right"}
"""Gender of the speaker -> place in a picture of two people side by side, as in IEMOCAP."""

# The authors' crop, pixels: left edge by the speaker's gender, upper edge, height and width.
FIXED_LEFT = {"female": 87, "male": 438}
FIXED_TOP = 128
FIXED_SIZE = 224

# What is cut out around a tracked face, in widths of the finder's box: as much as the fixed crop shows.
_AROUND = 1.4
_SEARCHED_EVERY_S = 0.2
_BLACK = 24
# Videos end a little before or after their sound; more than this is a part that is missing.
_MISSING_S = 0.2


@dataclass(frozen=True)
class FaceVideo(FeatureSet):
    """The speaker's face in each frame of a clip.

    Only the first seconds of a clip are used. An array has `frames x size x size x 3` bytes, about 4 MB for 6 s; in
    Python, `in_memory=False` makes `FeatureStore` leave the arrays on disk.

    Source: Chae et al. 2018; 25 frames per second, 96 x 96 pixels and the fixed crop are from their code.

    Args:
        crop: `fixed` cuts out 224 x 224 pixels at the place of the woman or the man in the 720 x 480 pictures of
            IEMOCAP. `track` follows the face of the speaker: of two faces, the left one is the woman's and the right
            one the man's; if the gender is not known, the largest face is used.
        size: height and width of a frame, in pixels.
        frame_rate: frames per second.
        longest_s: maximum length in seconds; longer clips are cut.

    Raises:
        InputError: a parameter is out of range.
    """

    name: ClassVar[str] = "face_video"
    medium: ClassVar[str] = "video"
    version: ClassVar[int] = 1
    needs_gender: ClassVar[bool] = True

    crop: Literal["fixed", "track"] = "fixed"
    size: int = option(96, min=1)
    frame_rate: float = option(25.0, above=0)
    longest_s: float = 6.0

    def __post_init__(self):
        super().__post_init__()
        if not 1 <= self.longest_s * self.frame_rate < np.inf:
            raise InputError(f"{self.name}: longest_s must hold a frame. Received: {self.longest_s}")

    def extract(
        self,
        path: str | os.PathLike,
        start_s: float | None = None,
        end_s: float | None = None,
        gender: str | None = None,
    ) -> np.ndarray:
        """Return the clip's frames: uint8, `frames x size x size x 3`, red first, one for each whole time step.

        A time step without a new frame repeats the previous one.

        Args:
            gender: the speaker's, `female` or `male`; `None`: not known.

        Raises:
            BrokenClip: see `media.read_frames`; or the video ends before the clip; fixed crop: the picture is too small
                or the gender is not known; track: no face in any frame, or none on the speaker's side.
        """
        cut = self._fixed(path, gender) if self.crop == "fixed" else self._tracked(path, start_s, end_s, gender)
        seen, crops = [], []
        for row, picture in self._pictures(path, start_s, end_s):
            seen.append(row)
            crops.append(cv2.resize(cut(row, picture), (self.size, self.size), interpolation=cv2.INTER_AREA))
        n_rows = min(seen[-1] + 1, self._whole_rows(self.longest_s))
        if end_s is not None:
            n_rows = self._whole_rows(min(end_s - (start_s or 0.0), self.longest_s))
            missing_s = (n_rows - 1 - seen[-1]) / self.frame_rate
            if missing_s > _MISSING_S:
                raise BrokenClip(f"{path} ends {missing_s:.2f} s too early for a clip that goes on to {end_s:g} s.")
        before = np.searchsorted(seen, np.arange(n_rows), side="right") - 1
        return np.stack(crops)[np.maximum(before, 0)]

    def _whole_rows(self, length_s: float) -> int:
        return max(int(length_s * self.frame_rate + 1e-6), 1)

    def _pictures(
        self, path: str | os.PathLike, start_s: float | None, end_s: float | None
    ) -> Iterator[tuple[int, np.ndarray]]:
        """Each moment's number and picture."""
        last_s = (start_s or 0.0) + self.longest_s
        last_s = last_s if end_s is None else min(end_s, last_s)
        for time_s, pictures in read_frames(path, 1 / self.frame_rate, 1, start_s, last_s):
            yield int((time_s + ROUNDING_S) * self.frame_rate), pictures[0]

    def _fixed(self, path: str | os.PathLike, gender: str | None) -> Callable[[int, np.ndarray], np.ndarray]:
        if gender not in FIXED_LEFT:
            raise BrokenClip(f"{path}: the fixed crop needs the speaker's gender, which the manifest does not have.")
        left = FIXED_LEFT[gender]

        def cut(row: int, picture: np.ndarray) -> np.ndarray:
            rows, columns = picture.shape[:2]
            if rows < FIXED_TOP + FIXED_SIZE or columns < left + FIXED_SIZE:
                raise BrokenClip(f"{path} is {columns} x {rows} pixels, too small for the fixed crop; track the face.")
            return picture[FIXED_TOP : FIXED_TOP + FIXED_SIZE, left : left + FIXED_SIZE]

        return cut

    def _tracked(
        self, path: str | os.PathLike, start_s: float | None, end_s: float | None, gender: str | None
    ) -> Callable[[int, np.ndarray], np.ndarray]:
        # The video is read twice: its frames in full size would take too much memory to wait for the track.
        found, bright, next_row, last_row = [], False, 0, 0
        for last_row, picture in self._pictures(path, start_s, end_s):
            if last_row >= next_row:
                found.append((last_row, find_faces(picture)))
                bright = bright | (picture.max(axis=0).max(axis=1) > _BLACK)  # much faster than both axes at once
                next_row = last_row + max(round(_SEARCHED_EVERY_S * self.frame_rate), 1)
        if not any(boxes for _, boxes in found):
            raise BrokenClip(f"{path} has no face found in any frame.")
        columns = np.flatnonzero(bright) if bright.any() else np.arange(len(bright))
        side = SIDES.get(gender)
        track = choose_track(found, side, (columns[0], columns[-1] + 1))
        if track is None:
            raise BrokenClip(f"{path} has no face found on the {side}, where the {gender} speaker is.")
        centres = track.at(last_row + 1)

        def cut(row: int, picture: np.ndarray) -> np.ndarray:
            side_px = min(round(_AROUND * track.width), *picture.shape[:2])
            # At the edge of the picture the face is off the middle, and no pixel is made up.
            left, top = (
                int(np.clip(round(centre - side_px / 2), 0, length - side_px))
                for centre, length in zip(centres[row], picture.shape[1::-1], strict=True)
            )
            return picture[top : top + side_px, left : left + side_px]

        return cut
