"""The networks of ryabinov2021: AlexNet and VGG-16 on log-mel spectrograms, with a head for each task.

Sources: Ryabinov, Uzdiaev and Vatamaniuk 2021, of which only the abstract is public: it names the networks, and neither
sizes nor tasks; Krizhevsky, Sutskever and Hinton 2012, "ImageNet classification with deep convolutional neural
networks", sections 3.3 to 3.5 and 4.2; Simonyan and Zisserman 2015, "Very deep convolutional networks for large-scale
image recognition", table 1, column D.

A spectrogram is read as it is, of whatever size, and not stretched to the 227 x 227 or 224 x 224 pixels of ImageNet. So
all layers are those of the papers, and only the number of inputs of the first dense layer follows from the size; with
the papers' own input and 1000 classes the networks have their 60,965,224 and 138,357,544 parameters.

What is not the papers':

- Each mel band is standardised in the network: `adapt` it to the training spectrograms, see `training.fit.adapt`.
- Kernels before a ReLU begin as He et al. 2015 have it. From the fixed spread of 0.01 of the papers VGG-16 learns only
  where a smaller network was trained before (its section 3.1).
- AlexNet's two halves, which the paper had on two GPUs, are two convolutions side by side: on a CPU the grouped ones of
  Keras run through XLA alone, where a step takes several times as long.

In both networks the layer `EMBEDDING` is what t-SNE is drawn of, and `LAST_CONVOLUTION` what Grad-CAM looks at.
"""

import os
from collections.abc import Mapping

import keras
from keras import layers

from kerasemo.errors import InputError
from kerasemo.features import pretrained
from kerasemo.layers import LocalResponseNormalization

EMBEDDING = "embedding"
"""The second dense layer: 4096 values of a spectrogram."""
LAST_CONVOLUTION = "last_convolution"
"""Frames x bands x 256 (AlexNet) or 512 maps, behind the ReLU, before the last pooling."""

DENSE_UNITS = 4096
DROPOUT = 0.5
ALEXNET_SMALLEST = 67
"""Frames, or bands, of which AlexNet's three poolings leave one."""
VGG16_SMALLEST = 32
VGG16_BLOCKS = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))
"""Filters and number of the convolutions of each block."""
PIXEL_SPREAD = 57.6
"""Standard deviation of ImageNet's pixels, mean of the three colours."""

RELU = {"activation": "relu", "kernel_initializer": "he_normal"}


def alexnet(
    tasks: Mapping[str, int],
    shape: tuple[int, int, int],
    *,
    local_response: bool = True,
    augmentation: keras.layers.Layer | None = None,
) -> keras.Model:
    """AlexNet: five convolutions, the second, fourth and fifth in two halves, and two dense layers.

    Args:
        tasks: name -> number of classes; 1: a value, such as arousal.
        shape: `(frames, mels, channels)` of a spectrogram, 67 or more either way.
        local_response: with the normalisation of the first two convolutions, as in the paper; later work found that it
            gains nothing (Simonyan and Zisserman 2015, section 2.1).
        augmentation: changes the standardised spectrograms in training, `batch x frames x mels x channels`.

    Returns:
        A model from `spectrogram` to each task: `batch x classes`, probabilities, or `batch x 1`, a value.

    Raises:
        ValueError: no task, or a spectrogram too small.

    Example:
        >>> network = alexnet({"emotion": 4, "gender": 2}, (200, 80, 1))
        >>> network.get_layer(EMBEDDING).output.shape, network.get_layer(LAST_CONVOLUTION).output.shape
        ((None, 4096), (None, 11, 3, 256))
    """
    spectrogram, x = _standardised(shape, ALEXNET_SMALLEST, augmentation)
    for i, (filters, size, groups) in enumerate([(96, 11, 1), (256, 5, 2)], start=1):
        x = _convolution(x, filters, size, groups, f"conv_{i}", strides=4 if i == 1 else 1)
        if local_response:
            x = LocalResponseNormalization(name=f"local_response_{i}")(x)
        x = layers.MaxPooling2D(3, strides=2, name=f"pool_{i}")(x)
    x = _convolution(x, 384, 3, 1, "conv_3")
    x = _convolution(x, 384, 3, 2, "conv_4")
    x = _convolution(x, 256, 3, 2, LAST_CONVOLUTION)
    x = layers.MaxPooling2D(3, strides=2, name="pool_5")(x)
    return keras.Model({"spectrogram": spectrogram}, _heads(x, tasks), name="alexnet")


