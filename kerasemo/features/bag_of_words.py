"""Bags of words: how often each word of a codebook occurs in a sliding window of low-level descriptors.

Source: Schmitt, Ringeval and Schuller 2016, "At the Border of Acoustics and Linguistics: Bag-of-Audio-Words for the
Recognition of Emotions in Speech", Interspeech. AVEC 2019: a codebook of 100, one assignment, logarithm, windows of 4 s
every 0.1 s. There, openXBOW draws the codebook from the training frames; here it is learned by k-means.
"""

import json
import os
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

import numpy as np
from scipy.spatial.distance import cdist

from kerasemo.command_line import file, no_option, option
from kerasemo.errors import InputError
from kerasemo.features.egemaps import HOP_S, Egemaps
from kerasemo.features.feature_set import FeatureSet
from kerasemo.features.functionals import STEP_S, WINDOW_S, windows
from kerasemo.features.mfcc import Mfcc
from kerasemo.features.short_term import ShortTerm
from kerasemo.files import whole

__all__ = ["DESCRIPTORS", "SIZE", "BagOfWords", "Codebook", "hop_s"]

SIZE = 100
DESCRIPTORS: dict[str, type[FeatureSet]] = {cls.name: cls for cls in (Mfcc, Egemaps, ShortTerm)}
"""The feature sets that a codebook can be learnt of: frames of sound at a constant rate, see `hop_s`."""


@dataclass(frozen=True)
class Codebook:
    """The words of some low-level descriptors.

    Attributes:
        descriptors: the feature set whose frames are counted.
        mean: mean of each descriptor over the training frames.
        spread: standard deviation of each descriptor over the training frames; 1 where it is 0.
        words: `words x descriptors`, in standardised descriptors.
    """

    descriptors: FeatureSet
    mean: np.ndarray
    spread: np.ndarray
    words: np.ndarray

    @classmethod
    def learn(cls, descriptors: FeatureSet, frames: np.ndarray, size: int = SIZE, seed: int = 0) -> "Codebook":
        """Learn the words: the centres of k-means on the standardised frames.

        Args:
            descriptors: the feature set that the frames are of.
            frames: `frames x descriptors`, the concatenated frames of all training clips, and of no others.
            size: number of words.
            seed: seed of k-means.

        Returns:
            The codebook.

        Raises:
            InputError: there are fewer frames than words.
        """
        # Every worker of the store imports this module; scikit-learn is slow to load, and only needed here.
        from sklearn.cluster import MiniBatchKMeans
        from sklearn.preprocessing import StandardScaler

        if len(frames) < size:
            raise InputError(f"a codebook of {size} words needs at least as many training frames, not {len(frames)}.")
        scaler = StandardScaler().fit(frames.astype(float))
        kmeans = MiniBatchKMeans(size, batch_size=4096, n_init=3, random_state=seed)
        kmeans.fit(scaler.transform(frames.astype(float)))
        return cls(descriptors, scaler.mean_, scaler.scale_, kmeans.cluster_centers_)

    def bags(self, frames: np.ndarray, window_s: float = WINDOW_S, step_s: float = STEP_S) -> np.ndarray:
        """Return log(1 + count) of the nearest words of the frames in each window, see `functionals.windows`.

        Args:
            frames: `frames x descriptors`, of one clip.
            window_s: length of a window, in seconds.
            step_s: step between windows, in seconds.

        Returns:
            float64, `windows x words`.

        Example:
            >>> codebook = Codebook(Mfcc(hop_length=2205), np.zeros(1), np.ones(1), np.array([[0.0], [9.0]]))
            >>> frames = np.array([[0.0], [0.1], [9.0], [9.1]])
            >>> np.expm1(codebook.bags(frames, window_s=0.2)).round().astype(int).tolist()
            [[2, 0], [2, 1], [1, 2], [0, 2]]
        """
        nearest = cdist((frames.astype(float) - self.mean) / self.spread, self.words).argmin(axis=1)
        counted = np.zeros((len(nearest) + 1, len(self.words)), int)
        counted[np.arange(len(nearest)) + 1, nearest] = 1
        counted = counted.cumsum(axis=0)
        first, last = windows(len(nearest), hop_s(self.descriptors), window_s, step_s)
        return np.log1p(counted[last] - counted[first])

    def save(self, path: str | os.PathLike) -> None:
        """Write the codebook as an NPZ file, completely or not at all.

        Args:
            path: the file.
        """
        learnt_of = json.dumps([self.descriptors.get_config(), self.descriptors.version])
        with whole(path) as temporary, temporary.open("wb") as archive:
            np.savez(archive, descriptors=learnt_of, mean=self.mean, spread=self.spread, words=self.words)

    @classmethod
    def load(cls, path: str | os.PathLike) -> "Codebook":
        """Return the codebook in a file that `save` wrote.

        Args:
            path: the file; it is read without pickle.

        Raises:
            InputError: the file is not a codebook, or is one of another version of its descriptors.
        """
        try:
            with np.load(Path(path), allow_pickle=False) as archive:
                config, version = json.loads(str(archive["descriptors"]))
                mean, spread, words = (archive[name] for name in ("mean", "spread", "words"))
            descriptors = DESCRIPTORS[config.pop("feature_set")](**config)
            is_whole = words.ndim == 2 and len(words) and mean.shape == spread.shape == words.shape[1:]
            is_whole = (
                is_whole and all(np.isfinite(array).all() for array in (mean, spread, words)) and (spread > 0).all()
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError, EOFError, zipfile.BadZipFile, InputError):
            is_whole = False
        if not is_whole:
            raise InputError(f"{path} is not a codebook written by `kerasemo codebook`; learn it again.")
        if version != descriptors.version:
            raise InputError(f"{path} was learnt with another version of {descriptors.name}; learn it again.")
        return cls(descriptors, mean, spread, words)


