"""Log-mel spectrograms computed inside the network, so that an exported network takes the waveform."""

import math

import keras
import numpy as np
import tensorflow as tf

__all__ = ["FLOOR", "LogMel"]

# Smallest power: about the square of half a quantisation step of 16-bit sound, as in librosa and tensorflow-io.
FLOOR = 1e-10


@keras.saving.register_keras_serializable("kerasemo")
class LogMel(keras.layers.Layer):
    """Power of sound in mel bands, dB.

    A frame begins every `hop_s` seconds; the last frames are padded with zeros. Each frame is multiplied by a Hann
    window and transformed, its powers are summed by triangular filters, and a power P becomes 10 log10(max(P, 1e-10)).
    Values more than `top_db` below the loudest value of the clip are raised to this limit.

    The result is that of `librosa.power_to_db(librosa.feature.melspectrogram(center=False, htk=True, norm=None))`,
    except that the slopes of librosa's filters are linear in hertz. Here they are linear in mels, as in tensorflow-io,
    which makes a difference of about 0.1 dB. The powers are computed in float32 (float64 under a float64 policy); in
    float32, bands far below the loudest band of their frame are exact to about 0.001 dB.

    Source: Davis and Mermelstein 1980, "Comparison of parametric representations for monosyllabic word recognition",
    IEEE Transactions on Acoustics, Speech and Signal Processing 28(4). Bands and frames are those of Hershey et al.
    2017, "CNN architectures for large-scale audio classification", ICASSP.

    Args:
        sampling_rate: sampling rate of the waveform, hertz.
        window_s: length of a frame, seconds. Lengths in samples without a large prime factor are fast.
        hop_s: step from frame to frame, seconds.
        n_mels: number of bands.
        f_min: lower end of the lowest band, hertz.
        f_max: upper end of the highest band, hertz, at most half the sampling rate.
        top_db: the dynamic range of a clip that is kept, dB.

    Attributes:
        portable: whether to transform by a matrix product, for formats of networks without complex numbers; False by
            default. The result is the same.

    Input: `batch x samples`, of any length. Output: `batch x ceil(samples / hop) x n_mels x 1`.

    Raises:
        ValueError: A value is out of range, or a band is so narrow that it contains no frequency of the transform.

    Example:
        >>> LogMel()(keras.ops.ones((2, 16_000))).shape
        TensorShape([2, 100, 64, 1])
    """

    def __init__(
        self,
        sampling_rate: int = 16_000,
        window_s: float = 0.025,
        hop_s: float = 0.01,
        n_mels: int = 64,
        f_min: float = 125.0,
        f_max: float = 7500.0,
        top_db: float = 80.0,
        **kwargs,
    ):
        # The waveform is not cast under mixed precision: rounding to half precision would add audible noise.
        super().__init__(autocast=False, **kwargs)
        self.sampling_rate, self.window_s, self.hop_s = sampling_rate, window_s, hop_s
        self.n_mels, self.f_min, self.f_max, self.top_db = n_mels, f_min, f_max, top_db
        self.portable = False
        self.window, self.hop = round(window_s * sampling_rate), round(hop_s * sampling_rate)
        if self.window < 2 or self.hop < 1:
            raise ValueError(f"LogMel: a window needs at least 2 samples, a hop 1. Received: {window_s=}, {hop_s=}")
        if not 0 <= f_min < f_max <= sampling_rate / 2:
            raise ValueError(f"LogMel: 0 <= f_min < f_max <= sampling_rate / 2. Received: {f_min=}, {f_max=}")
        if n_mels < 1 or not top_db > 0:
            raise ValueError(f"LogMel: n_mels and top_db are above 0. Received: {n_mels=}, {top_db=}")
        with tf.init_scope():
            self._filters = tf.signal.linear_to_mel_weight_matrix(
                n_mels, self.window // 2 + 1, sampling_rate, f_min, f_max, tf.float64
            ).numpy()
        if not self._filters.any(axis=0).all():
            raise ValueError(
                "LogMel: a band contains no frequency of the transform; use fewer mels, a longer window or a higher "
                f"f_min. Received: {n_mels=}, {window_s=}, {f_min=}"
            )

    def call(self, inputs):
        real = tf.float64 if self.compute_dtype == "float64" else tf.float32
        cosines, sines = (self._products if self.portable else self._transform)(tf.cast(inputs, real))
        # `tf.abs` avoids overflow, which takes as long as the transform.
        mels = tf.tensordot(tf.square(cosines) + tf.square(sines), tf.constant(self._filters, real), 1)
        levels = 10 / math.log(10) * tf.math.log(tf.maximum(mels, FLOOR))
        levels = tf.maximum(levels, tf.reduce_max(levels, axis=(1, 2), keepdims=True) - self.top_db)
        return tf.cast(tf.expand_dims(levels, -1), self.compute_dtype)

    def _transform(self, sound):
        spectra = tf.signal.stft(sound, self.window, self.hop, self.window, pad_end=True)
        return tf.math.real(spectra), tf.math.imag(spectra)

    def _products(self, sound):
        """Return the same by the definition of the transform, up to the sign of the sines."""
        window = tf.signal.hann_window(self.window, dtype=sound.dtype)
        frames = window * tf.signal.frame(sound, self.window, self.hop, pad_end=True)
        phases = 2 * np.pi / self.window * np.outer(np.arange(self.window), np.arange(self.window // 2 + 1))
        return [tf.tensordot(frames, tf.constant(wave(phases), sound.dtype), 1) for wave in (np.cos, np.sin)]

    def compute_output_spec(self, inputs):
        batch, samples = inputs.shape
        frames = None if samples is None else -(-samples // self.hop)
        return keras.KerasTensor((batch, frames, self.n_mels, 1), dtype=self.compute_dtype)

    def get_config(self) -> dict:
        names = ("sampling_rate", "window_s", "hop_s", "n_mels", "f_min", "f_max", "top_db")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
