"""The pictures and the sound of one clip of a synthetic film: its two actors, its sets, its camera, its room."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np

from kerasemo.corpora.synthetic import canvas as board
from kerasemo.corpora.synthetic import voice
from kerasemo.corpora.synthetic.face import film
from kerasemo.corpora.synthetic.portrait import Looks, draw_looks, draw_portrait

__all__ = ["ACTORS", "FRAME_RATE", "SIZE", "WITHOUT_FACE", "WITH_FACE", "Film", "draw_film", "record", "shoot"]

FRAME_RATE = 25
SIZE = (480, 270)
ACTORS = ("female", "male")

# What is played before the camera: whoever speaks stays in the picture, comes into it, goes out of it, or has
# somebody else beside.
WITH_FACE = ("stays", "enters", "leaves", "two")
# Whoever speaks is seen from behind, is out of focus, or is not in the picture.
WITHOUT_FACE = ("behind", "blurred", "empty")

# Actors are filmed before a wall of this green, cut out, and put into a set.
_GREEN = (0.0, 255.0, 0.0)
_ACTOR_SIZE = (360, 270)
# Clothes are less green than this above their red and blue.
_GREENISH = 16
_MOVE_S = 0.4
# Parts of the clip's length: about half of those who come or go are not there in the middle.
_ENTERS, _LEAVES = (0.1, 0.75), (0.2, 0.65)
_BYSTANDER_SCALE = 0.6
_ASIDE = 0.22
# Of what is out of focus no more is left than this many pixels.
_DEFOCUSED = (9, 5)


@dataclass(frozen=True)
class Film:
    """What the clips of one film have in common, and no other film has.

    Attributes:
        looks: of the actress and the actor.
        voices: likewise.
        sets: what is behind each of them, RGB `height x width x 3`, uint8.
        tones: what the film's material makes of each value of each colour, `256 x 3`, uint8.
        vignette: how much light reaches each point, `height x width`, 0 to 1.
        framing: how large people are in the picture, 1: as large as it.
        hum_hz: pitch of the room's hum.
        hum_db: its level.
        noise_db: level of the room's noise.
    """

    looks: tuple[Looks, Looks]
    voices: tuple[voice.Speaker, voice.Speaker]
    sets: tuple[np.ndarray, np.ndarray]
    tones: np.ndarray
    vignette: np.ndarray
    framing: float
    hum_hz: float
    hum_db: float
    noise_db: float


def draw_film(rng: np.random.Generator) -> Film:
    """Return a film that the random numbers choose: its people, sets, camera and room.

    Args:
        rng: the random numbers.
    """
    to_cast, to_sets, to_camera, to_room = rng.spawn(4)
    looks = tuple(draw_looks(gender, to_cast) for gender in ACTORS)
    return Film(
        looks=looks,
        voices=tuple(voice.draw_speaker(gender, to_cast) for gender in ACTORS),
        sets=tuple(_draw_set(look.backdrop, to_sets) for look in looks),
        tones=_draw_tones(to_camera),
        vignette=_draw_vignette(to_camera),
        framing=to_camera.uniform(0.75, 1.0),
        hum_hz=to_room.uniform(80, 400),
        hum_db=to_room.uniform(-66, -52),
        noise_db=to_room.uniform(-66, -54),
    )


def record(film: Film, actor: int, emotion: str | None, intensity: int, rng: np.random.Generator) -> np.ndarray:
    """The sound of a clip: one actor's voice in the film's room.

    Args:
        film: which film.
        actor: 0 the actress, 1 the actor.
        emotion: a key of `prosody.PROSODIES`, or None for the blank voice.
        intensity: 1 normal, 2 strong.
        rng: the chance in this clip.

    Returns:
        Samples at `voice.SAMPLING_RATE`, -1 to 1, 2.5 to 3.5 s long.
    """
    vowels = rng.choice(list(voice.VOWELS), rng.integers(5, 8))
    samples = voice.speak(emotion, intensity, film.voices[actor], vowels, rng)
    phase = 2 * np.pi * (film.hum_hz * np.arange(len(samples)) / voice.SAMPLING_RATE + rng.random())
    hum = 10 ** (film.hum_db / 20) * (np.sin(phase) + 0.5 * np.sin(2 * phase))
    noise = 10 ** (film.noise_db / 20) * rng.normal(size=len(samples))
    return np.clip(samples + hum + noise, -1, 1).astype(np.float32)


def shoot(
    film: Film,
    actor: int,
    scene: str,
    emotion: str | None,
    intensity: int,
    opening: np.ndarray,
    rng: np.random.Generator,
) -> Iterator[np.ndarray]:
    """The pictures of a clip. What is played depends on neither the emotion nor the film.

    Args:
        film: which film.
        actor: who speaks, 0 the actress, 1 the actor.
        scene: one of `WITH_FACE`, `WITHOUT_FACE`.
        emotion: a key of `expression.EXPRESSIONS`, or None for the blank face.
        intensity: 1 normal, 2 strong.
        opening: how far the voice opens the mouth, `frames`, 0 to 1.
        rng: the chance in this clip.

    Yields:
        One RGB picture a frame, `height x width x 3`, uint8.
    """
    to_place, to_actor, to_bystander = rng.spawn(3)
    side = to_place.choice((-1, 1))
    scale = film.framing * to_place.uniform(0.95, 1.05)
    aside = side * _ASIDE if scene == "two" else to_place.uniform(-0.5, 0.5) * _ASIDE
    across = aside + _moves(scene, len(opening), side, to_place)
    people = []
    if scene == "two":
        bystander = _filmed(film.looks[1 - actor], None, 1, np.zeros(len(opening)), to_bystander)
        people.append((bystander, _BYSTANDER_SCALE * scale, np.full(len(opening), -aside)))
    if scene == "behind":
        people.append((_filmed_from_behind(film.looks[actor], len(opening), to_actor), scale, across))
    elif scene != "empty":
        people.append((_filmed(film.looks[actor], emotion, intensity, opening, to_actor), scale, across))
    for frame in range(len(opening)):
        picture = film.sets[actor].copy()
        for pictures, size, places in people:
            _put(next(pictures), picture, size, places[frame])
        if scene == "blurred":
            picture = cv2.resize(cv2.resize(picture, _DEFOCUSED, interpolation=cv2.INTER_AREA), SIZE)
        yield _develop(film, picture)


def _moves(scene: str, frames: int, side: int, rng: np.random.Generator) -> np.ndarray:
    """How far from the place a person is, in widths of the picture, `frames`: 0 there, 1 or -1 out of the picture."""
    part = np.arange(frames) / frames
    move = _MOVE_S * FRAME_RATE / frames
    if scene == "enters":
        away = np.clip((rng.uniform(*_ENTERS) - part) / move + 1, 0, 1)
    elif scene == "leaves":
        away = np.clip((part - rng.uniform(*_LEAVES)) / move, 0, 1)
    else:
        away = np.zeros(frames)
    return side * away * (1 + _ASIDE)


def _filmed(
    looks: Looks, emotion: str | None, intensity: int, opening: np.ndarray, rng: np.random.Generator
) -> Iterator[np.ndarray]:
    """A person before the green wall, RGB."""
    before_green = replace(looks, backdrop=_GREEN)
    return film(emotion, intensity, before_green, opening, rng, frame_rate=FRAME_RATE, size=_ACTOR_SIZE)


def _filmed_from_behind(looks: Looks, frames: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """The same person turned away: hair where the face was."""
    portrait, _ = draw_portrait(replace(looks, backdrop=_GREEN), rng)
    board.fill(
        portrait, board.ellipse((0, -0.12), (1.05 * looks.width, 0.98 * looks.height)), board.shade(looks.hair, 0.72)
    )
    for across in np.linspace(-0.8, 0.8, 25):
        strand = board.curve([(0, -1.35), (1.1 * across, -0.6), (across, 0.6)])
        board.stroke(portrait, strand, board.shade(looks.hair, rng.uniform(0.64, 0.8)), 0.02)
    width, height = board.VIEW
    picture = cv2.resize(portrait[:height, :width], _ACTOR_SIZE, interpolation=cv2.INTER_AREA)
    for sway in 3 * np.sin(2 * np.pi * (0.4 * np.arange(frames) / FRAME_RATE + rng.random())):
        yield np.roll(picture, round(sway), axis=1)


def _put(person: np.ndarray, picture: np.ndarray, scale: float, across: float) -> None:
    """Cut a person out of the green and put it into a picture, in place, at the lower edge.

    Args:
        person: RGB, `rows x columns x 3`, uint8.
        picture: likewise.
        scale: 1: as it is.
        across: from the middle, in widths of the picture.
    """
    height, width = picture.shape[:2]
    left = width * (0.5 + across) - scale * person.shape[1] / 2
    matrix = np.array([[scale, 0, left], [0, scale, height - scale * person.shape[0]]])
    size = (width, height)
    person = cv2.warpAffine(person, matrix, size, borderMode=cv2.BORDER_CONSTANT, borderValue=_GREEN)
    green = person[:, :, 1].astype(np.int16) - cv2.max(person[:, :, 0], person[:, :, 2]) - _GREENISH
    wall = np.clip(green, 0, 100)[:, :, None] / np.float32(100)
    # What the wall casts on a person's edge is taken away.
    person[:, :, 1] -= np.maximum(green, 0).astype(np.uint8)
    picture[:] = person * (1 - wall) + picture * wall


def _develop(film: Film, picture: np.ndarray) -> np.ndarray:
    """What the film's camera and material make of a picture."""
    return (cv2.LUT(picture, film.tones[None]) * film.vignette[:, :, None]).astype(np.uint8)


