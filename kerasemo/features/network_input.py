"""From the features of one clip to what a network reads; the same in training and in a SavedModel's use."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kerasemo import features
from kerasemo.features.feature_set import FeatureSet
from kerasemo.features.mfcc import pool
from kerasemo.features.segments import segments

_OWN = ("n_frames", "frame_length", "segment_length", "segment_hop")


@dataclass(frozen=True)
class NetworkInput:
    """One named input of a network: which feature set, and how a clip's features become items.

    Args:
        feature_set: what is computed of the file.
        n_frames: for audio: None takes the mean over time, a number the sequence of that length (see `mfcc.pool`).
            Images are items as they are.
        frame_length: makes a clip one item of frames: so many samples of a waveform, or rows of other features, are a
            frame; what is left over at the end is cut. None: see `n_frames`.
        segment_length: makes a clip several items, segments of so many samples of a waveform (see `segments`).
            None: see above.
        segment_hop: from the beginning of one segment to that of the next, samples.
    """

    feature_set: FeatureSet
    n_frames: int | None = None
    frame_length: int | None = None
    segment_length: int | None = None
    segment_hop: int | None = None

    def items(self, clip_features: np.ndarray) -> np.ndarray:
        """A clip's features as items of the network: one for audio, or one a segment, one an image for video.

        Returns:
            `segments x segment_length`; without segments, for audio `1 x coefficients` or `1 x frames x coefficients`,
            for video `images x height x width x channels`, with a frame length of 1 `1 x frames x ...`, with a greater
            one `1 x frames x frame_length x ...`.
        """
        if self.segment_length:
            return np.stack([part for _, part in segments([clip_features], self.segment_length, self.segment_hop)])
        if self.frame_length:
            return self._framed(clip_features)[np.newaxis]
        if self.feature_set.medium == "audio":
            return pool(clip_features, self.n_frames)[np.newaxis]
        return clip_features

    def _framed(self, features: np.ndarray) -> np.ndarray:
        n = len(features) // self.frame_length
        framed = features[: n * self.frame_length].reshape(n, self.frame_length, *features.shape[1:])
        return framed[:, 0] if self.frame_length == 1 else framed

    def read(
        self, path: Path, start_s: float | None = None, end_s: float | None = None, gender: str | None = None
    ) -> np.ndarray:
        """The items of one media file, or of a part of it; see `FeatureSet.extract`.

        Raises:
            BrokenClip: the file cannot be used.
        """
        known = {"gender": gender} if self.feature_set.needs_gender else {}
        return self.items(self.feature_set.extract(path, start_s, end_s, **known))

    def get_config(self) -> dict:
        return {**self.feature_set.get_config(), **{name: getattr(self, name) for name in _OWN}}

    @classmethod
    def from_config(cls, config: dict) -> "NetworkInput":
        """The input that `get_config` describes.

        Raises:
            InputError: unknown feature set or parameter.
        """
        config = dict(config)
        own = {name: config.pop(name) for name in _OWN if name in config}
        return cls(features.from_config(config), **own)
