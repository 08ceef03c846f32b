"""The parts of a synthetic face that hold still: head, hair, ears, nose, shoulders, light and background."""

from dataclasses import dataclass

import cv2
import numpy as np

from kerasemo.corpora.synthetic.canvas import (
    HEIGHT,
    ORIGIN,
    UNIT,
    WIDTH,
    Colour,
    curve,
    ellipse,
    fill,
    mirror,
    pixels,
    shade,
    stroke,
)

__all__ = ["Looks", "draw_looks", "draw_portrait"]

_LIGHT_SKINS = ((241, 206, 184), (232, 190, 160), (222, 175, 142), (205, 155, 120))
_DARK_SKINS = ((178, 128, 98), (154, 108, 82))
_DARK_HAIRS = ((38, 28, 24), (56, 40, 32), (66, 44, 30))
_LIGHT_HAIRS = ((104, 70, 42), (146, 104, 60), (128, 60, 34), (104, 100, 98))
_IRISES = ((84, 56, 36), (70, 98, 120), (82, 104, 66), (60, 44, 34))
_CLOTHES = ((46, 58, 84), (96, 46, 52), (52, 84, 70), (70, 70, 76), (120, 106, 84))
# A wall as bright as the skin hides the edge of the face from OpenCV's face detector.
_DARK_WALLS = ((62, 68, 80), (52, 72, 84), (84, 66, 62), (58, 74, 64), (74, 64, 82))
_LIGHT_WALLS = ((206, 212, 218), (190, 206, 216), (222, 212, 198), (196, 210, 194), (210, 202, 216))


@dataclass(frozen=True)
class Looks:
    """What one person looks like; lengths in head units.

    Attributes:
        width: half the width of the head.
        height: half the height of the head.
        jaw: how much the head narrows towards the chin, 0 to 1.
        eyes: distance of an eye from the middle.
        brow: thickness of the brows.
        lips: thickness of a lip.
        nose: half the width of the nose.
        hairline: where the forehead ends (y).
        hair_length: where the hair ends (y); above the ears: short hair.
        parting: where the hair parts (x).
        skin, hair, iris, mouth, clothes, backdrop: colours.
    """

    width: float
    height: float
    jaw: float
    eyes: float
    brow: float
    lips: float
    nose: float
    hairline: float
    hair_length: float
    parting: float
    skin: Colour
    hair: Colour
    iris: Colour
    mouth: Colour
    clothes: Colour
    backdrop: Colour


def draw_looks(gender: str, rng: np.random.Generator) -> Looks:
    """Return the looks of a person whom the random numbers choose.

    Args:
        gender: `female` or `male`.
        rng: the random numbers.
    """
    female = gender == "female"
    fair = rng.random() < 0.65
    skin = _pick(_LIGHT_SKINS if fair else _DARK_SKINS, rng)
    return Looks(
        width=rng.uniform(0.92, 0.99) if female else rng.uniform(0.96, 1.05),
        height=rng.uniform(1.3, 1.4),
        jaw=rng.uniform(0.34, 0.42) if female else rng.uniform(0.24, 0.34),
        eyes=rng.uniform(0.4, 0.45),
        brow=rng.uniform(0.05, 0.065) if female else rng.uniform(0.075, 0.1),
        lips=rng.uniform(0.08, 0.1) if female else rng.uniform(0.055, 0.075),
        nose=rng.uniform(0.14, 0.19),
        hairline=rng.uniform(-0.94, -0.84),
        hair_length=rng.uniform(0.7, 1.6) if female else rng.uniform(-0.25, -0.05),
        parting=rng.uniform(-0.35, 0.35),
        skin=skin,
        hair=_pick(_DARK_HAIRS + _LIGHT_HAIRS if fair else _DARK_HAIRS, rng),
        iris=_pick(_IRISES, rng),
        mouth=tuple(np.multiply(skin, (0.84, 0.56, 0.58) if female else (0.85, 0.66, 0.66))),
        clothes=_pick(_CLOTHES, rng),
        backdrop=_pick(_DARK_WALLS if fair else _LIGHT_WALLS, rng),
    )


