"""Where a speaker's face is while a video of one or two people runs."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

# Two people's faces are at least this far apart, in widths of a face.
_APART = 0.75
# Who is seen in fewer than this part of the moments of who is seen most is no person but a mistake of the finder.
_LEAST_SEEN = 0.25
# The only face in the picture is the speaker's unless it is in the other one's outer part of it.
_OUTER = 1 / 3


@dataclass(frozen=True)
class FaceTrack:
    """A face in some moments of a video.

    Attributes:
        rows: the moments, ascending.
        centres: of the face in each, `moments x 2`, across and down, pixels.
        width: its width, the median over the moments, pixels.
    """

    rows: np.ndarray
    centres: np.ndarray
    width: float

    def at(self, n_rows: int) -> np.ndarray:
        """The face's centre in moments 0 to `n_rows` - 1, `n_rows x 2`: on the line between where it was seen."""
        return np.stack([np.interp(np.arange(n_rows), self.rows, values) for values in self.centres.T], axis=1)


def choose_track(
    found: Sequence[tuple[int, Sequence[tuple[int, int, int, int]]]], side: str | None, content: tuple[int, int]
) -> FaceTrack | None:
    """Tell a speaker's face from another's and from what is no face.

    People are told apart by where they are across the picture, so that bars around the picture and its shifts do no
    harm.

    Args:
        found: moments and the boxes in each (left, top, width, height), as `face_finder.find_faces` gives them.
        side: where the speaker is, `left` or `right`; `None`: the largest face is the speaker's.
        content: the first column of the picture that is not black, and the one after the last.

    Returns:
        The track, or `None` where no face is the speaker's.

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
    """The tracks that boxes fall into; `boxes` are rows of moment, left, top, width, height."""
    if not len(boxes):
        return []
    boxes = boxes[np.argsort(boxes[:, 1] + boxes[:, 3] / 2, kind="stable")]
    across = boxes[:, 1] + boxes[:, 3] / 2
    gaps = np.flatnonzero(np.diff(across) > _APART * np.median(boxes[:, 3])) + 1
    tracks = [_track(part) for part in np.split(boxes, gaps)]
    most = max(len(track.rows) for track in tracks)
    return [track for track in tracks if len(track.rows) >= _LEAST_SEEN * most]


def _track(boxes: np.ndarray) -> FaceTrack:
    """One box a moment: the one nearest to the middle of all."""
    centres = boxes[:, 1:3] + boxes[:, 3:5] / 2
    distance = np.linalg.norm(centres - np.median(centres, axis=0), axis=1)
    nearest = np.lexsort((distance, boxes[:, 0]))
    rows, first = np.unique(boxes[nearest, 0], return_index=True)
    kept = nearest[first]
    width = float(np.median(boxes[kept, 3]))
    near = distance[kept] <= max(width, distance[kept].min())
    return FaceTrack(rows[near].astype(int), _steadied(centres[kept][near]), width)


def _steadied(centres: np.ndarray) -> np.ndarray:
    """The median of each three moments in a row: the finder's boxes jump."""
    if len(centres) < 3:
        return centres
    padded = np.pad(centres, ((1, 1), (0, 0)), mode="edge")
    return np.median(np.stack([padded[:-2], padded[1:-1], padded[2:]]), axis=0)
