"""Adds the computation of spectrograms to a network, so that the network takes the waveform as its input."""

import os
from collections.abc import Collection, Mapping, Sequence

import keras
from keras import layers

from kerasemo.layers import LogMel, NoisePerturbation, SpecAugment, SpeedPerturbation
from kerasemo.models.spectrogram_cnn import alexnet, vgg16

__all__ = ["AUGMENTATIONS", "SILENCE", "STANDARDISED", "WAVEFORM", "adapt", "from_waveform", "parts", "waveform_cnn"]

WAVEFORM, STANDARDISED = "waveform", "waveform_standardised"
AUGMENTATIONS = {"spectrogram": SpecAugment, "speed": SpeedPerturbation, "noise": NoisePerturbation}
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
    """Split a model that `from_waveform` built, or that has the same layers.

    Args:
        model: the model.

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
