"""The 68 short-term features of pyAudioAnalysis: 34 of each frame's wave and spectrum, and by how much they changed.

They equal those of pyAudioAnalysis 0.3.14 to 1e-6, its peculiarities included:

- The sound has its mean taken out and is divided by its peak, over the whole clip, so that loudness counts only
  within a clip. There is no window function.
- The spectrum is cut in the middle, without the bin of half the sampling rate. The MFCC filters take its bins as if
  they went up to the whole sampling rate: at 16 kHz the filters, made for 133 to 6398 Hz, lie on 67 to 3199 Hz.
- Of several bins that round to one semitone, chroma takes the last alone, and divides it by the number of bins of
  another semitone. Semitones count from 27.5 Hz; those below lie at the upper end.
- Bins count from 1 for centroid, spread and chroma, from 0 for rolloff. So a tone of 440 Hz is A sharp.
- The first frame has flux 0 and deltas 0. The end of the sound that fills no window is left out.

Source: Giannakopoulos 2015, "pyAudioAnalysis: an open-source Python library for audio signal analysis", PLOS ONE
10(12). At the time of Zhang et al. 2018 the library had no deltas: see `functionals.ShortTermFunctionals`.
"""

import os
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np
import scipy.fft
import soxr

from kerasemo.command_line import option
from kerasemo.errors import BrokenClip, InputError
from kerasemo.features.feature_set import FeatureSet
from kerasemo.features.media import read_audio

__all__ = [
    "ENTROPY_PARTS",
    "LOWEST_PITCH_HZ",
    "LOWEST_RATE",
    "NAMES",
    "N_CHROMA",
    "N_FEATURES",
    "N_MFCC",
    "ROLLOFF",
    "ShortTerm",
    "short_term",
    "shortest_window",
]

N_MFCC, N_CHROMA = 13, 12
_OF_FRAME = (
    *("zcr", "energy", "energy_entropy"),
    *("spectral_centroid", "spectral_spread", "spectral_entropy", "spectral_flux", "spectral_rolloff"),
    *(f"mfcc_{i}" for i in range(1, N_MFCC + 1)),
    *(f"chroma_{i}" for i in range(1, N_CHROMA + 1)),
    "chroma_std",
)
NAMES = (*_OF_FRAME, *(f"delta {name}" for name in _OF_FRAME))
"""The features in their order; chroma begins with A."""
N_FEATURES = len(_OF_FRAME)
"""Features of a frame without the deltas."""

# The MFCC filters lie below it, and do not fit where the sampling rate is less.
LOWEST_RATE = 8000
LOWEST_PITCH_HZ = 27.5
ENTROPY_PARTS = 10
ROLLOFF = 0.9
_PEAK_FLOOR = 1e-10
_EPS = np.finfo(np.float64).eps
# So that memory does not grow with the length, and what is worked on stays in the processor's cache.
_FRAMES_AT_ONCE = 128


@dataclass(frozen=True)
class ShortTerm(FeatureSet):
    """The 68 short-term features of pyAudioAnalysis.

    These are 34 features of each frame and their deltas, in the order of `NAMES` in `kerasemo.features.short_term`.
    Silence also has finite features. The mean of a delta over a clip is only the difference between the last and the
    first frame, divided by the number of frames.

    Windows must be long enough to have more frequency bins than there are semitones, as in pyAudioAnalysis.

    Source: Giannakopoulos 2015.

    Args:
        sampling_rate: sampling rate after resampling, in hertz.
        window_s: length of a frame, in seconds.
        hop_s: step between frames, in seconds.

    Raises:
        InputError: a parameter is out of range.
    """

    name: ClassVar[str] = "short_term"
    medium: ClassVar[str] = "audio"
    version: ClassVar[int] = 1

    sampling_rate: int = option(16_000, min=LOWEST_RATE)
    window_s: float = 0.05
    hop_s: float = 0.025

    def __post_init__(self):
        super().__post_init__()
        shortest = shortest_window(self.sampling_rate)
        if not shortest <= self.window_s * self.sampling_rate < np.inf:
            raise InputError(f"{self.name}: window_s must hold {shortest} samples at least. Received: {self.window_s}")
        if not 1 <= self.hop_s * self.sampling_rate < np.inf:
            raise InputError(f"{self.name}: hop_s must hold a sample. Received: {self.hop_s}")

    def extract(self, path: str | os.PathLike, start_s: float | None = None, end_s: float | None = None) -> np.ndarray:
        """Return the clip's features: float32, `frames x 68`, one frame every `hop_s`; stereo channels are averaged.

        Raises:
            BrokenClip: see `media.read_audio`; or shorter than one window.
        """
        samples, sampling_rate = read_audio(path, start_s, end_s)
        samples = soxr.resample(samples, sampling_rate, self.sampling_rate, quality="HQ")
        window, hop = round(self.window_s * self.sampling_rate), round(self.hop_s * self.sampling_rate)
        if len(samples) < window:
            raise BrokenClip(
                f"{path} is too short for {self.name}: {len(samples)} samples at {self.sampling_rate} Hz, "
                f"and a window takes {window}."
            )
        return short_term(samples, self.sampling_rate, window, hop).astype(np.float32)