def _draw_set(wall: board.Colour, rng: np.random.Generator) -> np.ndarray:
    """A wall with some things on it, all of about its brightness: faces stand out from it."""
    width, height = SIZE
    down = np.linspace(1.05, 0.85, height)[:, None, None]
    picture = np.broadcast_to(down * np.asarray(wall), (height, width, 3)).copy()
    for _ in range(rng.integers(3, 7)):
        left, top = rng.uniform(0, 0.9) * width, rng.uniform(0, 0.7) * height
        right, bottom = left + rng.uniform(0.08, 0.3) * width, top + rng.uniform(0.1, 0.5) * height
        picture[round(top) : round(bottom), round(left) : round(right)] *= rng.uniform(0.75, 1.15, 3)
    return cv2.GaussianBlur(np.clip(picture, 0, 255).astype(np.uint8), (0, 0), rng.uniform(1, 4))


def _draw_tones(rng: np.random.Generator) -> np.ndarray:
    gamma, contrast = rng.uniform(0.8, 1.25), rng.uniform(0.75, 1.0)
    value = np.linspace(0, 1, 256)[:, None] ** gamma
    gain = rng.uniform(0.85, 1.0) * rng.uniform(0.9, 1.0, 3)
    return np.round(255 * gain * (1 + contrast * (value - 1))).astype(np.uint8)


def _draw_vignette(rng: np.random.Generator) -> np.ndarray:
    width, height = SIZE
    x, y = np.linspace(-1, 1, width), np.linspace(-1, 1, height)
    return (1 - rng.uniform(0, 0.3) * np.add.outer(y**2, x**2)).astype(np.float32)
