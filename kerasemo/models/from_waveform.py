"""Networks of spectrograms that take the waveform, so that nothing but sound is needed where they are used."""

from collections.abc import Sequence

import keras
from keras import layers

from kerasemo.layers import LogMel

WAVEFORM, STANDARDISED = "waveform", "waveform_standardised"
SILENCE = 1e-10
"""Power that is taken for silence and not made louder, of the scale that the sound comes in: of full scale rounding to
16 bits has about as much; of a clip that `Waveform` has standardised it is its digital silence."""


def from_waveform(
    network: keras.Model, samples: int, log_mel: LogMel, augmentations: Sequence[keras.layers.Layer] = ()
) -> keras.Model:
    """Put a spectrogram before a network, of sound that is brought to mean 0 and deviation 1, however loud it is.

    Args:
        network: from `spectrogram`, as `log_mel` gives it of so many samples, to its tasks; see `spectrogram_cnn`.
        samples: length of the sound.
        log_mel: the spectrogram.
        augmentations: what changes the sound in training, one after the other; `batch x samples`, in and out.

    Returns:
        A model from `waveform` (`batch x samples`) to the tasks, with the name and the variables of the network.

    Raises:
        ValueError: the network reads spectrograms of another shape.
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
    """The two parts of a model that `from_waveform` has made, or that has its layers: what gives the spectrograms of a
    batch, and the network that reads them."""
    network = next(layer for layer in model.layers if isinstance(layer, keras.Model))
    spectrogram = next(layer for layer in model.layers if isinstance(layer, LogMel)).output
    return keras.Model(model.input, spectrogram), network


def adapt(model: keras.Model, waveforms) -> None:
    """Give the `Normalization` layers of the network the mean and variance of the spectrograms of some sound.

    Args:
        model: see `parts`.
        waveforms: a `tf.data.Dataset` of batches of the model's input.
    """
    spectrogram, network = parts(model)
    for layer in network.layers:
        if isinstance(layer, layers.Normalization):
            layer.adapt(waveforms.map(spectrogram))
