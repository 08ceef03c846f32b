"""A synthetic voice: glottal pulses and breath through the formants of a vowel sequence (source and filter)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.signal import lfilter, sosfilt

from kerasemo.corpora.synthetic.prosody import Prosody, prosody_of

__all__ = [
    "LONGEST_S",
    "SAMPLING_RATE",
    "SHORTEST_S",
    "SILENCE_S",
    "VOWELS",
    "Speaker",
    "draw_speaker",
    "loudness",
    "speak",
]

SAMPLING_RATE = 48_000

SILENCE_S = 0.3
"""Silence before the voice in seconds, and minimum silence after it."""

SHORTEST_S, LONGEST_S = 2.5, 3.5

# First and second formant of a male adult, Hz (Peterson & Barney 1952, Table II); `@` is the neutral vowel.
VOWELS = {
    "i": (270, 2290),
    "I": (390, 1990),
    "e": (530, 1840),
    "a": (730, 1090),
    "o": (570, 840),
    "u": (300, 870),
    "@": (500, 1500),
}

_UPPER_FORMANTS_HZ = (2500, 3500, 4500)
_BANDWIDTHS_HZ = (70, 90, 130, 200, 280)
_NASAL_POLE_HZ = 270
_NASAL_ZERO_SHIFT_HZ = 350
_NASAL_BANDWIDTH_HZ = 80
_CORNER_HZ = 900
_LEVEL_DB = -29
_BLOCK = SAMPLING_RATE // 100
_MELODY = (0, 2, 4, 2, 5, 4, 0)


@dataclass(frozen=True)
class Speaker:
    """A person's plain voice.

    Attributes:
        pitch_hz: mean pitch.
        formants: factor on all formants (1 for a male vocal tract of mean length).
        level_db: habitual loudness against others, dB.
        tension: octaves by which the source's corner frequency lies above others'.
        jitter: relative change of the pitch within few periods.
    """

    pitch_hz: float
    formants: float
    level_db: float
    tension: float
    jitter: float


def draw_speaker(gender: str, rng: np.random.Generator) -> Speaker:
    """Return the plain voice of a speaker whom the random numbers choose.

    Args:
        gender: `female` or `male`.
        rng: the random numbers.
    """
    pitch_hz, formants = (205, 1.16) if gender == "female" else (118, 1.0)
    return Speaker(
        pitch_hz=pitch_hz * 2 ** rng.uniform(-0.2, 0.2),
        formants=formants * 2 ** rng.uniform(-0.05, 0.05),
        level_db=rng.uniform(-1.5, 1.5),
        tension=rng.uniform(-0.2, 0.2),
        jitter=rng.uniform(0.004, 0.012),
    )


def speak(
    emotion: str | None,
    intensity: int,
    speaker: Speaker,
    vowels: Sequence[str],
    rng: np.random.Generator,
    *,
    sung: bool = False,
) -> np.ndarray:
    """Say or sing a sequence of vowels.

    The length of the clip does not depend on the emotion: a faster rendition is followed by more silence.

    Args:
        emotion: a key of `prosody.PROSODIES`, or None for the blank rendition.
        intensity: 1 normal, 2 strong.
        speaker: the speaker.
        vowels: keys of `VOWELS`, one per syllable.
        rng: random generator of this rendition.
        sung: whether to sing one note of a melody per syllable.

    Returns:
        Sound at 48 kHz, `samples`, -1 to 1, 2.5 to 3.5 s long.
    """
    prosody = prosody_of(emotion, intensity)
    samples = round(rng.uniform(SHORTEST_S, LONGEST_S) * SAMPLING_RATE)
    silence = round(SILENCE_S * SAMPLING_RATE)
    blocks = int((samples - 2 * silence) / (1 if sung else prosody.tempo)) // _BLOCK

    pitch = _pitch(prosody, speaker, len(vowels), blocks, rng, sung)
    envelope = np.repeat(_envelope(len(vowels), blocks, rng, sung), _BLOCK)
    source = _source(pitch, prosody, speaker, rng) * _smooth(envelope)
    voice = _resonate(source, _formants(prosody, speaker, vowels, blocks), prosody.nasal)
    level_db = _LEVEL_DB + speaker.level_db + prosody.level_db + rng.normal(0, 0.7)
    voice *= 10 ** (level_db / 20) / np.sqrt(np.mean(voice**2))

    sound = rng.normal(0, 10 ** (-72 / 20), samples)
    sound[silence : silence + len(voice)] += voice
    return np.clip(sound, -1, 1).astype(np.float32)


def loudness(samples: np.ndarray, frames: int) -> np.ndarray:
    """Return the loudness of a clip during each frame of its video, relative to its loudest frame.

    Args:
        samples: sound, `samples`.
        frames: the number of frames that the clip's length is divided into.

    Returns:
        `frames`, 0 (silence) to 1.
    """
    edges = np.linspace(0, len(samples), frames + 1).astype(int)
    power = np.add.reduceat(samples.astype(float) ** 2, edges[:-1]) / np.diff(edges)
    level = np.sqrt(power)
    return np.clip((level - level.min()) / max(np.ptp(level), 1e-12), 0, 1)


def _pitch(
    prosody: Prosody, speaker: Speaker, syllables: int, blocks: int, rng: np.random.Generator, sung: bool
) -> np.ndarray:
    """Return the pitch per sample in Hz: accent or note per syllable, slope over all of them, trembling and jitter."""
    place = np.linspace(0, syllables, blocks, endpoint=False)
    if sung:
        notes = np.resize(_MELODY, syllables) + 0.15 * prosody.span * rng.normal(size=syllables)
        semitones = prosody.pitch + notes[place.astype(int)]
    else:
        accents = prosody.span * rng.uniform(-0.5, 0.5, syllables)
        semitones = prosody.pitch + np.interp(place, np.arange(syllables) + 0.5, accents)
        semitones += prosody.slope * (place / syllables - 0.5)
    time_s = np.arange(blocks) * _BLOCK / SAMPLING_RATE
    vibrato = 0.35 if sung else 0.0
    semitones += vibrato * np.sin(2 * np.pi * (5.5 * time_s + rng.random()))
    semitones += prosody.tremor * np.sin(2 * np.pi * (9 * time_s + rng.random()))
    pitch = speaker.pitch_hz * 2 ** (semitones / 12) * (1 + speaker.jitter * rng.normal(size=blocks))
    return np.interp(np.arange(blocks * _BLOCK) / _BLOCK, np.arange(blocks), pitch)


def _envelope(syllables: int, blocks: int, rng: np.random.Generator, sung: bool) -> np.ndarray:
    """Amplitude per block, 0 to 1: the voice rises and falls with each syllable, less so in song."""
    within = np.linspace(0, syllables, blocks, endpoint=False) % 1
    dip = 0.5 if sung else 0.9
    bumps = 1 - dip * np.abs(2 * within - 1) ** 4
    stress = np.repeat(rng.uniform(0.75, 1, syllables), -(-blocks // syllables))[:blocks]
    fade = np.minimum(1, np.minimum(np.arange(blocks), np.arange(blocks)[::-1]) / 6)
    return bumps * stress * fade


def _smooth(envelope: np.ndarray) -> np.ndarray:
    """Take the steps between blocks out of an envelope."""
    keep = np.exp(-1 / (0.004 * SAMPLING_RATE))
    return lfilter([1 - keep], [1, -keep], envelope)


def _source(pitch: np.ndarray, prosody: Prosody, speaker: Speaker, rng: np.random.Generator) -> np.ndarray:
    """Glottal flow derivative (Rosenberg pulses) mixed with breath, at the voice's spectral tilt."""
    cycles = np.cumsum(pitch) / SAMPLING_RATE
    period = cycles.astype(int)
    open_phase = np.minimum((cycles - period) / 0.6, 1)
    shimmer = 1 + 0.05 * rng.normal(size=period[-1] + 1)
    flow = open_phase**2 * (1 - open_phase) * shimmer[period]
    corner_hz = _CORNER_HZ * 2 ** (prosody.tension + speaker.tension)
    keep = np.exp(-2 * np.pi * corner_hz / SAMPLING_RATE)
    pulses = lfilter([1 - keep], [1, -keep], np.diff(flow, prepend=0.0))
    noise = lfilter([1.0], [1, -0.7], rng.normal(size=len(pitch)))
    pulses /= np.sqrt(np.mean(pulses**2))
    noise /= np.sqrt(np.mean(noise**2))
    return (1 - prosody.breath) * pulses + 0.3 * prosody.breath * noise