def vgg16(
    tasks: Mapping[str, int],
    shape: tuple[int, int, int],
    *,
    imagenet: str | os.PathLike | None = None,
    augmentation: keras.layers.Layer | None = None,
) -> keras.Model:
    """VGG-16: thirteen convolutions of 3 x 3 in five blocks, and two dense layers.

    Args:
        tasks, augmentation: as in `alexnet`.
        shape: `(frames, mels, channels)` of a spectrogram, 32 or more either way.
        imagenet: an `.h5` file with the weights of `keras.applications.VGG16`, with or without its top, for the
            convolutions of a network with one channel. The first then sees the spectrogram as a grey picture with
            ImageNet's spread: its kernel is summed over the colours, times `PIXEL_SPREAD`. The dense layers, which
            belong to ImageNet's size and classes, begin anew. None: random weights.

    Returns:
        As `alexnet`.

    Raises:
        ValueError: no task, a spectrogram too small, or `imagenet` for several channels.
        InputError: the weights are missing or of another network.

    Example:
        >>> network = vgg16({"emotion": 4}, (96, 64, 1))
        >>> network.get_layer(LAST_CONVOLUTION).output.shape
        (None, 6, 4, 512)
    """
    if imagenet is not None and shape[-1] != 1:
        raise ValueError(f"Weights of ImageNet go into a network of one channel. Received: shape={shape}")
    spectrogram, x = _standardised(shape, VGG16_SMALLEST, augmentation)
    for block, (filters, n) in enumerate(VGG16_BLOCKS, start=1):
        for i in range(1, n + 1):
            is_last = (block, i) == (len(VGG16_BLOCKS), n)
            x = _convolution(x, filters, 3, 1, LAST_CONVOLUTION if is_last else f"conv_{block}_{i}")
        x = layers.MaxPooling2D(2, name=f"pool_{block}")(x)
    network = keras.Model({"spectrogram": spectrogram}, _heads(x, tasks), name="vgg16")
    if imagenet is not None:
        _take_convolutions(network, imagenet)
    return network


def _standardised(shape: tuple, smallest: int, augmentation: keras.layers.Layer | None):
    if len(shape) != 3 or min(shape[:2]) < smallest:
        raise ValueError(
            f"A spectrogram is (frames, mels, channels), {smallest} or more frames and mels. Received: shape={shape}"
        )
    spectrogram = keras.Input(shape, name="spectrogram")
    x = layers.Normalization(axis=-2, name="spectrogram_standardised")(spectrogram)
    return spectrogram, augmentation(x) if augmentation else x


def _convolution(x, filters: int, size: int, groups: int, name: str, strides: int = 1):
    # AlexNet's first convolution, the one with strides, has no padding.
    options = {"strides": strides, "padding": "valid" if strides > 1 else "same", **RELU}
    if groups == 1:
        return layers.Conv2D(filters, size, name=name, **options)(x)
    width = x.shape[-1] // groups
    parts = [
        layers.Conv2D(filters // groups, size, name=f"{name}_{i + 1}", **options)(x[..., i * width : (i + 1) * width])
        for i in range(groups)
    ]
    return layers.Concatenate(name=name)(parts)


def _heads(x, tasks: Mapping[str, int]) -> dict:
    if not tasks:
        raise ValueError(f"A network needs a task. Received: tasks={dict(tasks)}")
    x = layers.Flatten(name="maps")(x)
    x = layers.Dense(DENSE_UNITS, name="dense_1", **RELU)(x)
    x = layers.Dropout(DROPOUT, name="dropout_1")(x)
    x = layers.Dense(DENSE_UNITS, name=EMBEDDING, **RELU)(x)
    x = layers.Dropout(DROPOUT, name="dropout_2")(x)
    return {task: layers.Dense(n, activation="softmax" if n > 1 else None, name=task)(x) for task, n in tasks.items()}


def _take_convolutions(network: keras.Model, weights: str | os.PathLike) -> None:
    """Give VGG-16 on one channel the convolutions of a file of `keras.applications`."""
    try:
        source = pretrained.with_weights(
            lambda path: keras.applications.VGG16(include_top=False, weights=path), weights, "vgg16"
        )
    except InputError:
        source = pretrained.vgg16(weights)
    own, theirs = ([layer for layer in model.layers if isinstance(layer, layers.Conv2D)] for model in (network, source))
    for layer, given in zip(own, theirs, strict=True):
        kernel, bias = given.get_weights()
        if layer is own[0]:
            kernel = PIXEL_SPREAD * kernel.sum(axis=2, keepdims=True)
        layer.set_weights([kernel, bias])
