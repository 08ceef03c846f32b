"""Finds sounds that are one recording in several encodings, by fingerprints of the decoded sound.

Source: Haitsma and Kalker 2002, "A Highly Robust Audio Fingerprinting System", ISMIR. A fingerprint has 32 bits every
11.6 ms: the signs of how the energy changes from band to band and from frame to frame, which encoding, sampling rate
and volume hardly change. Sounds that share all bits of a frame are compared frame by frame at that distance in time.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.fft
import soxr
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

__all__ = [
    "BAND_EDGES",
    "HOP",
    "MAX_ERRORS",
    "MIN_FRAMES",
    "NEIGHBOURS",
    "QUIET",
    "RATE",
    "WINDOW",
    "Fingerprint",
    "errors",
    "fingerprint",
    "same_recordings",
]

RATE = 5512
WINDOW = 2048
HOP = 64
BAND_EDGES = np.round(np.geomspace(300, 2000, 34) / RATE * WINDOW).astype(int)
QUIET = 1e-4
"""Frames with less energy than this share of the loudest frame are not compared; their bits are noise."""
MAX_ERRORS = 0.2
"""Largest share of different bits of one recording. Independent sounds have 0.5. Chosen on 480 recordings of RAVDESS:
encodings down to 24 kbit/s reached 0.14, the most similar takes of a sentence 0.27."""
MIN_FRAMES = 43
"""Frames that two sounds must have in common: half a second."""
NEIGHBOURS = 8
"""Each frame is compared with this many others of the same bits, so that the time grows with the number of frames."""

_BLOCK = 4096


@dataclass(frozen=True)
class Fingerprint:
    """The fingerprint of a sound.

    Attributes:
        bits: uint32, one number per frame.
        loud: whether a frame is loud enough to be compared.
    """

    bits: np.ndarray
    loud: np.ndarray


def fingerprint(blocks: Iterable[tuple[np.ndarray, int]]) -> Fingerprint:
    """Compute the fingerprint of a sound that is read in blocks; it has no frames if the sound is shorter than 0.4 s.

    Args:
        blocks: mono samples, and their sampling rate in hertz, as `features.media.read_blocks` gives them.

    Returns:
        The fingerprint, see `Fingerprint`.
    """
    samples = np.concatenate(list(_resampled(blocks)))
    energies = [np.zeros((0, len(BAND_EDGES) - 1), np.float32)]
    for first in range(0, len(samples) - WINDOW + 1, _BLOCK * HOP):
        part = samples[first : first + (_BLOCK - 1) * HOP + WINDOW]
        frames = np.lib.stride_tricks.sliding_window_view(part, WINDOW)[::HOP] * np.hanning(WINDOW).astype(np.float32)
        spectrum = scipy.fft.rfft(frames, axis=1)[:, BAND_EDGES[0] : BAND_EDGES[-1]]
        energies.append(np.add.reduceat(np.abs(spectrum) ** 2, BAND_EDGES[:-1] - BAND_EDGES[0], axis=1))
    energy = np.concatenate(energies)
    signs = np.diff(np.diff(energy, axis=1), axis=0) > 0
    loudness = energy[1:].sum(axis=1)
    bits = np.packbits(signs, axis=1).view(">u4").astype(np.uint32).reshape(-1)
    return Fingerprint(bits, loudness > QUIET * loudness.max(initial=0.0))


def errors(one: Fingerprint, other: Fingerprint, lag: int) -> float:
    """Return the share of bits in which two sounds differ where they overlap; 1 if they overlap for too short a time.

    Args:
        one, other: the fingerprints.
        lag: frame of `one` minus frame of `other` at the same time.
    """
    begin, end = max(lag, 0), min(len(one.bits), len(other.bits) + lag)
    if end - begin < MIN_FRAMES:
        return 1.0
    loud = one.loud[begin:end] & other.loud[begin - lag : end - lag]
    if np.count_nonzero(loud) < MIN_FRAMES:
        return 1.0
    differing = one.bits[begin:end][loud] ^ other.bits[begin - lag : end - lag][loud]
    return float(np.bitwise_count(differing).mean() / 32)


def same_recordings(fingerprints: Sequence[Fingerprint]) -> np.ndarray:
    """Return a number for each sound; sounds of one recording, or that overlap in one, have the same number.

    Args:
        fingerprints: the fingerprint of each sound.
    """
    owner = np.repeat(np.arange(len(fingerprints)), [np.count_nonzero(each.loud) for each in fingerprints])
    empty = [np.zeros(0, int)]
    bits = np.concatenate([*empty, *(each.bits[each.loud] for each in fingerprints)])
    frame = np.concatenate([*empty, *(np.flatnonzero(each.loud) for each in fingerprints)])
    order, candidates = np.argsort(bits, kind="stable"), []
    for step in range(1, NEIGHBOURS + 1):
        first, second = order[:-step], order[step:]
        equal = (bits[first] == bits[second]) & (owner[first] != owner[second])
        first, second = first[equal], second[equal]
        candidates.append(np.stack([owner[first], owner[second], frame[first] - frame[second]], axis=1))
    pairs = [
        (one, other)
        for one, other, lag in np.unique(np.concatenate(candidates), axis=0)
        if errors(fingerprints[one], fingerprints[other], lag) <= MAX_ERRORS
    ]
    ones, others = np.array(pairs, int).reshape(-1, 2).T
    edges = coo_array((np.ones(len(ones)), (ones, others)), shape=(len(fingerprints),) * 2)
    return connected_components(edges, directed=False)[1]


def _resampled(blocks: Iterable[tuple[np.ndarray, int]]) -> Iterator[np.ndarray]:
    stream = None
    for samples, rate in blocks:
        stream = stream or soxr.ResampleStream(rate, RATE, 1, quality="LQ")
        yield stream.resample_chunk(samples)
    if stream:
        yield stream.resample_chunk(np.zeros(0, np.float32), last=True)
