"""Random changes of sound and spectrograms during training (data augmentation), drawn again at each step.

Each layer stores the state of its random numbers, a seed and a count of draws, in a variable. The variable is part of
every checkpoint, so resumed training makes the same changes as uninterrupted training. Outside training the layers do
nothing.
"""

from collections.abc import Sequence
from fractions import Fraction

import keras
import numpy as np
import scipy.signal
import tensorflow as tf
from keras import ops

__all__ = ["Augmentation", "NoisePerturbation", "SpecAugment", "SpeedPerturbation"]


class Augmentation(keras.layers.Layer):
    """Base class of layers that change their inputs during training and keep their shape and type.

    Args:
        seed: seed of the random changes; None: drawn from the generator that `keras.utils.set_random_seed` sets.
    """

    def __init__(self, seed: int | None = None, **kwargs):
        super().__init__(autocast=False, **kwargs)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, inputs, training=None):
        return ops.cast(self.changed(inputs), inputs.dtype) if training else inputs

    def changed(self, inputs):
        """Return the changed inputs, of the same shape, for training.

        Args:
            inputs: what the layer receives, `batch x ...`.
        """
        raise NotImplementedError

    def compute_output_spec(self, inputs, training=None):
        return keras.KerasTensor(inputs.shape, dtype=inputs.dtype)

    def get_config(self) -> dict:
        return {**super().get_config(), "seed": self.seed}


@keras.saving.register_keras_serializable("kerasemo")
class SpecAugment(Augmentation):
    """Masks some bands and some frames of a spectrogram: replaces them with the mean of the spectrogram.

    The width of each mask is drawn at random, from 0 to its limit. Masks may overlap, and differ from clip to clip.
    Time warping is left out, because the authors found that it helps little.

    Source: Park et al. 2019, "SpecAugment: a simple data augmentation method for automatic speech recognition",
    Interspeech, section 2. The defaults are the mild policy for telephone speech (SM, table 1).

    Args:
        band_masks: number of band masks.
        bands: maximum number of bands that one mask hides (F).
        frame_masks: number of frame masks.
        frames: maximum number of frames that one mask hides (T).
        share: maximum share of a clip's frames that one mask hides (p), 0..1.
        seed: see `Augmentation`.

    Input and output: `batch x frames x mels x channels`.

    Raises:
        ValueError: A number is negative, or the share is not within 0..1.
    """

    def __init__(
        self,
        band_masks: int = 2,
        bands: int = 15,
        frame_masks: int = 2,
        frames: int = 70,
        share: float = 0.2,
        seed: int | None = None,
        **kwargs,
    ):
        super().__init__(seed, **kwargs)
        if min(band_masks, bands, frame_masks, frames) < 0 or not 0 <= share <= 1:
            raise ValueError(
                "SpecAugment needs numbers of 0 or more and a share within 0..1. Received: "
                f"{band_masks=}, {bands=}, {frame_masks=}, {frames=}, {share=}"
            )
        self.band_masks, self.bands, self.frame_masks = band_masks, bands, frame_masks
        self.frames, self.share = frames, share

    def changed(self, inputs):
        _, n_frames, n_bands, _ = ops.shape(inputs)
        frames_of_share = ops.floor(self.share * ops.cast(n_frames, "float32"))
        hidden_frames = self._hidden(inputs, n_frames, self.frame_masks, ops.minimum(frames_of_share, self.frames))
        hidden_bands = self._hidden(inputs, n_bands, self.band_masks, ops.cast(self.bands, "float32"))
        hidden = ops.logical_or(hidden_frames[:, :, None], hidden_bands[:, None])
        mean = ops.mean(ops.cast(inputs, "float32"), axis=(1, 2, 3), keepdims=True)
        return ops.where(hidden[..., None], ops.cast(mean, inputs.dtype), inputs)

    def _hidden(self, inputs, size, masks: int, max_width):
        """Draw masks along one axis and return which positions they hide, `batch x size`."""
        shape, size = (ops.shape(inputs)[0], masks), ops.cast(size, "float32")
        widths = ops.floor(keras.random.uniform(shape, seed=self.seed_generator) * (ops.minimum(max_width, size) + 1))
        starts = ops.floor(keras.random.uniform(shape, seed=self.seed_generator) * (size - widths))
        position = ops.arange(size)
        return ops.any((starts[..., None] <= position) & (position < (starts + widths)[..., None]), axis=1)

    def get_config(self) -> dict:
        names = ("band_masks", "bands", "frame_masks", "frames", "share")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