def short_term(samples: np.ndarray, sampling_rate: int, window: int, hop: int) -> np.ndarray:
    """Compute the features of a sound.

    The result is the transpose of `pyAudioAnalysis.ShortTermFeatures.feature_extraction` for the same sound as 16-bit
    integers.

    Args:
        samples: mono, in [-1, 1], at least one window.
        sampling_rate: in hertz, at least `LOWEST_RATE`.
        window: length of a frame in samples, at least `shortest_window`.
        hop: step between frames, in samples.

    Returns:
        float64, `(1 + (samples - window) // hop) x 68`, finite; the columns are `NAMES`.

    Example:
        >>> tone = np.sin(2 * np.pi * 440 * np.arange(1600) / 16_000)
        >>> features = short_term(tone, 16_000, window=800, hop=400)
        >>> features.shape, dict(zip(NAMES, features[0].round(3).tolist()))["energy"]
        ((3, 68), 0.5)
    """
    wave = samples.astype(np.float64)
    wave -= wave.mean()
    wave /= np.abs(wave).max() + _PEAK_FLOOR
    frames = np.lib.stride_tricks.sliding_window_view(wave, window)[::hop]
    features = np.zeros((len(frames), len(NAMES)))
    of_frame, deltas = np.split(features, 2, axis=1)
    for start in range(0, len(frames), _FRAMES_AT_ONCE):
        # Flux looks at the frame before.
        before = min(start, 1)
        block = frames[start - before : start + _FRAMES_AT_ONCE]
        of_block = np.concatenate([_of_wave(block), _of_spectrum(block, sampling_rate)], axis=1)
        of_frame[start : start + _FRAMES_AT_ONCE] = of_block[before:]
    deltas[1:] = np.diff(of_frame, axis=0)
    return features


def shortest_window(sampling_rate: int) -> int:
    """Return the length of the shortest window with more bins than semitones below half the sampling rate.

    Args:
        sampling_rate: in hertz.

    Example:
        >>> shortest_window(16_000)
        198
    """
    return 2 * (int(np.round(12 * np.log2(sampling_rate / 2 / LOWEST_PITCH_HZ))) + 1)


def _of_wave(frames: np.ndarray) -> np.ndarray:
    """Zero crossing rate, energy and its entropy, `frames x 3`."""
    length = frames.shape[1]
    crossings = np.abs(np.diff(np.sign(frames), axis=1)).sum(axis=1) / 2
    powers = frames**2
    energies = powers.sum(axis=1)
    return np.stack([crossings / (length - 1), energies / length, _entropies(powers, energies)], axis=1)