@dataclass(frozen=True)
class BagOfWords(FeatureSet):
    """Counts of the words of a codebook in windows of sound.

    `kerasemo codebook` learns the codebook on training clips, and its file says which descriptors are counted. The
    values are log(1 + count).

    Args:
        codebook: `.npz` file written by `kerasemo codebook`.
        window_s: length of a window, in seconds.
        step_s: step between windows, in seconds.
        digest: expected digest of `codebook` (blake2b, 20 bytes in hex); computed by default.

    Raises:
        InputError: the file is missing or is not a codebook, or a parameter is out of range.
    """

    name: ClassVar[str] = "bag_of_words"
    medium: ClassVar[str] = "audio"
    version: ClassVar[int] = 1
    files: ClassVar[Mapping[str, str]] = {"codebook": "digest"}

    codebook: str = file(required=True)
    window_s: float = option(WINDOW_S, above=0)
    step_s: float = option(STEP_S, above=0)
    digest: str = no_option("")

    def __post_init__(self):
        super().__post_init__()
        if self.codebook:
            Codebook.load(self.codebook)
            self._settle_file("codebook")

    def extract(self, path: str | os.PathLike, start_s: float | None = None, end_s: float | None = None) -> np.ndarray:
        """Return the clip's bags: float32, `windows x words`.

        Raises:
            BrokenClip: as the descriptors.
        """
        codebook = _loaded(self.codebook, self.digest)
        frames = codebook.descriptors.extract(path, start_s, end_s)
        return codebook.bags(frames, self.window_s, self.step_s).astype(np.float32)


def hop_s(descriptors: FeatureSet) -> float:
    """Return the step between frames of one of `DESCRIPTORS`, in seconds.

    Args:
        descriptors: the feature set.
    """
    if isinstance(descriptors, Mfcc):
        return descriptors.hop_length / descriptors.sampling_rate
    return HOP_S if isinstance(descriptors, Egemaps) else descriptors.hop_s


@lru_cache(maxsize=4)
def _loaded(path: str, digest: str) -> Codebook:
    return Codebook.load(path)
