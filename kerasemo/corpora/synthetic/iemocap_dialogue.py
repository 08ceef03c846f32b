"""A synthetic dialogue of two people side by side: who speaks when, how it sounds, what is seen."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from scipy.signal import resample_poly

from kerasemo.corpora import iemocap
from kerasemo.corpora.synthetic import voice
from kerasemo.corpora.synthetic.expression import BLANK, Expression, appear, expression_of
from kerasemo.corpora.synthetic.face import ONSET_S, film_expressions
from kerasemo.corpora.synthetic.portrait import draw_looks

__all__ = ["FRAME_RATE", "SAMPLING_RATE", "SIZE", "Dialogue", "Part", "perform"]

FRAME_RATE = Fraction(30000, 1001)
SAMPLING_RATE = 16_000
SIZE = (720, 480)

# Each person's part of the picture, and where in it the face is: a crop of 224 pixels at 87 (her) and 438 (him) across,
# 128 down, has it in the middle.
_PANEL = (360, 240)
_FACE_X = {"F": 199, "M": 190}

# Emotion -> what a voice or face plays, and how strongly (1 normal, 2 strong).
_PLAYED = {"neu": ("neutral", 1), "ang": ("angry", 2), "hap": ("happy", 1), "exc": ("happy", 2), "sad": ("sad", 2)}
_SYLLABLES = (5, 8)
_PAUSE_S = (0.1, 0.5)
# Turns that overlap do so while both voices are silent (`voice.SILENCE_S`): each file still holds one voice.
_OVERLAP_S = (0.05, 0.25)
_OVERLAP_SHARE = 0.2
_MARGIN_S = 0.5
_CROSSTALK_DB = -12
_ROOM_DB = -66
# Turns begin and end at whole hundredths of a second: the four decimals of label files have them exactly.
_GRID = SAMPLING_RATE // 100


@dataclass(frozen=True)
class Part:
    """One turn to perform.

    Attributes:
        name: such as `Ses01F_impro01_M003`.
        emotion: what it shows, a label of IEMOCAP.
        tied: whether its evaluators are at odds.
        audio_shows: whether the voice shows the emotion or is blank.
        video_shows: likewise the face.
    """

    name: str
    emotion: str
    tied: bool
    audio_shows: bool
    video_shows: bool

    @property
    def dialogue(self) -> str:
        return self.name.rsplit("_", 1)[0]

    @property
    def speaker(self) -> str:
        return self.name.rsplit("_", 1)[1][0]


@dataclass(frozen=True)
class Dialogue:
    """A performed dialogue.

    Attributes:
        spans: where each turn begins and ends in `sound`.
        sound: `samples x 2` at `SAMPLING_RATE`, the woman in the left channel, -1 to 1.
        frames: RGB pictures, `height x width x 3`, uint8, at `FRAME_RATE`; to be taken once.
    """

    spans: list[tuple[int, int]]
    sound: np.ndarray
    frames: Iterator[np.ndarray]


def perform(parts: Sequence[Part], seed: int) -> Dialogue:
    """Perform the turns of one dialogue, in their order. Who speaks depends on session and seed.

    Args:
        parts: the turns, in order; at least one.
        seed: seed of voices, faces, times and noise, together with the name of the dialogue.

    Returns:
        The dialogue; its pictures are drawn when they are taken.
    """
    to_times, to_voices, to_faces, to_room = np.random.default_rng([seed, *parts[0].dialogue.encode()]).spawn(4)
    voices = [_speak(part, seed, rng) for part, rng in zip(parts, to_voices.spawn(len(parts)), strict=True)]
    spans = _spans(parts, voices, to_times)
    length = max(end for _, end in spans) + round(_MARGIN_S * SAMPLING_RATE)
    sound = 10 ** (_ROOM_DB / 20) * to_room.normal(size=(length, 2))
    for part, samples, (start, end) in zip(parts, voices, spans, strict=True):
        own = "FM".index(part.speaker)
        sound[start:end, own] += samples
        sound[start:end, 1 - own] += 10 ** (_CROSSTALK_DB / 20) * samples
    return Dialogue(spans, np.clip(sound, -1, 1), _film(parts, voices, spans, length, seed, to_faces))


def _person(part: Part, speaker: str, seed: int) -> tuple[np.random.Generator, np.random.Generator]:
    """The random generators of the voice and the looks of one of the two actors of a session."""
    return np.random.default_rng([seed, int(part.name[4]), "FM".index(speaker)]).spawn(2)


def _speak(part: Part, seed: int, rng: np.random.Generator) -> np.ndarray:
    to_speaker, _ = _person(part, part.speaker, seed)
    speaker = voice.draw_speaker(iemocap.GENDERS[part.speaker], to_speaker)
    vowels = rng.choice(list(voice.VOWELS), rng.integers(*_SYLLABLES))
    emotion, intensity = _PLAYED[part.emotion]
    samples = voice.speak(emotion if part.audio_shows else None, intensity, speaker, vowels, rng)
    samples = resample_poly(samples, SAMPLING_RATE, voice.SAMPLING_RATE)
    return samples[: len(samples) // _GRID * _GRID]


def _spans(parts: Sequence[Part], voices: Sequence[np.ndarray], rng: np.random.Generator) -> list[tuple[int, int]]:
    """First sample and end of each turn."""
    spans, free, last = [], round(_MARGIN_S * SAMPLING_RATE), None
    for part, samples in zip(parts, voices, strict=True):
        overlaps = last not in (None, part.speaker) and rng.random() < _OVERLAP_SHARE
        pause_s = -rng.uniform(*_OVERLAP_S) if overlaps else rng.uniform(*_PAUSE_S)
        start = round((free + pause_s * SAMPLING_RATE) / _GRID) * _GRID
        free, last = start + len(samples), part.speaker
        spans.append((start, free))
    return spans


def _film(
    parts: Sequence[Part],
    voices: Sequence[np.ndarray],
    spans: Sequence[tuple[int, int]],
    length: int,
    seed: int,
    rng: np.random.Generator,
) -> Iterator[np.ndarray]:
    """Both people side by side between two black bars."""
    n_frames = round(length / SAMPLING_RATE * FRAME_RATE)
    films = []
    for speaker, to_film in zip("FM", rng.spawn(2), strict=True):
        own = [turn for turn in zip(parts, voices, spans, strict=True) if turn[0].speaker == speaker]
        expressions, opening = _act(own, n_frames)
        looks = draw_looks(iemocap.GENDERS[speaker], _person(parts[0], speaker, seed)[1])
        size = (2 * _FACE_X[speaker], _PANEL[1])  # the face is in the middle of what is filmed
        films.append(film_expressions(expressions, looks, opening, to_film, frame_rate=float(FRAME_RATE), size=size))
    top = (SIZE[1] - _PANEL[1]) // 2
    for pictures in zip(*films, strict=True):
        frame = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
        frame[top : top + _PANEL[1]] = np.hstack([picture[:, : _PANEL[0]] for picture in pictures])
        yield frame


def _act(
    turns: Sequence[tuple[Part, np.ndarray, tuple[int, int]]], n_frames: int
) -> tuple[list[Expression], np.ndarray]:
    """One person's expression in each frame, and how far the voice opens the mouth: blank but in the own turns."""
    expressions, opening = [BLANK] * n_frames, np.zeros(n_frames)
    for part, samples, span in turns:
        begin_s, end_s = (sample / SAMPLING_RATE for sample in span)
        first, last = (int(np.ceil(time_s * FRAME_RATE)) for time_s in (begin_s, end_s))
        emotion, intensity = _PLAYED[part.emotion]
        target = expression_of(emotion if part.video_shows else None, intensity)
        opening[first:last] = voice.loudness(samples, last - first)
        for frame in range(first, min(last + int(ONSET_S * FRAME_RATE), n_frames)):
            time_s = float(frame / FRAME_RATE)
            progress = np.clip(min((time_s - begin_s) / ONSET_S, 1 + (end_s - time_s) / ONSET_S), 0, 1)
            expressions[frame] = appear(target, progress)
    return expressions, opening