@keras.saving.register_keras_serializable("kerasemo")
class SpeedPerturbation(Augmentation):
    """Plays each clip at a random speed out of a list: tempo and pitch change together, as when a tape runs faster.

    The number of samples stays the same: the end is cut off at a lower speed, and zeros are appended at a higher one.
    The sound is resampled with a windowed sinc filter; the result equals that of `scipy.signal.resample_poly`.

    Source: Ko, Peddinti, Povey and Khudanpur 2015, "Audio augmentation for speech recognition", Interspeech.

    Args:
        speeds: speeds with at most two decimals, all equally likely; 1 leaves the clip unchanged.
        seed: see `Augmentation`.

    Input and output: `batch x samples`.

    Raises:
        ValueError: There is no speed, or a speed is not above 0 or has more than two decimals.
    """

    def __init__(self, speeds: Sequence[float] = (0.9, 1.0, 1.1), seed: int | None = None, **kwargs):
        super().__init__(seed, **kwargs)
        if not speeds or any(speed <= 0 or round(speed, 2) != speed for speed in speeds):
            raise ValueError(f"SpeedPerturbation needs speeds above 0 with at most two decimals. Received: {speeds=}")
        self.speeds = tuple(speeds)
        ratios = [Fraction(round(100 * speed), 100) for speed in speeds]
        self._filters = [None if ratio == 1 else _Polyphase(ratio) for ratio in ratios]

    def changed(self, inputs):
        x = ops.cast(inputs, "float32")
        resampled = ops.stack([resample(x) if resample else x for resample in self._filters], axis=1)
        numbers = keras.random.randint((ops.shape(x)[0],), 0, len(self.speeds), seed=self.seed_generator)
        return ops.take_along_axis(resampled, numbers[:, None, None], axis=1)[:, 0]

    def get_config(self) -> dict:
        return {**super().get_config(), "speeds": self.speeds}


@keras.saving.register_keras_serializable("kerasemo")
class NoisePerturbation(Augmentation):
    """Adds white noise to each clip, at a signal-to-noise ratio that is drawn for the clip.

    A silent clip stays silent.

    Args:
        least_db: the lowest signal-to-noise ratio, dB.
        most_db: the highest signal-to-noise ratio, dB.
        seed: see `Augmentation`.

    Input and output: `batch x samples`.

    Raises:
        ValueError: The lowest ratio is above the highest.
    """

    def __init__(self, least_db: float = 10.0, most_db: float = 30.0, seed: int | None = None, **kwargs):
        super().__init__(seed, **kwargs)
        if not least_db <= most_db:
            raise ValueError(f"NoisePerturbation: least_db is above most_db. Received: {least_db=}, {most_db=}")
        self.least_db, self.most_db = least_db, most_db

    def changed(self, inputs):
        x = ops.cast(inputs, "float32")
        noise = keras.random.normal(ops.shape(x), seed=self.seed_generator)
        ratio_db = keras.random.uniform((ops.shape(x)[0], 1), self.least_db, self.most_db, seed=self.seed_generator)
        clip_power, noise_power = (ops.mean(ops.square(sound), axis=1, keepdims=True) for sound in (x, noise))
        return x + noise * ops.sqrt(clip_power / noise_power * 10 ** (-ratio_db / 10))

    def get_config(self) -> dict:
        return {**super().get_config(), "least_db": self.least_db, "most_db": self.most_db}


class _Polyphase:
    """The filter of `scipy.signal.resample_poly`, implemented as a convolution.

    At a speed of `down / up`, output `up * q + r` is the output of filter r of the convolution at `down * q`.
    """

    def __init__(self, speed: Fraction):
        self.up, self.down = speed.denominator, speed.numerator
        half = 10 * max(self.up, self.down)
        impulse = self.up * scipy.signal.firwin(2 * half + 1, 1 / max(self.up, self.down), window=("kaiser", 5.0))
        self.back = half // self.up
        taps = np.arange(-self.back, (half + (self.up - 1) * self.down) // self.up + 1)
        index = half + self.down * np.arange(self.up) - self.up * taps[:, np.newaxis]
        kernel = np.where((index >= 0) & (index <= 2 * half), impulse[np.clip(index, 0, 2 * half)], 0)
        self.kernel = kernel[:, np.newaxis].astype("float32")  # taps x 1 x up

    def __call__(self, x):
        """Resample clips, `batch x samples`, to the speed, and keep the number of samples."""
        samples = tf.shape(x)[1]
        read = self.down * (-(-samples // self.up) - 1) + len(self.kernel) - self.back
        padded = tf.pad(x, [(0, 0), (self.back, tf.maximum(read - samples, 0))])
        phases = tf.nn.conv1d(padded[..., tf.newaxis], self.kernel, stride=self.down, padding="VALID")
        return tf.reshape(phases, [tf.shape(x)[0], -1])[:, :samples]
