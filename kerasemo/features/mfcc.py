"""Mel-frequency cepstral coefficients."""

import os
import warnings
from dataclasses import dataclass
from typing import ClassVar, Literal

import librosa
import numpy as np

from kerasemo.command_line import option
from kerasemo.errors import BrokenClip, InputError
from kerasemo.features.feature_set import FeatureSet
from kerasemo.features.media import read_audio

__all__ = ["N_MELS", "Mfcc", "Resampler", "pool"]

Resampler = Literal["kaiser_best", "soxr_hq"]
N_MELS = 128


@dataclass(frozen=True)
class Mfcc(FeatureSet):
    """Mel-frequency cepstral coefficients of librosa.

    The values are identical to those of `librosa.load(res_type=resampler)` and `librosa.feature.mfcc`. The last bits
    depend on the number of BLAS threads, as in librosa; `FeatureStore` always uses one thread.

    Source: Goswami et al. 2018 for `kaiser_best` and the first 40 MFCCs; other defaults are those of librosa.

    Args:
        n_mfcc: number of coefficients, at most the number of mel bands.
        sampling_rate: sampling rate after resampling, in hertz.
        resampler: `kaiser_best`, as in the paper, or `soxr_hq`, which is several times faster.
        n_fft: length of a window, in samples.
        hop_length: step between frames, in samples.

    Raises:
        InputError: a parameter is out of range.
    """

    name: ClassVar[str] = "mfcc"
    medium: ClassVar[str] = "audio"
    version: ClassVar[int] = 1

    n_mfcc: int = option(40, min=1, max=N_MELS)
    sampling_rate: int = option(22050, min=1)
    resampler: Resampler = "kaiser_best"
    n_fft: int = option(2048, min=1)
    hop_length: int = option(512, min=1)

    def extract(self, path: str | os.PathLike, start_s: float | None = None, end_s: float | None = None) -> np.ndarray:
        """Return the clip's MFCCs: float32, `frames x n_mfcc`, one frame every `hop_length` samples.

        The sound is padded with half a window of zeros on both sides, so there are `1 + samples // hop_length` frames.

        Raises:
            BrokenClip: see `media.read_audio`; or too short to resample.
        """
        samples, sampling_rate = read_audio(path, start_s, end_s)
        if len(samples) * self.sampling_rate < sampling_rate:
            raise BrokenClip(f"{path} is too short: {len(samples)} samples at {sampling_rate} Hz.")
        samples = librosa.resample(
            samples, orig_sr=sampling_rate, target_sr=self.sampling_rate, res_type=self.resampler
        )
        with warnings.catch_warnings():
            # A clip may be shorter than a window: the padding fills the window.
            warnings.filterwarnings("ignore", message="n_fft=.* is too large for input signal")
            mfcc = librosa.feature.mfcc(
                y=samples,
                sr=self.sampling_rate,
                n_mfcc=self.n_mfcc,
                n_mels=N_MELS,
                n_fft=self.n_fft,
                hop_length=self.hop_length,
            )
        return np.ascontiguousarray(mfcc.T)


def pool(mfcc: np.ndarray, n_frames: int | None = None) -> np.ndarray:
    """Make the MFCCs of clips of any length the same shape.

    Args:
        mfcc: `frames x n_mfcc`.
        n_frames: `None`: the mean over time. Otherwise the first `n_frames` frames; in shorter clips the last frame is
            repeated, which adds silence if the clip ends in silence, and no new values otherwise.

    Returns:
        `n_mfcc`, or `n_frames x n_mfcc`, of the type of `mfcc`.

    Raises:
        InputError: `n_frames` is below 1, or `mfcc` has no frame.

    Example:
        >>> mfcc = np.array([[1.0, 4.0], [3.0, 8.0]])
        >>> pool(mfcc)
        array([2., 6.])
        >>> pool(mfcc, n_frames=3)
        array([[1., 4.], [3., 8.], [3., 8.]])
    """
    if len(mfcc) == 0:
        raise InputError("pool: the MFCCs have no frame; give at least one.")
    if n_frames is None:
        return mfcc.mean(axis=0)
    if n_frames < 1:
        raise InputError(f"pool: n_frames must be at least 1. Received: {n_frames}")
    return mfcc[np.minimum(np.arange(n_frames), len(mfcc) - 1)]
