"""A synthetic face that moves: eyes, brows and mouth drawn on a portrait, frame by frame."""

from collections.abc import Iterator, Sequence

import cv2
import numpy as np

from kerasemo.corpora.synthetic import canvas as board
from kerasemo.corpora.synthetic.canvas import Colour, curve, fill, mirror, shade, stroke
from kerasemo.corpora.synthetic.expression import Expression, appear, expression_of
from kerasemo.corpora.synthetic.portrait import Looks, draw_portrait

__all__ = ["ONSET_S", "draw_features", "film", "film_expressions"]

ONSET_S = 0.35
"""How long a face takes from the blank expression at the beginning to the one of its emotion."""

_BLINK_S = 0.2
_BLINK_EVERY_S = 2.5
_ALONG = np.linspace(-1, 1, 25)
_EYE_BOX = 70


def film(
    emotion: str | None,
    intensity: int,
    looks: Looks,
    opening: np.ndarray,
    rng: np.random.Generator,
    *,
    frame_rate: float,
    size: tuple[int, int] = (320, 240),
) -> Iterator[np.ndarray]:
    """Film a face while it speaks.

    Place, scale and light differ a little from clip to clip, and the head sways. None of it depends on the emotion.

    Args:
        emotion: a key of `expression.EXPRESSIONS`, or None for the blank face, whose lips stay closed.
        intensity: 1 normal, 2 strong.
        looks: who is seen.
        opening: how far the voice opens the mouth, `frames`, 0 to 1.
        rng: the chance in this clip.
        frame_rate: frames per second.
        size: width and height of the frames, pixels.

    Yields:
        One RGB picture a frame, `height x width x 3`, uint8.
    """
    target = expression_of(emotion, intensity)
    expressions = []
    for frame in range(len(opening)):
        progress = min(1.0, frame / frame_rate / ONSET_S)
        expressions.append(appear(target, progress))
    yield from film_expressions(expressions, looks, opening, rng, frame_rate=frame_rate, size=size)


