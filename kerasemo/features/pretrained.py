"""Networks of `keras.applications` with weights from a file of the user; nothing is downloaded."""

import os
import warnings
from collections.abc import Callable
from pathlib import Path

import keras

from kerasemo.errors import InputError

__all__ = ["CAFFE_MEANS", "resnet50", "vgg16", "with_weights"]

CAFFE_MEANS = (103.939, 116.779, 123.68)
"""Mean blue, green and red of ImageNet, which `preprocess_input` of ResNet-50 and VGG-16 subtracts."""


def resnet50(weights: str | os.PathLike | None, input_shape: tuple[int, int, int]) -> keras.Model:
    """Return ResNet-50 (He et al. 2016) up to its average pooling, 2048 features.

    Args:
        weights: an `.h5` file of `keras.applications.ResNet50(include_top=False)`; None: random weights.
        input_shape: height, width and channels of the images.

    Raises:
        InputError: the file is missing, or has the weights of another network.
    """
    return with_weights(
        lambda path: keras.applications.ResNet50(
            include_top=False, weights=path, pooling="avg", input_shape=input_shape, name="resnet50"
        ),
        weights,
        "resnet50",
    )


def vgg16(weights: str | os.PathLike | None) -> keras.Model:
    """Return VGG-16 (Simonyan and Zisserman 2015) with its top for 1000 classes, images of 224 x 224.

    Args:
        weights: an `.h5` file of `keras.applications.VGG16()`; None: random weights.

    Raises:
        InputError: the file is missing, or has the weights of another network.
    """
    return with_weights(lambda path: keras.applications.VGG16(weights=path), weights, "vgg16")


def with_weights(
    build: Callable[[str | None], keras.Model], weights: str | os.PathLike | None, name: str
) -> keras.Model:
    """Build a network of `keras.applications` with the weights of a file.

    Args:
        build: builds the network from the name of the file, or with random weights from None.
        weights: the file; None: random weights.
        name: name of the network, for messages.

    Returns:
        The network.

    Raises:
        InputError: the file is missing, or does not fit the network.
    """
    if weights is None:
        return build(None)
    if not Path(weights).is_file():
        raise InputError(f"the weights file {weights} is not there; give one of keras.applications.")
    with warnings.catch_warnings():
        # If a file does not fit, Keras first warns about what it skips.
        warnings.filterwarnings("ignore", message="Skipping nested container")
        try:
            return build(str(weights))
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            reason = str(error).strip().split("\n")[0].rstrip(".")
            raise InputError(
                f"{weights} does not hold the weights of {name} as keras.applications has them ({reason}); give "
                "another file."
            ) from None
