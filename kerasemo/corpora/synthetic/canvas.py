"""The drawing board of the synthetic face: anti-aliased shapes in head units.

Head units: the origin is between and slightly below the eyes, x to the right, y down; a head is about 2.1 wide and 2.8
high. Colours are RGB, 0 to 255.
"""

import cv2
import numpy as np

__all__ = [
    "HEIGHT",
    "ORIGIN",
    "UNIT",
    "VIEW",
    "WIDTH",
    "Colour",
    "curve",
    "ellipse",
    "fill",
    "mirror",
    "pixels",
    "shade",
    "stroke",
]

Colour = tuple[float, float, float]

VIEW = (640, 480)
"""The part of the canvas that a still camera sees, pixels from the upper left corner."""

# More is drawn below the view, for a camera that moves.
WIDTH, HEIGHT = VIEW[0], VIEW[1] + 46
UNIT = 136
ORIGIN = (WIDTH / 2, 246.0)

_FRACTION_BITS = 4
_T = np.linspace(0, 1, 16)
_BEZIER = np.stack([(1 - _T) ** 2, 2 * _T * (1 - _T), _T**2], axis=1)


def pixels(points: np.ndarray) -> np.ndarray:
    """Return head units (`... x 2`) in pixels of the canvas.

    Args:
        points: places across and down, in head units.
    """
    return np.asarray(points, float) * UNIT + ORIGIN


def fill(canvas: np.ndarray, points: np.ndarray, colour: Colour) -> None:
    """Fill a polygon of points `n x 2`.

    Args:
        canvas: the picture, which is changed.
        points: corners of the polygon, in head units.
        colour: red, green and blue, 0..255.
    """
    cv2.fillPoly(canvas, [_fixed(points)], colour, cv2.LINE_AA, _FRACTION_BITS)


def stroke(canvas: np.ndarray, points: np.ndarray, colour: Colour, width: float) -> None:
    """Draw an open line through points `n x 2`; `width` in head units.

    Args:
        canvas: the picture, which is changed.
        points: points of the line, in head units.
        colour: red, green and blue, 0..255.
        width: thickness of the line, at least one pixel.
    """
    thickness = max(1, round(width * UNIT))
    cv2.polylines(canvas, [_fixed(points)], False, colour, thickness, cv2.LINE_AA, _FRACTION_BITS)


def ellipse(centre: tuple[float, float], radii: tuple[float, float], start: float = 0, end: float = 360) -> np.ndarray:
    """Return points of an ellipse or an arc of it, `n x 2`; angles in degrees, clockwise from the right.

    Args:
        centre: its place across and down, in head units.
        radii: half its width and half its height, in head units.
        start: the angle of the first point.
        end: the angle of the last point.
    """
    angle = np.radians(np.linspace(start, end, 40))
    return np.stack([centre[0] + radii[0] * np.cos(angle), centre[1] + radii[1] * np.sin(angle)], axis=1)


def curve(points: list[tuple[float, float]]) -> np.ndarray:
    """Return a quadratic Bezier curve through the first and last of three points, drawn to the middle one; `16 x 2`.

    Args:
        points: the three points, in head units.
    """
    return _BEZIER @ np.asarray(points, float)


def mirror(points: np.ndarray, side: int) -> np.ndarray:
    """Return points of the right half of the picture (side 1), or of the left one (side -1).

    Args:
        points: points of the right half, `... x 2`, with 0 in the middle of the face.
        side: 1 or -1.
    """
    return np.asarray(points, float) * (side, 1)


def shade(colour: Colour, factor: float) -> Colour:
    """Return a colour made darker (factor below 1) or lighter.

    Args:
        colour: red, green and blue, 0..255.
        factor: factor of each of them; the result is at most 255.
    """
    return tuple(min(255.0, channel * factor) for channel in colour)


def _fixed(points: np.ndarray) -> np.ndarray:
    return np.round(pixels(points) * (1 << _FRACTION_BITS)).astype(np.int32)
