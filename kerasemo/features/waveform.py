"""Raw sound with mean 0 and standard deviation 1."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import soxr

from kerasemo.command_line import option
from kerasemo.errors import BrokenClip, InputError
from kerasemo.features.feature_set import FeatureSet
from kerasemo.features.media import read_audio, read_blocks

__all__ = ["CHANNELS", "Waveform"]

CHANNELS = {"female": 0, "male": 1}
"""Speaker's gender -> channel of a dialogue recorded in stereo, as IEMOCAP is."""


@dataclass(frozen=True)
class Waveform(FeatureSet):
    """The standardised samples of a clip's sound.

    Sound is cut after the first seconds, and has mean 0 and standard deviation 1. If a model predicts the gender, or is
    used without knowing it, choose `mean` as the channel: a channel that depends on the gender would reveal it.

    Source: Chae et al. 2018. Their code divides by the variance instead of the standard deviation, which makes quiet
    clips loud and loud clips quiet; `variance` as the scale reproduces this.

    Args:
        sampling_rate: sampling rate after resampling, in hertz.
        longest_s: maximum length in seconds; longer clips are cut, shorter clips keep their length.
        channel: channel of stereo sound. `speaker` takes the left channel for women and the right one for men, as in
            IEMOCAP, or the mean if the gender is not known; `mean` takes the mean of both channels.
        scale: whether samples are divided by their standard `deviation` or by their `variance`.

    Raises:
        InputError: a parameter is out of range.
    """

    name: ClassVar[str] = "waveform"
    medium: ClassVar[str] = "audio"
    version: ClassVar[int] = 1
    needs_gender: ClassVar[bool] = True

    sampling_rate: int = option(16_000, min=1)
    longest_s: float = 6.0
    channel: Literal["speaker", "mean"] = "speaker"
    scale: Literal["deviation", "variance"] = "deviation"

    def __post_init__(self):
        super().__post_init__()
        if not 1 <= self.longest_s * self.sampling_rate < np.inf:
            raise InputError(f"{self.name}: longest_s must hold a sample. Received: {self.longest_s}")

    def extract(
        self,
        path: str | os.PathLike,
        start_s: float | None = None,
        end_s: float | None = None,
        gender: str | None = None,
    ) -> np.ndarray:
        """Return the clip's sound: float32, `samples`, at most `longest_s`.

        Args:
            gender: gender of the speaker, `female` or `male`; `None`: not known.

        Raises:
            BrokenClip: see `media.read_audio`; or too short to resample; or all samples are equal, as in silence.
        """
        channel = self._channel(gender)
        samples, sampling_rate = read_audio(path, start_s, end_s, channel)
        samples = soxr.resample(samples, sampling_rate, self.sampling_rate, quality="HQ")
        samples = samples[: round(self.longest_s * self.sampling_rate)]
        if not len(samples):
            raise BrokenClip(f"{path} is too short: it holds no sample at {self.sampling_rate} Hz.")
        standardised = self.standardise(samples)
        if standardised is None:
            raise BrokenClip(
                f"{path} is silent{'' if channel is None else f' in the channel of the {gender} speaker'}."
            )
        return standardised

    def read_blocks(
        self,
        path: str | os.PathLike,
        start_s: float | None = None,
        end_s: float | None = None,
        gender: str | None = None,
    ) -> Iterator[np.ndarray]:
        """Yield the sound of a recording of any length in blocks: resampled, but not standardised.

        Args:
            path, start_s, end_s, gender: as in `extract`.

        Yields:
            Float32, `samples`.

        Raises:
            BrokenClip: see `media.read_blocks`.
        """
        stream = None
        for samples, sampling_rate in read_blocks(path, start_s, end_s, self._channel(gender)):
            if stream is None:
                stream = soxr.ResampleStream(sampling_rate, self.sampling_rate, 1, quality="HQ")
            yield stream.resample_chunk(samples)
        yield stream.resample_chunk(np.empty(0, np.float32), last=True)

    def standardise(self, samples: np.ndarray) -> np.ndarray | None:
        """Return float32 samples with mean 0, divided as `scale` says; None if all are equal, as in silence.

        Args:
            samples: samples of one channel.
        """
        if np.ptp(samples) == 0:
            return None
        samples = samples.astype(np.float64)
        samples -= samples.mean()
        samples /= samples.std() if self.scale == "deviation" else samples.var()
        return samples.astype(np.float32)

    def _channel(self, gender: str | None) -> int | None:
        return CHANNELS.get(gender) if self.channel == "speaker" else None