def draw_portrait(looks: Looks, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw a person without eyes, brows and mouth, in a light that `rng` draws.

    Args:
        looks: what the person looks like.
        rng: the random numbers of light, wall and strands of hair.

    Returns:
        The picture, RGB `canvas.HEIGHT x canvas.WIDTH x 3`, uint8, and where hair covers the face, `canvas.HEIGHT x
        canvas.WIDTH`, 0 or 255: what is drawn on the face must not show there.
    """
    light = rng.uniform(-0.7, 0.7)
    canvas = _backdrop(looks.backdrop, rng)
    if looks.hair_length > 0:
        fill(canvas, _back_of_hair(looks), shade(looks.hair, 0.72))
    _shoulders(canvas, looks)
    for side in (-1, 1):
        ear = ellipse((side * looks.width * 0.99, 0.06), (0.13, 0.25))
        fill(canvas, ear, shade(looks.skin, 0.82))
        stroke(canvas, ellipse((side * looks.width * 0.99, 0.04), (0.06, 0.15)), shade(looks.skin, 0.66), 0.02)
    _head(canvas, looks, light)
    _nose(canvas, looks, light)
    fringe = _fringe(looks)
    fill(canvas, fringe, looks.hair)
    _strands(canvas, looks, light, rng)
    covered = np.zeros((HEIGHT, WIDTH), np.uint8)
    fill(covered, fringe, (255, 255, 255))
    return canvas, cv2.threshold(covered, 127, 255, cv2.THRESH_BINARY)[1]


def _pick(colours: tuple[Colour, ...], rng: np.random.Generator) -> Colour:
    """One of the colours, slightly changed."""
    return shade(colours[rng.integers(len(colours))], rng.uniform(0.94, 1.06))


def _backdrop(colour: Colour, rng: np.random.Generator) -> np.ndarray:
    """A wall, lit from a side and darker towards the corners."""
    x = np.linspace(-1, 1, WIDTH, dtype=np.float32)
    y = np.linspace(-1, 1, HEIGHT, dtype=np.float32)
    lit = np.add.outer(-0.07 * y - 0.05 * y**2, rng.uniform(-0.08, 0.08) * x - 0.08 * x**2) + np.float32(
        rng.uniform(0.92, 1.06)
    )
    return np.clip(lit[:, :, None] * np.asarray(colour, np.float32), 0, 255).astype(np.uint8)


def _outline(looks: Looks) -> np.ndarray:
    """The edge of the head: an ellipse that narrows towards the chin."""
    points = ellipse((0, 0), (1, 1))
    narrow = 1 - looks.jaw * np.clip(points[:, 1], 0, None) ** 2.2 * 0.9
    return np.stack([points[:, 0] * looks.width * narrow, points[:, 1] * looks.height], axis=1)


def _shoulders(canvas: np.ndarray, looks: Looks) -> None:
    neck = 0.5 * looks.width
    fill(canvas, np.array([(-neck, 0.9), (neck, 0.9), (neck * 1.15, 1.9), (-neck * 1.15, 1.9)]), shade(looks.skin, 0.7))
    fill(canvas, ellipse((0, 2.45), (1.9, 0.95)), looks.clothes)
    fill(canvas, ellipse((0, 1.5), (0.62, 0.3)), shade(looks.skin, 0.76))
    stroke(canvas, ellipse((0, 1.5), (0.62, 0.3), 0, 180), shade(looks.clothes, 0.7), 0.05)


def _head(canvas: np.ndarray, looks: Looks, light: float) -> None:
    """Lay the head over the canvas, shaded as a solid body lit from above and one side."""
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    fill(mask, _outline(looks), (255, 255, 255))
    (left, top), (right, bottom) = pixels(np.array([(-1.1, -1.45), (1.1, 1.45)])).astype(int)
    box = (slice(top, bottom), slice(left, right))
    x = (np.arange(left, right, dtype=np.float32) - ORIGIN[0]) / UNIT
    y = (np.arange(top, bottom, dtype=np.float32) - ORIGIN[1]) / UNIT
    tone = _light(x, y, looks, light)[:, :, None] * np.asarray(looks.skin, np.float32)
    flush = sum(_bump(x, y, (side * 0.56, 0.42), (0.22, 0.18)) for side in (-1, 1))
    tone[:, :, 1:] *= 1 - 0.1 * flush[:, :, None]
    weight = (mask[box].astype(np.float32) / 255)[:, :, None]
    canvas[box] = np.clip(canvas[box] + weight * (tone - canvas[box]), 0, 255)


def _light(x: np.ndarray, y: np.ndarray, looks: Looks, light: float) -> np.ndarray:
    """How brightly each point of the head is lit, `len(y) x len(x)`: sockets and chin dark, cheeks and nose bright."""
    u, v = x / looks.width, y / looks.height
    depth = np.sqrt(np.clip(1 - np.add.outer(v**2, u**2), 0, 1))
    lit = 0.56 + 0.42 * depth + np.add.outer(-0.08 * v, 0.13 * light * u)
    for side in (-1, 1):
        lit -= 0.3 * _bump(x, y, (side * looks.eyes, -0.2), (0.24, 0.15))
        lit += 0.1 * _bump(x, y, (side * 0.48, 0.34), (0.25, 0.18))
    lit += 0.09 * _bump(x, y, (0, 0.0), (0.1, 0.3)) + 0.07 * _bump(x, y, (0, -0.62), (0.5, 0.2))
    return lit - 0.1 * _bump(x, y, (0, 1.02), (0.22, 0.06))


def _bump(x: np.ndarray, y: np.ndarray, centre: tuple[float, float], widths: tuple[float, float]) -> np.ndarray:
    """A Gaussian hill of height 1."""
    across = np.exp(-0.5 * ((x - centre[0]) / widths[0]) ** 2)
    along = np.exp(-0.5 * ((y - centre[1]) / widths[1]) ** 2)
    return np.outer(along, across)


def _nose(canvas: np.ndarray, looks: Looks, light: float) -> None:
    wide = looks.nose
    dark = 1 if light < 0 else -1
    flank = curve([(0.05, -0.2), (0.1, 0.1), (wide * 0.95, 0.34)])
    shadow = canvas.copy()
    fill(shadow, mirror(np.concatenate([flank, curve([(wide, 0.38), (0.1, 0.46), (0.02, 0.4)])]), dark), (0, 0, 0))
    fill(shadow, ellipse((0, 0.47), (wide * 1.1, 0.05)), (0, 0, 0))
    (left, top), (right, bottom) = pixels(np.array([(-0.45, -0.4), (0.45, 0.75)])).astype(int)
    box = (slice(top, bottom), slice(left, right))
    blurred = cv2.GaussianBlur(shadow[box], (0, 0), 5)
    canvas[box] = cv2.addWeighted(canvas[box], 0.8, blurred, 0.2, 0)
    for side in (-1, 1):
        wing = curve([(wide * 0.9, 0.3), (wide * 1.3, 0.42), (wide * 0.75, 0.45)])
        stroke(canvas, mirror(wing, side), shade(looks.skin, 0.68), 0.025)
        fill(canvas, ellipse((side * wide * 0.5, 0.43), (0.05, 0.025)), shade(looks.skin, 0.38))
    stroke(canvas, curve([(-wide * 0.3, 0.45), (0, 0.49), (wide * 0.3, 0.45)]), shade(looks.skin, 0.66), 0.02)


def _back_of_hair(looks: Looks) -> np.ndarray:
    """Long hair behind the head and on the shoulders."""
    wide = looks.width * 1.2
    top = ellipse((0, -0.1), (wide, looks.height * 1.03), 180, 360)
    right = curve([(wide, -0.1), (wide * 1.08, looks.hair_length * 0.6), (wide * 0.9, looks.hair_length)])
    left = mirror(right, -1)[::-1]
    return np.concatenate([top, right, left])


def _fringe(looks: Looks) -> np.ndarray:
    """The hair before the head, from one temple over the top to the other."""
    side = looks.width * 1.06
    low = min(looks.hair_length, 0.25)
    temple = looks.width * 0.88
    crown = ellipse((0, -0.15), (side, looks.height * 0.97), 180, 360)
    right = curve([(side, low), (temple, -0.5), (looks.parting, looks.hairline)])
    left = curve([(looks.parting, looks.hairline), (-temple, -0.5), (-side, low)])
    return np.concatenate([crown, right, left])


def _strands(canvas: np.ndarray, looks: Looks, light: float, rng: np.random.Generator) -> None:
    """Lighter and darker strands that run from the parting over the crown."""
    start = (looks.parting, looks.hairline - 0.16)
    for angle in np.linspace(-174, -6, 24):
        turn = np.radians(angle + rng.uniform(-3, 3))
        end = (1.02 * looks.width * np.cos(turn), -0.15 + 0.93 * looks.height * np.sin(turn))
        middle = (0.75 * end[0] + 0.1 * looks.parting, min(end[1], looks.hairline) - 0.12)
        tone = rng.uniform(0.85, 1.18) + 0.12 * light * np.cos(turn)
        stroke(canvas, curve([start, middle, end]), shade(looks.hair, tone), 0.02)
