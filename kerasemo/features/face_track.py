"""The position of a speaker's face in a video of one or two people."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["FaceTrack", "choose_track"]

# Minimum distance between the faces of two people, in widths of a face.
_APART = 0.75
# Faces seen less often than this fraction of the most frequent face are mistakes of the detector.
_LEAST_SEEN = 0.25
# The only face in the picture is the speaker's unless it is in the other one's outer part of it.
_OUTER = 1 / 3


@dataclass(frozen=True)
class FaceTrack:
    """A face in some moments of a video.

    Attributes:
        rows: the moments, in ascending order.
        centres: centres of the face, `moments x 2`, across and down, in pixels.
        width: median width of the face, in pixels.
    """

    rows: np.ndarray
    centres: np.ndarray
    width: float

    def at(self, n_rows: int) -> np.ndarray:
        """Return the centre of the face in moments 0 to `n_rows` - 1, `n_rows x 2`, by linear interpolation.

        Args:
            n_rows: number of moments.
        """
        return np.stack([np.interp(np.arange(n_rows), self.rows, values) for values in self.centres.T], axis=1)


def choose_track(
    found: Sequence[tuple[int, Sequence[tuple[int, int, int, int]]]], side: str | None, content: tuple[int, int]
) -> FaceTrack | None:
    """Choose the speaker's face among detected faces and false detections.

    People are distinguished by their horizontal position, so that bars around the picture and shifts do not matter.

    Args:
        found: moments, and the boxes (left, top, width, height) of `face_finder.find_faces` in each.
        side: side of the speaker, `left` or `right`; `None`: choose the largest face.
        content: the first column of the picture that is not black, and the one after the last.

    Returns:
        The track, or `None` if no face is the speaker's.

    Example:
        >>> found = [(0, [(100, 50, 40, 40), (300, 50, 40, 40)]), (5, [(300, 52, 40, 40)])]
        >>> choose_track(found, "right", (0, 400)).centres.tolist()
        [[320.0, 70.0], [320.0, 72.0]]
        >>> choose_track(found[1:], "left", (0, 400)) is None
        True
    """
    people = _people(np.array([(row, *box) for row, boxes in found for box in boxes], float).reshape(-1, 5))
    if not people:
        return None
    if side is None:
        return max(people, key=lambda track: track.width)
    people = sorted(
        sorted(people, key=lambda track: -len(track.rows))[:2], key=lambda track: np.median(track.centres[:, 0])
    )
    if len(people) == 1:
        place = (np.median(people[0].centres[:, 0]) - content[0]) / max(content[1] - content[0], 1)
        if (place > 1 - _OUTER) if side == "left" else (place < _OUTER):
            return None
    return people[0 if side == "left" else -1]


def _people(boxes: np.ndarray) -> list[FaceTrack]:
    """Divide boxes into tracks; `boxes` has columns moment, left, top, width and height."""
    if not len(boxes):
        return []
    boxes = boxes[np.argsort(boxes[:, 1] + boxes[:, 3] / 2, kind="stable")]
    across = boxes[:, 1] + boxes[:, 3] / 2
    gaps = np.flatnonzero(np.diff(across) > _APART * np.median(boxes[:, 3])) + 1
    tracks = [_track(part) for part in np.split(boxes, gaps)]
    most = max(len(track.rows) for track in tracks)
    return [track for track in tracks if len(track.rows) >= _LEAST_SEEN * most]


def _track(boxes: np.ndarray) -> FaceTrack:
    """Keep one box per moment: the one nearest to the median of all."""
    centres = boxes[:, 1:3] + boxes[:, 3:5] / 2
    distance = np.linalg.norm(centres - np.median(centres, axis=0), axis=1)
    nearest = np.lexsort((distance, boxes[:, 0]))
    rows, first = np.unique(boxes[nearest, 0], return_index=True)
    kept = nearest[first]
    width = float(np.median(boxes[kept, 3]))
    near = distance[kept] <= max(width, distance[kept].min())
    return FaceTrack(rows[near].astype(int), _steadied(centres[kept][near]), width)


def _steadied(centres: np.ndarray) -> np.ndarray:
    """Return medians of three consecutive moments, because boxes of the detector jump."""
    if len(centres) < 3:
        return centres
    padded = np.pad(centres, ((1, 1), (0, 0)), mode="edge")
    return np.median(np.stack([padded[:-2], padded[1:-1], padded[2:]]), axis=0)
