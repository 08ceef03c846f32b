"""Faces turned to the front: the pose from landmarks, the depth from a mean face.

Source: Hassner, Harel, Paz and Enbar 2015, "Effective Face Frontalization in Unconstrained Images": the same
three-dimensional face for everybody, whose pose the landmarks tell; a pixel of the frontal picture is read where that
pose puts the surface's point. What moves with the expression moves on that surface and stays as it is. Here the camera
is far (weak perspective), and what a turned head hides is stretched, not filled from the face's other side.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.interpolate import RBFInterpolator

__all__ = ["EYES", "MEAN_FACE", "Pose", "pose_of", "surface"]

# A mean adult face, mm: to the side, down from between the eyes, towards the viewer; by pairs of landmarks of 300-W
# (the picture's left, its right). Rounded figures of our own; a millimetre hardly matters.
_PAIRS = {
    # The contour, from the ears to the chin.
    (0, 16): (72, 2, -55),
    (1, 15): (71, 20, -52),
    (2, 14): (69, 37, -47),
    (3, 13): (65, 54, -40),
    (4, 12): (57, 70, -28),
    (5, 11): (46, 83, -12),
    (6, 10): (32, 93, 4),
    (7, 9): (16, 101, 14),
    (8, 8): (0, 104, 18),
    # Brows.
    (17, 26): (55, -19, -4),
    (18, 25): (46, -27, 6),
    (19, 24): (34, -29, 14),
    (20, 23): (22, -26, 19),
    (21, 22): (11, -21, 21),
    # Nose.
    (27, 27): (0, -3, 20),
    (28, 28): (0, 9, 26),
    (29, 29): (0, 21, 34),
    (30, 30): (0, 33, 41),
    (31, 35): (14, 44, 23),
    (32, 34): (7, 46, 28),
    (33, 33): (0, 48, 31),
    # Eyes.
    (36, 45): (45, 1, 0),
    (37, 44): (38, -4, 8),
    (38, 43): (28, -4, 9),
    (39, 42): (18, 2, 5),
    (40, 47): (28, 6, 8),
    (41, 46): (38, 5, 7),
    # Mouth.
    (48, 54): (26, 68, 12),
    (49, 53): (17, 62, 20),
    (50, 52): (6, 58, 27),
    (51, 51): (0, 60, 28),
    (59, 55): (17, 76, 18),
    (58, 56): (7, 79, 23),
    (57, 57): (0, 80, 24),
    (60, 64): (22, 68, 14),
    (61, 63): (7, 66, 24),
    (62, 62): (0, 66, 25),
    (67, 65): (7, 70, 23),
    (66, 66): (0, 70, 24),
}
# No landmarks, but where the surface goes: cheekbones and forehead.
_BETWEEN = [(46, 27, 3), (0, -50, 16), (35, -48, 4), (58, -35, -25), (70, -20, -50)]
_DEEPEST = -60.0


def _both_halves() -> np.ndarray:
    face = np.zeros((68, 3))
    for (left, right), (aside, down, near) in _PAIRS.items():
        face[left], face[right] = (-aside, down, near), (aside, down, near)
    return face


MEAN_FACE = _both_halves()
"""Places of the landmarks, `68 x 3`, mm: across, down, towards the viewer."""

# Brows, mouth and jaw move with the expression; eyes, nose and the contour beside the ears do not.
_RIGID = [0, 1, 15, 16, *range(27, 48)]

EYES = MEAN_FACE[36:42, :2].mean(axis=0), MEAN_FACE[42:48, :2].mean(axis=0)
"""Centres of the eye on the picture's left and of the other, mm across and down."""


@dataclass(frozen=True)
class Pose:
    """From the mean face to a picture: `scale * turn @ place + shift`.

    Attributes:
        scale: pixels a mm.
        turn: `2 x 3`, the upper rows of a rotation.
        shift: pixels across and down.
    """

    scale: float
    turn: np.ndarray
    shift: np.ndarray

    def project(self, places: np.ndarray) -> np.ndarray:
        """Return places of the mean face `... x 3`, mm, as places in the picture `... x 2`, pixels.

        Args:
            places: places of the mean face.
        """
        return self.scale * places @ self.turn.T + self.shift


def pose_of(landmarks: np.ndarray) -> Pose:
    """The pose in which the mean face's eyes, nose and ears come nearest to landmarks, in the least squares' sense.

    The best affine camera first, then the rotation nearest to it.

    Args:
        landmarks: `68 x 2`, pixels across and down.

    Returns:
        The pose.

    Example:
        >>> pose = pose_of(2 * MEAN_FACE[:, :2] + [30, 40])
        >>> pose.project(MEAN_FACE[30]).round(6).tolist()  # the tip of the nose
        [30.0, 106.0]
    """
    places, seen = MEAN_FACE[_RIGID], landmarks[_RIGID]
    camera = np.linalg.lstsq(places - places.mean(axis=0), seen - seen.mean(axis=0), rcond=None)[0].T
    left, sizes, right = np.linalg.svd(camera, full_matrices=False)
    scale, turn = sizes.mean(), left @ right
    return Pose(scale, turn, seen.mean(axis=0) - scale * turn @ places.mean(axis=0))


@lru_cache(maxsize=4)
def surface(rows: int, columns: int, scale: float, left: float, top: float) -> np.ndarray:
    """The mean face's surface at each pixel of a frontal picture.

    Args:
        rows, columns: of the picture.
        scale: its pixels a mm.
        left, top: place of its upper left corner, mm.

    Returns:
        `rows x columns x 3`, mm: across, down, towards the viewer.
    """
    known = np.concatenate([MEAN_FACE, _BETWEEN, np.multiply(_BETWEEN[:1] + _BETWEEN[2:], [-1, 1, 1])])
    depth = RBFInterpolator(known[:, :2], known[:, 2], kernel="thin_plate_spline")
    down, across = np.mgrid[:rows, :columns] + 0.5
    places = np.stack([across / scale + left, down / scale + top], axis=-1)
    nearness = depth(places.reshape(-1, 2)).reshape(rows, columns, 1)
    return np.concatenate([places, np.maximum(nearness, _DEEPEST)], axis=-1)