def film_expressions(
    expressions: Sequence[Expression],
    looks: Looks,
    opening: np.ndarray,
    rng: np.random.Generator,
    *,
    frame_rate: float,
    size: tuple[int, int],
) -> Iterator[np.ndarray]:
    """Film a face that takes one expression after the other; as `film`, which names them by an emotion.

    Args:
        expressions: the face of each frame.
        looks: what the person looks like.
        opening: how far the mouth is open in each frame, 0..1.
        rng: the random numbers of blinks and camera.
        frame_rate: frames a second.
        size: width and height of the pictures.

    Returns:
        The pictures, RGB `height x width x 3`, uint8, one per frame; they are drawn when they are asked for.
    """
    portrait, hair = draw_portrait(looks, rng)
    lids = _blinks(len(expressions), frame_rate, rng)
    cameras = _cameras(len(expressions), frame_rate, size, rng)
    drawn = None
    for frame, moved in enumerate(zip(expressions, opening, lids, strict=True)):
        if moved != drawn:  # a listener's face mostly holds still
            picture, drawn = portrait.copy(), moved
            draw_features(picture, looks, moved[0], opening=moved[1], blink=moved[2])
            cv2.copyTo(portrait, hair, picture)
        yield cv2.warpAffine(picture, cameras[frame], size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def draw_features(canvas: np.ndarray, looks: Looks, expression: Expression, *, opening: float, blink: float) -> None:
    """Draw the moving parts of a face on its portrait, in place.

    Args:
        canvas: the portrait (see `portrait.draw_portrait`).
        looks: who it is.
        expression: the posture of the face.
        opening: how far the voice opens the mouth, 0 to 1.
        blink: 0 eyes as the expression has them, 1 shut.
    """
    _folds(canvas, looks, expression)
    for side in (-1, 1):
        _eye(canvas, looks, expression, side, expression.lids * (1 - blink))
        _brow(canvas, looks, expression, side)
    _mouth(canvas, looks, expression, opening)


def _blinks(frames: int, frame_rate: float, rng: np.random.Generator) -> np.ndarray:
    """How far blinking shuts the eyes, `frames`, 0 to 1."""
    time_s = np.arange(frames) / frame_rate
    shut = np.zeros(frames)
    # No blink before the expression is there: the first glance at it would find shut eyes.
    start_s = 2 * ONSET_S + rng.exponential(_BLINK_EVERY_S)
    while frames and start_s < time_s[-1]:
        shut = np.maximum(shut, 1 - np.abs(time_s - start_s - _BLINK_S / 2) / (_BLINK_S / 2))
        start_s += 2 * _BLINK_S + rng.exponential(_BLINK_EVERY_S)
    return shut


def _cameras(frames: int, frame_rate: float, size: tuple[int, int], rng: np.random.Generator) -> list[np.ndarray]:
    """Canvas to frame, a 2 x 3 matrix per frame: place and scale of the clip, sway of the head."""
    time_s = np.arange(frames) / frame_rate
    shift = rng.uniform(-8, 8, 2)
    zoom = rng.uniform(0.97, 1.03)
    sway = [np.sin(2 * np.pi * (rng.uniform(0.2, 0.5) * time_s + rng.random())) for _ in range(3)]
    fit = min(size[0] / board.VIEW[0], size[1] / board.VIEW[1])
    cameras = []
    for x, y, turn in zip(*sway, strict=True):
        matrix = cv2.getRotationMatrix2D(board.ORIGIN, 1.5 * turn, zoom * fit)
        from_middle = np.array(board.ORIGIN) - np.array(board.VIEW) / 2 + shift + (4 * x, 2 * y)
        matrix[:, 2] += np.array(size) / 2 + fit * from_middle - board.ORIGIN
        cameras.append(matrix)
    return cameras


def _eye(canvas: np.ndarray, looks: Looks, expression: Expression, side: int, lids: float) -> None:
    """The eyeball behind the slit of the lids, the lids' edges and the crease above."""
    wide, x, y = 0.235, side * looks.eyes, -0.12
    arch = 1 - np.abs(_ALONG) ** 2.2
    upper = np.stack([x + wide * _ALONG, y + 0.05 - 0.185 * lids * arch], axis=1)
    lower = np.stack([x + wide * _ALONG, y + 0.05 + (0.085 - 0.06 * expression.cheeks) * min(lids, 1) * arch], axis=1)
    slit = np.concatenate([upper, lower[::-1]])

    left, top = np.round(board.pixels((x, y))).astype(int) - _EYE_BOX // 2
    box = (slice(top, top + _EYE_BOX), slice(left, left + _EYE_BOX))
    ball = _eyeball(looks.iris, expression.gaze)
    mask = np.zeros((_EYE_BOX, _EYE_BOX), np.uint8)
    cv2.fillPoly(mask, [_sixteenths(board.pixels(slit) - (left, top))], 255, cv2.LINE_AA, 4)
    weight = mask[:, :, None].astype(np.float32) / 255
    canvas[box] = canvas[box] + weight * (ball - canvas[box].astype(np.float32))

    stroke(canvas, upper, (36, 26, 24), 0.05)
    stroke(canvas, lower, shade(looks.skin, 0.58), 0.016)
    stroke(canvas, upper[3:-3] - (0, 0.05 + 0.03 * max(0.0, 1 - lids)), shade(looks.skin, 0.62), 0.016)


def _eyeball(iris: Colour, gaze: float) -> np.ndarray:
    """White, iris, pupil and glint as seen without lids, RGB `_EYE_BOX x _EYE_BOX x 3`; gaze 0 ahead, 1 down."""
    ball = np.full((_EYE_BOX, _EYE_BOX, 3), (206, 202, 198), np.uint8)
    pupil = np.array([0, 0.06 * gaze]) * board.UNIT + _EYE_BOX / 2
    glint = pupil + np.array([0.03, -0.04]) * board.UNIT
    for centre, radius, colour in (
        (pupil, 0.125, shade(iris, 0.5)),
        (pupil, 0.105, shade(iris, 0.9)),
        (pupil, 0.06, (18, 16, 16)),
        (glint, 0.02, (250, 250, 250)),
    ):
        cv2.circle(ball, _sixteenths(centre), round(radius * board.UNIT * 16), colour, -1, cv2.LINE_AA, 4)
    return ball


def _sixteenths(points: np.ndarray) -> np.ndarray:
    """Pixels in the unit of OpenCV's `shift=4`."""
    return np.round(points * 16).astype(np.int32)


def _brow(canvas: np.ndarray, looks: Looks, expression: Expression, side: int) -> None:
    inner = (looks.eyes - 0.24 - 0.07 * expression.frown, -0.41 - 0.13 * expression.inner_brow)
    outer = (looks.eyes + 0.27, -0.4 - 0.12 * expression.outer_brow)
    middle = (looks.eyes + 0.06, (inner[1] + outer[1]) / 2 - 0.13 - 0.05 * expression.outer_brow)
    line = curve([inner, middle, outer])
    taper = looks.brow * np.linspace(1, 0.25, len(line))[:, None] / 2 * (0, 1)
    fill(canvas, mirror(np.concatenate([line - taper, (line + taper)[::-1]]), side), shade(looks.hair, 0.62))


def _folds(canvas: np.ndarray, looks: Looks, expression: Expression) -> None:
    """Folds of the skin: forehead, between the brows, bridge of the nose, beside the mouth, under the eyes."""

    def fold(points: list[tuple[float, float]], depth: float) -> None:
        if depth > 0.05:
            for side in (-1, 1):
                stroke(canvas, mirror(curve(points), side), shade(looks.skin, 0.9 - 0.25 * min(depth, 1)), 0.018)

    raised = max(0.0, expression.inner_brow)
    fold([(0, -0.69), (0.2, -0.7 - 0.03 * raised), (0.4, -0.67)], raised)
    fold([(0, -0.78), (0.18, -0.79), (0.34, -0.76)], raised - 0.3)
    fold([(0.06, -0.34), (0.04, -0.43), (0.06, -0.53)], expression.frown)
    fold([(0.0, -0.12), (0.06, -0.15), (0.1, -0.21)], expression.nose)
    fold([(0.0, -0.05), (0.06, -0.08), (0.11, -0.13)], expression.nose)
    cheek = max(expression.cheeks, expression.nose)
    lift = 0.05 * cheek
    beside_mouth = [(looks.nose + 0.06, 0.36 - lift), (0.42, 0.42 - lift), (0.52, 0.72 - lift)]
    fold(beside_mouth, max(cheek, 0.8 * expression.smile))
    fold([(looks.eyes - 0.18, 0.06), (looks.eyes, 0.14), (looks.eyes + 0.2, 0.05)], cheek)


def _mouth(canvas: np.ndarray, looks: Looks, expression: Expression, opening: float) -> None:
    """Lips around a gap that the jaw and the voice open, with teeth and tongue in it."""
    arch = 1 - _ALONG**2
    gap = 0.3 * expression.jaw + 0.2 * expression.speech * opening * (1 - 0.5 * expression.jaw)
    wide = (0.36 + 0.11 * expression.stretch) * (1 - 0.12 * min(1.0, gap / 0.3))
    lip = looks.lips * (1 - 0.55 * expression.press)
    x = wide * _ALONG
    corners = 0.74 - 0.18 * expression.smile * (_ALONG**2 - 0.35) + 0.02 * np.abs(_ALONG)
    upper_edge = corners - (0.3 * gap + 0.1 * expression.nose) * arch**0.7
    lower_edge = corners + (0.85 * gap - 0.03 * expression.nose) * arch
    bow = arch * (1 - 0.35 * np.exp(-((_ALONG / 0.16) ** 2)))
    upper = np.stack([x, upper_edge - lip * bow**0.8], axis=1)
    lower = np.stack([x, lower_edge + 1.2 * lip * arch**0.8], axis=1)
    inside = (np.stack([x, upper_edge], axis=1), np.stack([x, lower_edge], axis=1))

    fill(canvas, np.concatenate([upper, inside[0][::-1]]), shade(looks.mouth, 0.86))
    fill(canvas, np.concatenate([inside[1], lower[::-1]]), looks.mouth)
    height = lower_edge - upper_edge
    if height.max() > 0.02:
        fill(canvas, np.concatenate([inside[0], inside[1][::-1]]), (62, 22, 26))
        teeth = np.minimum(0.075 * arch**0.5, 0.8 * height)
        fill(canvas, np.concatenate([inside[0], (inside[0] + np.stack([0 * x, teeth], 1))[::-1]]), (238, 234, 226))
        tongue = np.stack([0.6 * x, lower_edge - 0.3 * height * arch], axis=1)
        fill(canvas, np.concatenate([tongue, np.stack([0.6 * x, lower_edge], 1)[::-1]]), (168, 76, 80))
    stroke(canvas, inside[0], shade(looks.mouth, 0.45), 0.02)
    stroke(canvas, lower[7:-7] + np.array([0, 0.05]), shade(looks.skin, 0.78), 0.02)
