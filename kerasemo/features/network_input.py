"""Convert the features of one clip to the input of a network, both in training and in a SavedModel."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kerasemo import features
from kerasemo.features.feature_set import FeatureSet
from kerasemo.features.mfcc import pool
from kerasemo.features.segments import segments

__all__ = ["NetworkInput"]

_OWN = ("n_frames", "frame_length", "segment_length", "segment_hop")


@dataclass(frozen=True)
class NetworkInput:
    """One named input of a network: a feature set, and the conversion of a clip's features to items.

    Args:
        feature_set: the feature set to compute.
        n_frames: for rows of features, the length of the sequence; None: the mean over time (see `mfcc.pool`). Images
            are used without change.
        frame_length: if given, a clip is one item that is divided into frames of this many samples of a waveform, or
            rows of other features; the remainder is cut. None: see `n_frames`.
        segment_length: if given, a clip is divided into several items of this many samples (see `segments`). None: see
            above.
        segment_hop: step between segments, in samples.
    """

    feature_set: FeatureSet
    n_frames: int | None = None
    frame_length: int | None = None
    segment_length: int | None = None
    segment_hop: int | None = None

    def items(self, clip_features: np.ndarray) -> np.ndarray:
        """Return a clip's features as items: one for rows of features, one per segment, or one per image of a video.

        Args:
            clip_features: what the feature set returned for the clip.

        Returns:
            `segments x segment_length`; without segments, for rows of features `1 x features` or `1 x frames x
            features`, for images `images x height x width x channels`, with a frame length of 1 `1 x frames x ...`,
            with a greater one `1 x frames x frame_length x ...`.
        """
        if self.segment_length:
            return np.stack([part for _, part in segments([clip_features], self.segment_length, self.segment_hop)])
        if self.frame_length:
            return self._framed(clip_features)[np.newaxis]
        return pool(clip_features, self.n_frames)[np.newaxis] if clip_features.ndim <= 2 else clip_features

    def _framed(self, features: np.ndarray) -> np.ndarray:
        n = len(features) // self.frame_length
        framed = features[: n * self.frame_length].reshape(n, self.frame_length, *features.shape[1:])
        return framed[:, 0] if self.frame_length == 1 else framed

    def read(
        self, path: Path, start_s: float | None = None, end_s: float | None = None, gender: str | None = None
    ) -> np.ndarray:
        """Return the items of one media file, or of a part of it; see `FeatureSet.extract`.

        Args:
            path: the media file.
            start_s: start of the part, in seconds; None: the start of the file.
            end_s: end of the part, in seconds; None: the end of the file.
            gender: gender of the speaker, `female` or `male`; None: not known.

        Raises:
            BrokenClip: the file cannot be used.
        """
        known = {"gender": gender} if self.feature_set.needs_gender else {}
        return self.items(self.feature_set.extract(path, start_s, end_s, **known))

    def get_config(self) -> dict:
        """Return feature set and parameters as values that JSON can represent, for `from_config`."""
        return {**self.feature_set.get_config(), **{name: getattr(self, name) for name in _OWN}}

    @classmethod
    def from_config(cls, config: dict) -> "NetworkInput":
        """Return the input that `get_config` describes.

        Args:
            config: name and parameters of the feature set, and fields of this class.

        Raises:
            InputError: unknown feature set or parameter.
        """
        config = dict(config)
        own = {name: config.pop(name) for name in _OWN if name in config}
        return cls(features.from_config(config), **own)