def _of_spectrum(frames: np.ndarray, sampling_rate: int) -> np.ndarray:
    """From the centroid to the deviation of chroma, `frames x 31`."""
    n_bins = frames.shape[1] // 2
    magnitudes = np.abs(scipy.fft.rfft(frames, axis=1)[:, :n_bins]) / n_bins
    powers = magnitudes**2
    energies = powers.sum(axis=1)
    mels = np.log10(magnitudes @ _mel_filters(n_bins, sampling_rate) + _EPS)
    mfccs = scipy.fft.dct(mels, type=2, norm="ortho", axis=1)[:, :N_MFCC]
    chroma = powers @ _chroma_bins(n_bins, sampling_rate) / np.where(energies == 0, _EPS, energies)[:, np.newaxis]
    single = (
        *_centroids_and_spreads(magnitudes),
        _entropies(powers, energies),
        _fluxes(magnitudes),
        _rolloffs(powers, energies),
    )
    return np.concatenate([np.stack(single, axis=1), mfccs, chroma, chroma.std(axis=1, keepdims=True)], axis=1)


def _entropies(powers: np.ndarray, energies: np.ndarray) -> np.ndarray:
    """Of the energy's shares in ten equal parts of each row, bits; what is left over at the end counts in the sum."""
    length = powers.shape[1] // ENTROPY_PARTS
    parts = powers[:, : ENTROPY_PARTS * length].reshape(len(powers), ENTROPY_PARTS, length).sum(axis=2)
    shares = parts / (energies + _EPS)[:, np.newaxis]
    return -(shares * np.log2(shares + _EPS)).sum(axis=1)


def _centroids_and_spreads(magnitudes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation of the frequency, as shares of half the sampling rate."""
    n_bins = magnitudes.shape[1]
    positions = np.arange(1, n_bins + 1) / n_bins
    peaks = magnitudes.max(axis=1, keepdims=True)
    weights = magnitudes / np.where(peaks == 0, 1, peaks)
    totals = weights.sum(axis=1) + _EPS
    centroids = weights @ positions / totals
    spreads = np.einsum("ij,ij->i", (positions - centroids[:, np.newaxis]) ** 2, weights) / totals
    return centroids, np.sqrt(spreads)


def _fluxes(magnitudes: np.ndarray) -> np.ndarray:
    """Squared distance of each spectrum from the one before, each divided by its sum; 0 for the first."""
    shares = magnitudes / (magnitudes + _EPS).sum(axis=1, keepdims=True)
    return np.concatenate([[0.0], (np.diff(shares, axis=0) ** 2).sum(axis=1)])


def _rolloffs(powers: np.ndarray, energies: np.ndarray) -> np.ndarray:
    """The share of the bins below which 90 % of the energy lie."""
    above = np.cumsum(powers, axis=1) + _EPS > ROLLOFF * energies[:, np.newaxis]
    return above.argmax(axis=1) / powers.shape[1]


@lru_cache
def _mel_filters(n_bins: int, sampling_rate: int) -> np.ndarray:
    """40 triangles of equal area, `bins x filters`: 13 in steps of 67 Hz, then 27 in steps of 1.07 times."""
    linear = 133.33 + np.arange(13) * 200 / 3
    corners = np.concatenate([linear, linear[-1] * 1.0711703 ** np.arange(1, 30)])
    low, centre, high = corners[:-2], corners[1:-1], corners[2:]
    frequencies = (np.arange(n_bins) / n_bins * sampling_rate)[:, np.newaxis]
    rise, fall = (frequencies - low) / (centre - low), (high - frequencies) / (high - centre)
    return np.maximum(np.minimum(rise, fall), 0) * 2 / (high - low)


@lru_cache
def _chroma_bins(n_bins: int, sampling_rate: int) -> np.ndarray:
    """By how much each bin's power counts in each of the twelve classes, `bins x 12`."""
    frequencies = np.arange(1, n_bins + 1) * sampling_rate / (2 * n_bins)
    semitones = np.round(12 * np.log2(frequencies / LOWEST_PITCH_HZ)).astype(int)
    _, which, counts = np.unique(semitones, return_inverse=True, return_counts=True)
    divisors = counts[which][semitones]
    bin_of = np.full(n_bins, -1)
    bin_of[semitones] = np.arange(n_bins)  # the last bin of a semitone stays
    taken = np.flatnonzero(bin_of >= 0)
    weights = np.zeros((n_bins, N_CHROMA))
    weights[bin_of[taken], taken % N_CHROMA] = 1 / divisors[taken]
    return weights
