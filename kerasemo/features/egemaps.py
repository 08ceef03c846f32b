"""eGeMAPS low-level descriptors, by openSMILE."""

import os
import sys
import warnings
from contextlib import suppress
from dataclasses import dataclass
from types import ModuleType
from typing import ClassVar, Literal

import numpy as np

from kerasemo.errors import BrokenClip, InputError
from kerasemo.features.feature_set import FeatureSet
from kerasemo.features.media import read_audio

__all__ = ["HOP_S", "Edition", "Egemaps"]

Edition = Literal["eGeMAPSv01a", "eGeMAPSv01b", "eGeMAPSv02"]
# openSMILE's step from frame to frame, and its longest window: of less sound it gives NaN.
HOP_S = 0.01
_WINDOW_S = 0.06


@dataclass(frozen=True)
class Egemaps(FeatureSet):
    """Low-level descriptors of eGeMAPS, by openSMILE.

    They are loudness, spectral slopes, MFCC 1-4, pitch, jitter, shimmer and formants. They need the extra
    `kerasemo[opensmile]`; openSMILE is free for research, but not for commercial use.

    Source: Eyben et al. 2016, "The Geneva Minimalistic Acoustic Parameter Set (GeMAPS) for Voice Research and Affective
    Computing", IEEE Transactions on Affective Computing 7(2).

    Args:
        edition: `eGeMAPSv01a` (23 descriptors, used in AVEC 2019), `eGeMAPSv01b` (23) or `eGeMAPSv02` (25).

    Raises:
        InputError: the edition does not exist.
    """

    name: ClassVar[str] = "egemaps"
    medium: ClassVar[str] = "audio"
    version: ClassVar[int] = 1

    edition: Edition = "eGeMAPSv01a"

    def __post_init__(self):
        super().__post_init__()
        if "tensorflow" not in sys.modules:
            # A SavedModel loads TensorFlow between this and the first clip; see `_import_opensmile`.
            with suppress(InputError):
                _import_opensmile()

    def extract(self, path: str | os.PathLike, start_s: float | None = None, end_s: float | None = None) -> np.ndarray:
        """Return the clip's descriptors: float32, `frames x descriptors`, a frame every `HOP_S`.

        Raises:
            BrokenClip: see `media.read_audio`; or too short for one frame.
            InputError: openSMILE is not installed, or TensorFlow was loaded before it.
        """
        opensmile = _import_opensmile()
        samples, sampling_rate = read_audio(path, start_s, end_s)
        if len(samples) < _WINDOW_S * sampling_rate:
            raise BrokenClip(f"{path} is too short for {self.name}: {len(samples)} samples at {sampling_rate} Hz.")
        with warnings.catch_warnings():
            # The first edition is the one that AVEC 2019 used.
            warnings.filterwarnings("ignore", message="Feature set '.*' is deprecated")
            smile = opensmile.Smile(
                feature_set=opensmile.FeatureSet[self.edition],
                feature_level=opensmile.FeatureLevel.LowLevelDescriptors,
            )
        return np.ascontiguousarray(smile.process_signal(samples, sampling_rate), dtype=np.float32)


def _import_opensmile() -> ModuleType:
    # openSMILE 2.6 after TensorFlow 2.21 ends the process with a segmentation fault; the other way round both work.
    if "tensorflow" in sys.modules and "opensmile" not in sys.modules:
        raise InputError("openSMILE crashes where TensorFlow is loaded already; put `import opensmile` before it.")
    try:
        import opensmile
    except ImportError:
        raise InputError("eGeMAPS need openSMILE; install it with: pip install kerasemo[opensmile]") from None
    return opensmile
