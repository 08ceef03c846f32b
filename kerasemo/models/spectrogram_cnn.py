"""The networks of ryabinov2021: AlexNet and VGG-16 on log-mel spectrograms, with a head for each task.

Sources: Ryabinov, Uzdiaev and Vatamaniuk 2021 (only the abstract is public; it names the networks, but neither sizes
nor tasks); Krizhevsky, Sutskever and Hinton 2012, "ImageNet classification with deep convolutional neural networks",
sections 3.3 to 3.5 and 4.2; Simonyan and Zisserman 2015, "Very deep convolutional networks for large-scale image
recognition", table 1, column D.

A spectrogram keeps its size; it is not resized to the 227 x 227 or 224 x 224 pixels of ImageNet. All layers are those
of the papers; only the number of inputs of the first dense layer depends on the size. With the original input and 1000
classes, the networks have the original 60,965,224 and 138,357,544 parameters.

Differences from the papers:

- Each mel band is standardised in the network: `adapt` it to the training spectrograms, see `training.fit.adapt`.
- Kernels before a ReLU are initialised as in He et al. 2015. With the papers' fixed deviation of 0.01, VGG-16 learns
  only if it starts from a smaller trained network (its section 3.1).
- AlexNet's two halves, which ran on two GPUs, are two parallel convolutions: on a CPU, Keras supports grouped
  convolutions only through XLA, where a training step takes several times as long.

In both networks, t-SNE figures use the layer `EMBEDDING`, and Grad-CAM uses `LAST_CONVOLUTION`.
"""

import os
from collections.abc import Mapping

import keras
from keras import layers

from kerasemo.errors import InputError
from kerasemo.features import pretrained
from kerasemo.layers import LocalResponseNormalization
from kerasemo.models.on_features import heads

__all__ = [
    "ALEXNET_SMALLEST",
    "DENSE_UNITS",
    "DROPOUT",
    "EMBEDDING",
    "LAST_CONVOLUTION",
    "PIXEL_SPREAD",
    "RELU",
    "VGG16_BLOCKS",
    "VGG16_SMALLEST",
    "alexnet",
    "vgg16",
]

EMBEDDING = "embedding"
"""Name of the second dense layer: 4096 values per spectrogram."""
LAST_CONVOLUTION = "last_convolution"
"""Name of the last convolution: frames x bands x 256 (AlexNet) or 512 maps, after the ReLU, before the last pooling."""

DENSE_UNITS = 4096
DROPOUT = 0.5
ALEXNET_SMALLEST = 67
"""Smallest number of frames and of bands that AlexNet can process: its three poolings reduce it to one."""
VGG16_SMALLEST = 32
VGG16_BLOCKS = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))
"""Number of filters and number of convolutions of each block."""
PIXEL_SPREAD = 57.6
"""Standard deviation of the pixels of ImageNet, averaged over the three colours."""

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
        tasks: name -> number of classes; 1 means a continuous value, such as arousal.
        shape: `(frames, mels, channels)` of a spectrogram, with at least 67 frames and 67 mels.
        local_response: normalise after the first two convolutions, as in the paper; later work found no benefit
            (Simonyan and Zisserman 2015, section 2.1).
        augmentation: layer that changes the standardised spectrograms in training, `batch x frames x mels x channels`.

    Returns:
        A model from `spectrogram` to each task: probabilities, `batch x classes`, or a value, `batch x 1`.

    Raises:
        ValueError: There is no task, or the spectrogram is too small.

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
        shape: `(frames, mels, channels)` of a spectrogram, with at least 32 frames and 32 mels.
        imagenet: an `.h5` file with the weights of `keras.applications.VGG16`, with or without its top, for the
            convolutions of a network with one channel. The first convolution then treats the spectrogram as a grey
            picture with the deviation of ImageNet: its kernel is summed over the colours and multiplied by
            `PIXEL_SPREAD`. The dense layers depend on ImageNet's size and classes, and get random weights. None: all
            weights are random.

    Returns:
        A model as in `alexnet`.

    Raises:
        ValueError: There is no task, the spectrogram is too small, or `imagenet` is given for several channels.
        InputError: The file of weights is missing or belongs to another network.

    Example:
        >>> network = vgg16({"emotion": 4}, (96, 64, 1))
        >>> network.get_layer(LAST_CONVOLUTION).output.shape
        (None, 6, 4, 512)
    """
    if imagenet is not None and shape[-1] != 1:
        raise ValueError(f"Weights of ImageNet need a network with one channel. Received: shape={shape}")
    spectrogram, x = _standardised(shape, VGG16_SMALLEST, augmentation)
    for block, (filters, n) in enumerate(VGG16_BLOCKS, start=1):
        for i in range(1, n + 1):
            is_last = (block, i) == (len(VGG16_BLOCKS), n)
            x = _convolution(x, filters, 3, 1, LAST_CONVOLUTION if is_last else f"conv_{block}_{i}")
        x = layers.MaxPooling2D(2, name=f"pool_{block}")(x)
    network = keras.Model({"spectrogram": spectrogram}, _heads(x, tasks), name="vgg16")
    if imagenet is not None:
        _load_convolutions(network, imagenet)
    return network


def _standardised(shape: tuple, smallest: int, augmentation: keras.layers.Layer | None):
    if len(shape) != 3 or min(shape[:2]) < smallest:
        raise ValueError(
            f"A spectrogram must be (frames, mels, channels), {smallest} or more frames and mels. Received: {shape=}"
        )
    spectrogram = keras.Input(shape, name="spectrogram")
    x = layers.Normalization(axis=-2, name="spectrogram_standardised")(spectrogram)
    return spectrogram, augmentation(x) if augmentation else x


def _convolution(x, filters: int, size: int, groups: int, name: str, strides: int = 1):
    # AlexNet's first convolution, the only one with strides, has no padding.
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
    return heads(x, tasks)


def _load_convolutions(network: keras.Model, weights: str | os.PathLike) -> None:
    """Load the convolutions of VGG-16 with one channel from a weights file of `keras.applications`."""
    try:
        source = pretrained.with_weights(
            lambda path: keras.applications.VGG16(include_top=False, weights=path), weights, "vgg16"
        )
    except InputError:
        source = pretrained.vgg16(weights)
    targets, sources = (
        [layer for layer in model.layers if isinstance(layer, layers.Conv2D)] for model in (network, source)
    )
    for target_layer, source_layer in zip(targets, sources, strict=True):
        kernel, bias = source_layer.get_weights()
        if target_layer is targets[0]:
            kernel = PIXEL_SPREAD * kernel.sum(axis=2, keepdims=True)
        target_layer.set_weights([kernel, bias])
