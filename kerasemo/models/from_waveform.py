"""Networks of spectrograms that take the waveform, so that nothing but sound is needed where they are used."""

import os
from collections.abc import Collection, Mapping, Sequence

import keras
from keras import layers

from kerasemo.layers import LogMel, NoisePerturbation, SpecAugment, SpeedPerturbation
from kerasemo.models.spectrogram_cnn import alexnet, vgg16

WAVEFORM, STANDARDISED = "waveform", "waveform_standardised"
AUGMENTATIONS = {"spectrogram": SpecAugment, "speed": SpeedPerturbation, "noise": NoisePerturbation}
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


def waveform_cnn(
    architecture: str,
    tasks: Mapping[str, int],
    segment_s: float,
    *,
    sampling_rate: int = 16_000,
    window_s: float = 0.04,
    hop_s: float = 0.02,
    n_mels: int = 80,
    augment: Collection[str] = (),
    seed: int = 0,
    imagenet: str | os.PathLike | None = None,
) -> keras.Model:
    """AlexNet or VGG-16 on the log-mel spectrogram of a segment of sound, made inside the network.

    Args:
        architecture: `alexnet` or `vgg16`, see `spectrogram_cnn`.
        tasks: name -> number of classes.
        segment_s: length of the segments, seconds.
        sampling_rate: of the sound, Hz.
        window_s, hop_s, n_mels: of the spectrogram, see `layers.LogMel`.
        augment: what changes in training, names of `AUGMENTATIONS`; each has a chance of its own.
        seed: of these changes.
        imagenet: weights that VGG-16 begins with, see `spectrogram_cnn.vgg16`.

    Returns:
        As `from_waveform`.
    """
    changes = {
        name: layer(seed=seed + number) for number, (name, layer) in enumerate(AUGMENTATIONS.items()) if name in augment
    }
    shape = (round(segment_s / hop_s), n_mels, 1)
    on_spectrogram = {"augmentation": changes.pop("spectrogram", None)}
    if architecture == "alexnet":
        network = alexnet(tasks, shape, **on_spectrogram)
    else:
        network = vgg16(tasks, shape, imagenet=imagenet, **on_spectrogram)
    log_mel = LogMel(sampling_rate, window_s, hop_s, n_mels)
    return from_waveform(network, round(segment_s * sampling_rate), log_mel, list(changes.values()))


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
