"""RAVDESS in its official folders, performed by synthetic voices and faces."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import joblib
import numpy as np
import pandas as pd

from kerasemo import files
from kerasemo.corpora import ravdess
from kerasemo.corpora.synthetic import marker
from kerasemo.corpora.synthetic.erasure import draw_shown
from kerasemo.corpora.synthetic.face import film
from kerasemo.corpora.synthetic.media import write_mp4, write_wav
from kerasemo.corpora.synthetic.portrait import draw_looks
from kerasemo.corpora.synthetic.voice import SAMPLING_RATE, draw_speaker, loudness, speak
from kerasemo.errors import InputError
from kerasemo.progress import track
from kerasemo.workers import side_by_side

FRAME_RATE = Fraction(30000, 1001)
SIZE = (320, 240)

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


def write_ravdess(
    root: str | os.PathLike,
    *,
    actors: Iterable[int] = ravdess.ACTORS,
    channels: Iterable[str] = ("speech", "song"),
    modalities: Iterable[str] = ("audio", "video"),
    clips_per_emotion: int | None = None,
    audio_share: float = 1.0,
    video_share: float = 1.0,
    seed: int = 0,
    jobs: int = 1,
) -> None:
    """Write a synthetic RAVDESS: its official folders and names, 48 kHz wavs and mp4s with the same voice.

    Each class of each channel has the same share of clips that show their emotion (see `erasure`); the others have a
    blank voice or face. `truth.csv` at the root tells which: `clip` (the six codes after the modality), `emotion`,
    `audio_shows`, `video_shows` (0 or 1). Faces start from the blank expression and reach their own within 0.35 s.
    The files do not depend on `jobs`. The folder appears when all is written; a call that would repeat it does nothing.

    Args:
        root: the folder to make.
        actors: 1 to 24, odd ones male; actor 18 does not sing.
        channels: `speech` (eight emotions), `song` (the first six), or both.
        modalities: `audio` (modality 03, wav), `video` (01, mp4 with sound), or both.
        clips_per_emotion: how many performances of each emotion, actor and channel, in an order that spreads them
            over intensities, statements and repetitions; None: all (8, of neutral 4).
        audio_share: the share of clips whose sound shows the emotion, 0 to 1.
        video_share: likewise for the picture.
        seed: decides on voices, faces, chance and what is blank; not negative.
        jobs: processes that write; -1: one a core.

    Raises:
        InputError: a parameter is out of range, or something else is at `root`.
    """
    parameters = {
        "actors": sorted({int(actor) for actor in actors}),
        "channels": sorted(set(channels)),
        "modalities": sorted(set(modalities)),
        "clips_per_emotion": clips_per_emotion,
        "audio_share": float(audio_share),
        "video_share": float(video_share),
        "seed": seed,
    }
    _check(parameters)
    if not marker.stands(root, "ravdess", parameters):
        _write(Path(root), parameters, jobs)


def _write(root: Path, parameters: dict, jobs: int) -> None:
    clips = _clips(parameters)
    with files.whole(root) as temporary:
        temporary.mkdir()
        perform = joblib.delayed(_perform)
        tasks = (perform(temporary, clip, parameters["modalities"], parameters["seed"]) for clip in clips)
        # Closed before the folder goes when interrupted: no process may still write into it.
        with side_by_side(tasks, jobs) as done:
            for _ in track(done, len(clips), "Synthetic RAVDESS"):
                pass
        _truth(clips).to_csv(temporary / "truth.csv", index=False, lineterminator="\n")
        marker.write(temporary, "ravdess", parameters)


def _check(parameters: dict) -> None:
    for name, known in (
        ("actors", list(ravdess.ACTORS)),
        ("channels", list(ravdess.CHANNELS.values())),
        ("modalities", ["audio", "video"]),
    ):
        unknown = [value for value in parameters[name] if value not in known]
        if unknown or not parameters[name]:
            what = f"unknown {name} {unknown}" if unknown else f"no {name} given"
            raise InputError(f"synthetic RAVDESS: {what}; choose from {known}.")
    for name in ("audio_share", "video_share"):
        if not 0 <= parameters[name] <= 1:
            raise InputError(f"synthetic RAVDESS: {name} is {parameters[name]}; it must be between 0 and 1.")
    number = parameters["clips_per_emotion"]
    if number is not None and number < 1:
        raise InputError(f"synthetic RAVDESS: clips_per_emotion is {number}; it must be at least 1.")
    if parameters["seed"] < 0:
        raise InputError(f"synthetic RAVDESS: seed is {parameters['seed']}; it must not be negative.")
    if parameters["actors"] == [ravdess.ACTOR_WITHOUT_SONG] and parameters["channels"] == ["song"]:
        raise InputError("synthetic RAVDESS: actor 18 has no song; choose another actor or channel.")


def _clips(parameters: dict) -> list[_Clip]:
    """The performances to write, with what they show: equal shares in every emotion of every channel."""
    by_emotion: dict[tuple[str, ...], list[str]] = {}
    for channel in parameters["channels"]:
        for code in ravdess.performances(channel):
            *names, _, _, _, actor = code.split("-")
            if int(actor) in parameters["actors"]:
                by_emotion.setdefault((*names, actor), []).append(code)
    number = parameters["clips_per_emotion"]
    codes = [code for group in by_emotion.values() for code in sorted(group, key=_place_in_spread)[:number]]
    classes = [tuple(code.split("-")[:2]) for code in codes]
    rng = np.random.default_rng(parameters["seed"])
    shown = draw_shown(classes, parameters["audio_share"], parameters["video_share"], rng)
    return [_Clip(code, bool(audio), bool(video)) for code, audio, video in zip(codes, *shown, strict=True)]


def _place_in_spread(code: str) -> int:
    return _SPREAD.index("-".join(code.split("-")[2:5]))


def _truth(clips: list[_Clip]) -> pd.DataFrame:
    rows = [(clip.code, clip.emotion, int(clip.audio_shows), int(clip.video_shows)) for clip in clips]
    return pd.DataFrame(rows, columns=["clip", "emotion", "audio_shows", "video_shows"]).sort_values("clip")


def _perform(root: Path, clip: _Clip, modalities: list[str], seed: int) -> None:
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
        frames = film(emotion, clip.intensity, looks, opening, to_face, frame_rate=float(FRAME_RATE), size=SIZE)
        path = _make_place(root, clip, "video")
        write_mp4(path, frames, sound, size=SIZE, frame_rate=FRAME_RATE, sampling_rate=SAMPLING_RATE)


def _make_place(root: Path, clip: _Clip, medium: str) -> Path:
    path = root / ravdess.official_path(clip.code, medium)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