def _formants(prosody: Prosody, speaker: Speaker, vowels: Sequence[str], blocks: int) -> np.ndarray:
    """Formant frequencies in Hz, `blocks x 5`, gliding from vowel to vowel."""
    first, second = np.array([VOWELS[vowel] for vowel in vowels], float).T
    place = np.linspace(0, len(vowels), blocks, endpoint=False)
    # A vowel holds for half of its syllable, the glides take the rest.
    holds = (np.arange(len(vowels))[:, None] + [0.25, 0.75]).ravel()
    tracks = [np.interp(place, holds, np.repeat(formant, 2)) for formant in (first, second)]
    tracks[0] *= 2**prosody.jaw
    tracks[1] *= 2**prosody.lips
    tracks += [np.full(blocks, float(frequency)) for frequency in _UPPER_FORMANTS_HZ]
    return np.stack(tracks, axis=1) * speaker.formants


def _resonate(source: np.ndarray, formants: np.ndarray, nasal: float) -> np.ndarray:
    """Pass the source through resonators in cascade (Klatt 1980) whose frequencies change from block to block."""
    blocks = len(formants)
    sections = np.zeros((blocks, formants.shape[1] + 1, 6))
    for index, bandwidth in enumerate(_BANDWIDTHS_HZ):
        poles = _second_order(formants[:, index], bandwidth)
        sections[:, index, 0] = poles.sum(axis=1)
        sections[:, index, 3:] = poles
    # The nasal pole and zero cancel each other in a voice that is not nasal.
    poles = _second_order(np.full(blocks, _NASAL_POLE_HZ), _NASAL_BANDWIDTH_HZ)
    zeros = _second_order(np.full(blocks, _NASAL_POLE_HZ + nasal * _NASAL_ZERO_SHIFT_HZ), _NASAL_BANDWIDTH_HZ)
    sections[:, -1, :3] = zeros * (poles.sum(axis=1) / zeros.sum(axis=1))[:, None]
    sections[:, -1, 3:] = poles

    voice = np.empty_like(source)
    state = np.zeros((sections.shape[1], 2))
    for block, section in enumerate(sections):
        part = slice(block * _BLOCK, (block + 1) * _BLOCK)
        voice[part], state = sosfilt(section, source[part], zi=state)
    return voice


def _second_order(frequency_hz: np.ndarray, bandwidth_hz: float) -> np.ndarray:
    """Coefficients (1, -2 r cos w, r^2) of a resonance, `blocks x 3`."""
    radius = np.exp(-np.pi * bandwidth_hz / SAMPLING_RATE)
    turn = 2 * np.pi * frequency_hz / SAMPLING_RATE
    return np.stack([np.ones_like(turn), -2 * radius * np.cos(turn), np.full_like(turn, radius**2)], axis=1)
