"""Functionals: mean and standard deviation of descriptors over a sliding window.

Source: Ringeval et al. 2019 (AVEC 2019, the `_functionals` sets): windows of 4 s, one every 0.1 s.
"""

import os
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from kerasemo.errors import InputError
from kerasemo.features.egemaps import HOP_S, Egemaps
from kerasemo.features.mfcc import Mfcc
from kerasemo.features.short_term import N_FEATURES, ShortTerm

__all__ = [
    "STEP_S",
    "WINDOW_S",
    "EgemapsFunctionals",
    "MfccFunctionals",
    "ShortTermFunctionals",
    "functionals",
    "windows",
]

WINDOW_S = 4.0
STEP_S = 0.1


def windows(
    n_frames: int, hop_s: float, window_s: float = WINDOW_S, step_s: float = STEP_S
) -> tuple[np.ndarray, np.ndarray]:
    """Return where the windows over a recording begin and end.

    Window k is centred on the frame at the time `k * step_s` and extends `window_s / 2` to both sides. Windows are cut
    at the edges of the recording, so that they contain frames but no padding.

    Args:
        n_frames: number of frames of the recording, at least one.
        hop_s: step between frames, in seconds.
        window_s: length of a window, in seconds.
        step_s: step between windows, in seconds.

    Returns:
        Two integer arrays (windows,): the first frame, and the frame after the last one. There are as many windows as
        centres inside the recording.

    Raises:
        InputError: no frame, or a duration that is not above 0.

    >>> windows(n_frames=6, hop_s=0.1, window_s=0.4, step_s=0.2)
    (array([0, 0, 2]), array([3, 5, 6]))
    """
    if n_frames < 1:
        raise InputError("windows: the recording has no frame; give at least one.")
    for name, value in (("hop_s", hop_s), ("window_s", window_s), ("step_s", step_s)):
        if not 0 < value < np.inf:
            raise InputError(f"windows: {name} must be above 0. Received: {value}")
    # Slightly more than the product, because 3 * 0.1 / 0.1 must not be rounded down to 2.
    centres = np.floor(np.arange(np.ceil(n_frames * hop_s / step_s) + 1) * step_s / hop_s + 1e-6).astype(int)
    centres = centres[centres < n_frames]
    half = round(window_s / 2 / hop_s)
    return np.maximum(centres - half, 0), np.minimum(centres + half + 1, n_frames)


def functionals(
    descriptors: np.ndarray, hop_s: float, window_s: float = WINDOW_S, step_s: float = STEP_S
) -> np.ndarray:
    """Compute mean and standard deviation of low-level descriptors over a sliding window (see `windows`).

    Args:
        descriptors: `frames x descriptors`, finite.
        hop_s: step between frames, in seconds.
        window_s: length of a window, in seconds.
        step_s: step between windows, in seconds.

    Returns:
        float64, `windows x 2 descriptors`: all means, then all standard deviations (divided by N).

    Raises:
        InputError: the descriptors are not `frames x descriptors` with at least one frame, or a duration is not
            above 0.

    >>> functionals(np.array([[0.0], [2.0], [4.0], [6.0]]), hop_s=0.1, window_s=0.2, step_s=0.2).round(3)
    array([[1.   , 1.   ],
           [4.   , 1.633]])
    """
    if descriptors.ndim != 2:
        raise InputError(f"functionals: give descriptors as frames x descriptors. Received shape: {descriptors.shape}")
    first, last = windows(len(descriptors), hop_s, window_s, step_s)
    parts = [descriptors[start:stop].astype(float) for start, stop in zip(first, last, strict=True)]
    return np.stack([np.concatenate([part.mean(axis=0), part.std(axis=0)]) for part in parts])


@dataclass(frozen=True)
class MfccFunctionals(Mfcc):
    """Mean and deviation of MFCCs in windows of 4 s.

    There is one row every 0.1 s. See `functionals`.
    """

    name: ClassVar[str] = "mfcc_functionals"

    def extract(self, path: str | os.PathLike, start_s: float | None = None, end_s: float | None = None) -> np.ndarray:
        """Return the clip's features: float32, `windows x 2 n_mfcc`.

        Raises:
            BrokenClip: see `Mfcc.extract`.
        """
        mfcc = super().extract(path, start_s, end_s)
        return functionals(mfcc, self.hop_length / self.sampling_rate).astype(np.float32)


@dataclass(frozen=True)
class EgemapsFunctionals(Egemaps):
    """Mean and deviation of eGeMAPS in windows of 4 s.

    There is one row every 0.1 s. See `functionals`. These are not the 88 functionals that eGeMAPS defines.
    """

    name: ClassVar[str] = "egemaps_functionals"

    def extract(self, path: str | os.PathLike, start_s: float | None = None, end_s: float | None = None) -> np.ndarray:
        """Return the clip's features: float32, `windows x 2 descriptors`.

        Raises:
            BrokenClip: see `Egemaps.extract`.
            InputError: see `Egemaps.extract`.
        """
        return functionals(super().extract(path, start_s, end_s), HOP_S).astype(np.float32)


@dataclass(frozen=True)
class ShortTermFunctionals(ShortTerm):
    """Mean and deviation of short-term features.

    These are the 68 features of pyAudioAnalysis in 2018: the means and the standard deviations (divided by N) of 34
    short-term features. The library called them "mid-term" statistics; here the mid-term window is the whole clip. The
    deltas of `short_term` were added to the library on 2019-12-30.

    Source: Zhang et al. 2018.
    """

    name: ClassVar[str] = "short_term_functionals"

    def extract(self, path: str | os.PathLike, start_s: float | None = None, end_s: float | None = None) -> np.ndarray:
        """Return the clip's features: float32, `1 x 68`, the means, then the standard deviations.

        Raises:
            BrokenClip: see `ShortTerm.extract`.
        """
        features = super().extract(path, start_s, end_s)[:, :N_FEATURES].astype(float)
        return np.concatenate([features.mean(axis=0), features.std(axis=0)])[np.newaxis].astype(np.float32)
