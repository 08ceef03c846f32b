"""RAVDESS in its official folders, performed by synthetic voices and faces."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import ClassVar, Literal

import joblib
import numpy as np
import pandas as pd

from kerasemo.command_line import option
from kerasemo.corpora import ravdess
from kerasemo.corpora.synthetic.corpus import SyntheticCorpus, first_of
from kerasemo.corpora.synthetic.erasure import draw_shown
from kerasemo.corpora.synthetic.face import film
from kerasemo.corpora.synthetic.media import write_mp4, write_wav
from kerasemo.corpora.synthetic.portrait import draw_looks
from kerasemo.corpora.synthetic.voice import SAMPLING_RATE, draw_speaker, loudness, speak
from kerasemo.errors import InputError

__all__ = ["FRAME_RATE", "SIZES", "STATEMENTS", "SyntheticRavdess"]

FRAME_RATE = Fraction(30000, 1001)
SIZES = {"small": (320, 240), "official": (1280, 720)}
"""Width and height of the pictures, pixels."""

# The vowels of "Kids are talking by the door" and "Dogs are sitting by the door".
STATEMENTS = {"01": "IaoIa@o", "02": "oaIIa@o"}

# Codes of intensity, statement and repetition. The first two differ in intensity and statement; the first four hold
# each pair of levels of two factors once. Neutral, which lacks intensity 02, takes what is left in the same order.
_SPREAD = ("01-01-01", "02-02-01", "01-02-02", "02-01-02", "01-02-01", "02-01-01", "01-01-02", "02-02-02")

# More than in the real corpus (five of 1440), so that a small one has some too.
_STEREO_SHARE = 0.03


@dataclass(frozen=True)
class _Clip:
    """One performance and what it shows."""

    code: str
    audio_shows: bool
    video_shows: bool

    @property
    def emotion(self) -> str:
        return ravdess.EMOTIONS[self.code.split("-")[1]]

    @property
    def intensity(self) -> int:
        return int(self.code.split("-")[2])


@dataclass(frozen=True, kw_only=True)
class SyntheticRavdess(SyntheticCorpus):
    """RAVDESS with synthetic people.

    Folders and file names are the official ones; files are wavs at 48 kHz and mp4s with the same voice.

    In each emotion of speech and of song, the same share of clips shows the emotion; the other clips have a blank voice
    or face, which is the same for all emotions. The file `truth.csv` lists which clips show it, with the columns `clip`
    (the six codes after the modality), `emotion`, `audio_shows` and `video_shows` (0 or 1). Faces are blank at first
    and reach their expression within 0.35 s.

    In Python, `accuracy_ceiling` computes the best accuracy that a model can reach.

    Args:
        actors: numbers of the actors, 1 to 24; odd numbers are male. Actor 18 has no songs.
        channels: `speech` (eight emotions), `song` (the first six) or both.
        modalities: `audio` (modality 03, wav), `video` (modality 01, mp4 with sound) or both.
        clips_per_emotion: number of clips per emotion, actor and channel, with varied intensities, statements and
            repetitions. Default: all, which are 8, or 4 for neutral.
        audio_share: share of clips whose sound shows the emotion.
        video_share: share of clips whose picture shows the emotion.
        size: size of the pictures: `small`, 320 x 240 pixels, or `official`, 1280 x 720.
        seed: random seed of the voices, the faces and the choice of blank clips.

    Raises:
        InputError: a parameter is out of range.
    """

    name: ClassVar[str] = "ravdess"
    title: ClassVar[str] = "RAVDESS"

    actors: Sequence[int] = first_of(ravdess.ACTORS, "Number of actors, starting with actor 1. Actor 18 has no songs.")
    channels: Sequence[Literal["speech", "song"]] = option(("song", "speech"), name="--channel")
    modalities: Sequence[Literal["audio", "video"]] = option(("audio", "video"), name="--modality")
    clips_per_emotion: int | None = option(None, min=1)
    audio_share: float = option(1.0, min=0, max=1)
    video_share: float = option(1.0, min=0, max=1)
    size: Literal["small", "official"] = "small"
    seed: int = option(0, min=0)

    def __post_init__(self):
        super().__post_init__()
        if self.actors == (ravdess.ACTOR_WITHOUT_SONG,) and self.channels == ("song",):
            raise InputError("synthetic RAVDESS: actor 18 has no song; choose another actor or channel.")

    def _prepare(self, root: Path) -> list:
        clips = self._clips()
        _truth(clips).to_csv(root / "truth.csv", index=False, lineterminator="\n")
        return [joblib.delayed(_perform)(root, clip, self.modalities, SIZES[self.size], self.seed) for clip in clips]

    def _clips(self) -> list[_Clip]:
        """The performances to write, with what they show: equal shares in every emotion of every channel."""
        by_emotion: dict[tuple[str, ...], list[str]] = {}
        for channel in self.channels:
            for code in ravdess.performances(channel):
                *names, _, _, _, actor = code.split("-")
                if int(actor) in self.actors:
                    by_emotion.setdefault((*names, actor), []).append(code)
        codes = [
            code
            for group in by_emotion.values()
            for code in sorted(group, key=_place_in_spread)[: self.clips_per_emotion]
        ]
        classes = [tuple(code.split("-")[:2]) for code in codes]
        rng = np.random.default_rng(self.seed)
        shown = draw_shown(classes, self.audio_share, self.video_share, rng)
        return [_Clip(code, bool(audio), bool(video)) for code, audio, video in zip(codes, *shown, strict=True)]


def _place_in_spread(code: str) -> int:
    return _SPREAD.index("-".join(code.split("-")[2:5]))


def _truth(clips: list[_Clip]) -> pd.DataFrame:
    rows = [(clip.code, clip.emotion, int(clip.audio_shows), int(clip.video_shows)) for clip in clips]
    return pd.DataFrame(rows, columns=["clip", "emotion", "audio_shows", "video_shows"]).sort_values("clip")


def _perform(root: Path, clip: _Clip, modalities: Sequence[str], size: tuple[int, int], seed: int) -> None:
    """Write the files of one performance."""
    channel, *_, statement, _, actor = clip.code.split("-")
    gender = "male" if int(actor) % 2 else "female"
    to_speaker, to_looks = np.random.default_rng([seed, int(actor)]).spawn(2)
    to_voice, to_face, to_channels = np.random.default_rng([seed, *map(int, clip.code.split("-"))]).spawn(3)
    sound = speak(
        clip.emotion if clip.audio_shows else None,
        clip.intensity,
        draw_speaker(gender, to_speaker),
        STATEMENTS[statement],
        to_voice,
        sung=channel == "02",
    )
    if "audio" in modalities:
        stereo = to_channels.random() < _STEREO_SHARE
        path = _make_place(root, clip, "audio")
        write_wav(path, np.stack([sound, 0.9 * sound], axis=1) if stereo else sound, SAMPLING_RATE)
    if "video" in modalities:
        opening = loudness(sound, round(len(sound) / SAMPLING_RATE * FRAME_RATE))
        looks = draw_looks(gender, to_looks)
        emotion = clip.emotion if clip.video_shows else None
        frames = film(emotion, clip.intensity, looks, opening, to_face, frame_rate=float(FRAME_RATE), size=size)
        path = _make_place(root, clip, "video")
        write_mp4(path, frames, sound, size=size, frame_rate=FRAME_RATE, sampling_rate=SAMPLING_RATE)


def _make_place(root: Path, clip: _Clip, medium: str) -> Path:
    path = root / ravdess.official_path(clip.code, medium)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
