"""Adds the computation of spectrograms to a network, so that the network takes the waveform as its input."""

from collections.abc import Sequence

import keras
from keras import layers

from kerasemo.layers import LogMel

WAVEFORM, STANDARDISED = "waveform", "waveform_standardised"
SILENCE = 1e-10
"""Power below which sound is treated as silence and not amplified, in the scale of the waveform. At full scale, it is
about the power of the rounding error of 16-bit sound; for a clip standardised by `Waveform`, only digital silence."""


def from_waveform(
    network: keras.Model, samples: int, log_mel: LogMel, augmentations: Sequence[keras.layers.Layer] = ()
) -> keras.Model:
    """Prepend the computation of spectrograms to a network; the sound is first scaled to mean 0 and deviation 1.

    Args:
        network: a network from `spectrogram`, of the shape that `log_mel` gives, to its tasks; see `spectrogram_cnn`.
        samples: length of the sound, samples.
        log_mel: the layer that computes the spectrogram.
        augmentations: layers that change the sound in training, applied in this order; `batch x samples`, in and out.

    Returns:
        A model from `waveform` (`batch x samples`) to the tasks, with the name and the variables of the network.

    Raises:
        ValueError: The network expects spectrograms of another shape.
    """
    waveform = sound = keras.Input((samples,), name=WAVEFORM)
    for augmentation in augmentations:
        sound = augmentation(sound)
    sound = layers.LayerNormalization(epsilon=SILENCE, center=False, scale=False, name=STANDARDISED)(sound)
    spectrogram = log_mel(sound)
    expected = network.input["spectrogram"].shape
    if spectrogram.shape != expected:
        raise ValueError(f"{network.name} reads spectrograms of {expected[1:]}. Received: {spectrogram.shape[1:]}")
    return keras.Model({WAVEFORM: waveform}, network({"spectrogram": spectrogram}), name=network.name)


def parts(model: keras.Model) -> tuple[keras.Model, keras.Model]:
    """Split a model that `from_waveform` built, or that has the same layers.

    Returns:
        A model from `waveform` to the spectrogram, and the network from `spectrogram` to the tasks.
    """
    network = next(layer for layer in model.layers if isinstance(layer, keras.Model))
    spectrogram = next(layer for layer in model.layers if isinstance(layer, LogMel)).output
    return keras.Model(model.input, spectrogram), network


def adapt(model: keras.Model, waveforms) -> None:
    """Adapt the `Normalization` layers of the network to the mean and variance of spectrograms.

    Args:
        model: see `parts`.
        waveforms: a `tf.data.Dataset` of batches of the model's inputs.
    """
    spectrogram, network = parts(model)
    for layer in network.layers:
        if isinstance(layer, layers.Normalization):
            layer.adapt(waveforms.map(spectrogram))
