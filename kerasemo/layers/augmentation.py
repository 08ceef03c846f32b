"""What changes sound and spectrograms in training, anew at each step.

The chance is a variable of each layer, a seed and a count of draws. It stands in every checkpoint, so that interrupted
training goes on with the changes that it would have made. Outside training the layers do nothing.
"""

from collections.abc import Sequence
from fractions import Fraction

import keras
import numpy as np
import scipy.signal
import tensorflow as tf
from keras import ops


class Augmentation(keras.layers.Layer):
    """A change in training that keeps shape and type.

    Args:
        seed: of the chance; None: drawn from that of `keras.utils.set_random_seed`.
    """

    def __init__(self, seed: int | None = None, **kwargs):
        super().__init__(autocast=False, **kwargs)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, inputs, training=None):
        return ops.cast(self.changed(inputs), inputs.dtype) if training else inputs

    def changed(self, inputs):
        """What training sees, of the shape of the inputs."""
        raise NotImplementedError

    def compute_output_spec(self, inputs, training=None):
        return keras.KerasTensor(inputs.shape, dtype=inputs.dtype)

    def get_config(self) -> dict:
        return {**super().get_config(), "seed": self.seed}


@keras.saving.register_keras_serializable("kerasemo")
class SpecAugment(Augmentation):
    """Puts a spectrogram's mean in place of some of its bands and of some of its frames.

    Each mask is as wide as drawn, from 0 to its limit, and may overlap with others. Masks differ from clip to clip. The
    warping of time, of which its authors found little use, is left out.

    Source: Park et al. 2019, "SpecAugment: a simple data augmentation method for automatic speech recognition",
    Interspeech, section 2; the defaults are their policy for telephone speech, mild (SM, table 1).

    Args:
        band_masks: how many masks of bands.
        bands: the most that one of them hides (F).
        frame_masks: how many masks of frames.
        frames: the most that one of them hides (T).
        share: the most of a clip's frames that one of them hides (p), 0..1.
        seed: see `Augmentation`.

    Input and output: `batch x frames x mels x channels`.

    Raises:
        ValueError: a number below 0, or a share above 1.
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
                "SpecAugment takes numbers from 0 on and a share up to 1. Received: "
                f"{band_masks=}, {bands=}, {frame_masks=}, {frames=}, {share=}"
            )
        self.band_masks, self.bands, self.frame_masks = band_masks, bands, frame_masks
        self.frames, self.share = frames, share

    def changed(self, inputs):
        _, n_frames, n_bands, _ = ops.shape(inputs)
        some_frames = ops.floor(self.share * ops.cast(n_frames, "float32"))
        hidden_frames = self._hidden(inputs, n_frames, self.frame_masks, ops.minimum(some_frames, self.frames))
        hidden_bands = self._hidden(inputs, n_bands, self.band_masks, ops.cast(self.bands, "float32"))
        hidden = ops.logical_or(hidden_frames[:, :, None], hidden_bands[:, None])
        mean = ops.mean(ops.cast(inputs, "float32"), axis=(1, 2, 3), keepdims=True)
        return ops.where(hidden[..., None], ops.cast(mean, inputs.dtype), inputs)

    def _hidden(self, inputs, size, masks: int, most):
        """Whether a mask lies there, `batch x size`."""
        shape, size = (ops.shape(inputs)[0], masks), ops.cast(size, "float32")
        widths = ops.floor(keras.random.uniform(shape, seed=self.seed_generator) * (ops.minimum(most, size) + 1))
        starts = ops.floor(keras.random.uniform(shape, seed=self.seed_generator) * (size - widths))
        place = ops.arange(size)
        return ops.any((starts[..., None] <= place) & (place < (starts + widths)[..., None]), axis=1)

    def get_config(self) -> dict:
        names = ("band_masks", "bands", "frame_masks", "frames", "share")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


@keras.saving.register_keras_serializable("kerasemo")
class SpeedPerturbation(Augmentation):
    """Plays each clip at a speed drawn from a few: tempo and pitch change, as when a tape runs faster.

    The length stays, so that clips still fit together: at a lower speed the end is cut, at a higher one zeros follow.
    The sound is resampled by a windowed sinc, to what `scipy.signal.resample_poly` gives.

    Source: Ko, Peddinti, Povey and Khudanpur 2015, "Audio augmentation for speech recognition", Interspeech.

    Args:
        speeds: each as likely as the others, 1 as it is; with two decimals at most.
        seed: see `Augmentation`.

    Input and output: `batch x samples`.

    Raises:
        ValueError: no speed, or one that is not above 0 or has more decimals.
    """

    def __init__(self, speeds: Sequence[float] = (0.9, 1.0, 1.1), seed: int | None = None, **kwargs):
        super().__init__(seed, **kwargs)
        if not speeds or any(speed <= 0 or round(speed, 2) != speed for speed in speeds):
            raise ValueError(f"SpeedPerturbation takes speeds above 0 with two decimals. Received: {speeds=}")
        self.speeds = tuple(speeds)
        ratios = [Fraction(round(100 * speed), 100) for speed in speeds]
        self._filters = [None if ratio == 1 else _Polyphase(ratio) for ratio in ratios]

    def changed(self, inputs):
        x = ops.cast(inputs, "float32")
        played = ops.stack([at_speed(x) if at_speed else x for at_speed in self._filters], axis=1)
        drawn = keras.random.randint((ops.shape(x)[0],), 0, len(self.speeds), seed=self.seed_generator)
        return ops.take_along_axis(played, drawn[:, None, None], axis=1)[:, 0]

    def get_config(self) -> dict:
        return {**super().get_config(), "speeds": self.speeds}


@keras.saving.register_keras_serializable("kerasemo")
class NoisePerturbation(Augmentation):
    """Adds white noise to each clip, at a ratio of signal to noise that is drawn for it.

    A silent clip stays silent.

    Args:
        least_db: the lowest ratio of the clip's power to the noise's, dB.
        most_db: the highest.
        seed: see `Augmentation`.

    Input and output: `batch x samples`.

    Raises:
        ValueError: the lowest ratio lies above the highest.
    """

    def __init__(self, least_db: float = 10.0, most_db: float = 30.0, seed: int | None = None, **kwargs):
        super().__init__(seed, **kwargs)
        if not least_db <= most_db:
            raise ValueError(f"NoisePerturbation: least_db lies above most_db. Received: {least_db=}, {most_db=}")
        self.least_db, self.most_db = least_db, most_db

    def changed(self, inputs):
        x = ops.cast(inputs, "float32")
        noise = keras.random.normal(ops.shape(x), seed=self.seed_generator)
        ratio_db = keras.random.uniform((ops.shape(x)[0], 1), self.least_db, self.most_db, seed=self.seed_generator)
        power, of_noise = (ops.mean(ops.square(sound), axis=1, keepdims=True) for sound in (x, noise))
        return x + noise * ops.sqrt(power / of_noise * 10 ** (-ratio_db / 10))

    def get_config(self) -> dict:
        return {**super().get_config(), "least_db": self.least_db, "most_db": self.most_db}


class _Polyphase:
    """The filter of `scipy.signal.resample_poly` as a convolution.

    At a speed of `down / up`, output `up * q + r` is filter r of the convolution at `down * q`.
    """

    def __init__(self, speed: Fraction):
        self.up, self.down = speed.denominator, speed.numerator
        half = 10 * max(self.up, self.down)
        impulse = self.up * scipy.signal.firwin(2 * half + 1, 1 / max(self.up, self.down), window=("kaiser", 5.0))
        self.back = half // self.up
        taps = np.arange(-self.back, (half + (self.up - 1) * self.down) // self.up + 1)
        at = half + self.down * np.arange(self.up) - self.up * taps[:, np.newaxis]
        kernel = np.where((at >= 0) & (at <= 2 * half), impulse[np.clip(at, 0, 2 * half)], 0)
        self.kernel = kernel[:, np.newaxis].astype("float32")  # taps x 1 x up

    def __call__(self, x):
        """Each clip of `batch x samples` at the speed, as many samples as before."""
        samples = tf.shape(x)[1]
        read = self.down * (-(-samples // self.up) - 1) + len(self.kernel) - self.back
        padded = tf.pad(x, [(0, 0), (self.back, tf.maximum(read - samples, 0))])
        phases = tf.nn.conv1d(padded[..., tf.newaxis], self.kernel, stride=self.down, padding="VALID")
        return tf.reshape(phases, [tf.shape(x)[0], -1])[:, :samples]
