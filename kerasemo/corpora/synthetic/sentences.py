"""Recordings of synthetic people who say a corpus' sentences with an emotion."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import soxr

from kerasemo.corpora.synthetic import voice
from kerasemo.corpora.synthetic.face import film
from kerasemo.corpora.synthetic.media import write_mp4, write_wav
from kerasemo.corpora.synthetic.portrait import draw_looks

__all__ = ["FRAME_RATE", "SAMPLING_RATE", "SIZE", "SYLLABLES", "record"]

SAMPLING_RATE = 16_000
FRAME_RATE = 30
SIZE = (320, 240)
SYLLABLES = 7


def record(
    paths: list[Path], emotion: str, intensity: int, gender: str, speaker: int, sentence: int, take: int, seed: int
) -> None:
    """Write a recording, as a wav at 16 kHz or as a video with its sound.

    Args:
        paths: the files to write, of one recording: wavs, and videos of other endings.
        emotion: the emotion that voice and face show.
        intensity: 1 normal, 2 strong.
        gender: `female` or `male`.
        speaker, sentence: numbers; equal numbers have an equal voice and face, and equal words.
        take: number of the recording among all of the corpus.
        seed: random seed.
    """
    vowels = np.random.default_rng([seed, 0, sentence]).choice(list(voice.VOWELS), SYLLABLES)
    to_speaker, to_looks = np.random.default_rng([seed, 1, speaker]).spawn(2)
    to_voice, to_face = np.random.default_rng([seed, 2, take]).spawn(2)
    sound = voice.speak(emotion, intensity, voice.draw_speaker(gender, to_speaker), vowels, to_voice)
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".wav":
            write_wav(path, soxr.resample(sound, voice.SAMPLING_RATE, SAMPLING_RATE), SAMPLING_RATE)
            continue
        opening = voice.loudness(sound, round(len(sound) / voice.SAMPLING_RATE * FRAME_RATE))
        looks = draw_looks(gender, to_looks)
        frames = film(emotion, intensity, looks, opening, to_face, frame_rate=FRAME_RATE, size=SIZE)
        rates = {"frame_rate": Fraction(FRAME_RATE), "sampling_rate": voice.SAMPLING_RATE}
        write_mp4(path, frames, sound, size=SIZE, **rates)
