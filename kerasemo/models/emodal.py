"""EMODal, the network of zhang2018: one network for the voice, one for the face, and a loss for their common content.

Source: Zhang, Gu, Ma, Ni, Zhang and Huang 2018, "Multimodal emotion recognition by extracting common and
modality-specific information", section 2.

- Voice: dense layers of 128, 64 and 10 units on the 68 features of a clip.
- Face: three 3 x 3 convolutions, each followed by max-pooling; flattened; a dense layer; dropout; 10 units.
- The two feature vectors of 10 numbers are concatenated for a softmax layer (classify loss), and each also has a
  separate softmax layer (specific losses). The common loss is the negative Soft-HGR score of the two vectors.

The paper does not specify the following, which was chosen here:

- Zero-padded convolutions with `FILTERS`, pooling by `POOL`; `DENSE_UNITS` and `DROPOUT` in the face network.
- ReLU in all layers except the linear feature layers, because the common loss needs features of both signs.
- Voice features, and face features given as a vector, are standardised in the network (`adapt` its `Normalization`
  layers, see `training.fit.adapt`); pictures are scaled to -1..1.
- Kind and strength of the augmentation of pictures.

`audio_dropout`, `image_dropout` and `modes` are not in the paper; they make a variant for few clips and new speakers.
"""

from collections.abc import Mapping, Sequence

import keras
import numpy as np
from keras import layers, ops

from kerasemo.layers import InTraining

__all__ = [
    "AUDIO_SHAPE",
    "AUDIO_UNITS",
    "BRIGHTNESS",
    "DENSE_UNITS",
    "DROPOUT",
    "FEATURE_UNITS",
    "FILTERS",
    "IMAGE_SHAPE",
    "KERNEL",
    "MODALITIES",
    "POOL",
    "ROTATION_TURNS",
    "SHIFT",
    "augmentation",
    "augmented_copies",
    "emodal",
]

AUDIO_SHAPE = (68,)
IMAGE_SHAPE = (128, 128, 1)

AUDIO_UNITS = (128, 64)
FILTERS = (16, 32, 64)
KERNEL = 3
POOL = 2
DENSE_UNITS = 128
DROPOUT = 0.5
FEATURE_UNITS = 10

ROTATION_TURNS = 0.03
"""Largest rotation, in turns: about eleven degrees in each direction."""
SHIFT = 0.08
"""Largest shift, as a share of the picture's height and width, in each direction."""
BRIGHTNESS = 0.2
"""Largest change of brightness, as a share of the range of a byte, up or down."""

MODALITIES = ("audio", "image")


def emodal(
    n_classes: int,
    modalities: Sequence[str] = MODALITIES,
    *,
    audio_shape: tuple = AUDIO_SHAPE,
    image_shape: tuple = IMAGE_SHAPE,
    filters: Sequence[int] = FILTERS,
    dense_units: int = DENSE_UNITS,
    dropout: float = DROPOUT,
    audio_dropout: float = 0.0,
    image_dropout: float = 0.0,
    modes: int | None = None,
    augmentation: keras.layers.Layer | None = None,
) -> keras.Model:
    """EMODal, or one of its two unimodal networks.

    Args:
        n_classes: number of emotions.
        modalities: `audio`, `image` or both.
        audio_shape: `(features,)` of a clip.
        image_shape: `(height, width, channels)` of a picture, 0..255; or `(features,)` of a face, such as its action
            units. With features, the network has no convolutions.
        filters: number of filters of each convolution.
        dense_units: units of the dense layer of the face network.
        dropout: dropout rate after this layer, 0..1.
        audio_dropout: dropout rate before each dense layer of the voice network, 0..1. The paper has none; it reduces
            overfitting if there are few clips and many features.
        image_dropout: dropout rate before the dense layer of the face network, 0..1; the paper has none.
        modes: the common loss reads this number of linear projections of each feature vector, which only it uses. Few
            modes keep it from fitting correlations of single actors. None: it reads the features, as in the paper.
        augmentation: layer that changes the pictures in training, such as `augmentation(seed)`.

    Returns:
        A model from `audio` and `image` to `emotion` (the decision, from both modalities), `emotion_audio`,
        `emotion_image` (from one modality; all probabilities, `batch x classes`) and `common` (the features of both
        modalities or their projections, audio first, `batch x 2 x 10` or `batch x 2 x modes`; only used by `SoftHGR`).
        With one modality, the model has only this input and the output `emotion`.

    Raises:
        ValueError: A modality is unknown, none is given, a shape has the wrong number of axes, or pictures are too
            small for the pooling.

    Example:
        >>> network = emodal(4)
        >>> {name: output.shape[1:] for name, output in network.output.items()}
        {'emotion': (4,), 'emotion_audio': (4,), 'emotion_image': (4,), 'common': (2, 10)}
    """
    if not modalities or set(modalities) - set(MODALITIES):
        raise ValueError(f"Modalities are {', '.join(MODALITIES)}. Received: modalities={tuple(modalities)}")
    inputs, features = {}, {}
    if "audio" in modalities:
        inputs["audio"] = keras.Input(audio_shape, name="audio")
        features["audio"] = _audio_feature(inputs["audio"], audio_dropout)
    if "image" in modalities:
        inputs["image"] = keras.Input(image_shape, name="image")
        vector = _face_vector(inputs["image"], filters, augmentation)
        features["image"] = _image_feature(vector, dense_units, image_dropout, dropout)
    if len(features) == 1:
        outputs = {"emotion": _probabilities("emotion", n_classes)(*features.values())}
        return keras.Model(inputs, outputs, name="emodal")
    combined = layers.Concatenate(name="combined")(list(features.values()))
    outputs = {"emotion": _probabilities("emotion", n_classes)(combined)}
    for modality, feature in features.items():
        outputs[f"emotion_{modality}"] = _probabilities(f"emotion_{modality}", n_classes)(feature)
    outputs["common"] = _common(features, combined, modes)
    return keras.Model(inputs, outputs, name="emodal")


def augmentation(seed: int) -> keras.layers.Layer:
    """Random flips, small rotations and shifts, and changes of brightness, drawn for each picture in training.

    The state of the random numbers is a variable of the model and part of a `Checkpoint`, so that resumed training
    draws the same numbers as uninterrupted training.

    Args:
        seed: seed of the random numbers.

    Returns:
        A layer for pictures, `batch x height x width x channels`, 0..255, which stay in that range. Outside training it
        changes nothing.
    """
    changes = [
        layers.RandomFlip("horizontal", seed=seed),
        layers.RandomRotation(ROTATION_TURNS, fill_mode="nearest", seed=seed + 1),
        layers.RandomTranslation(SHIFT, SHIFT, fill_mode="nearest", seed=seed + 2),
        layers.RandomBrightness(BRIGHTNESS, seed=seed + 3),
    ]
    return InTraining(keras.Sequential(changes), name="augmentation")


def augmented_copies(pictures: np.ndarray, n: int, seed: int, batch_size: int = 64) -> np.ndarray:
    """Return all pictures once as they are, and n - 1 times augmented, round after round.

    Args:
        pictures: `pictures x height x width x channels`, 0..255.
        n: how often each is to be there.
        seed: of `augmentation`.
        batch_size: pictures that are changed at a time.
    """
    layer = augmentation(seed)
    batches = [pictures[i : i + batch_size] for _ in range(n - 1) for i in range(0, len(pictures), batch_size)]
    changed = [np.asarray(layer(batch.astype("float32"), training=True)) for batch in batches]
    return np.concatenate([pictures, *(batch.round().astype(pictures.dtype) for batch in changed)])


def _audio_feature(audio, dropout: float):
    if len(audio.shape) != 2:
        raise ValueError(f"Audio must be (features,) per clip. Received: audio_shape={audio.shape[1:]}")
    x = layers.Normalization(axis=-1, name="audio_standardised")(audio)
    for i, units in enumerate(AUDIO_UNITS, start=1):
        x = layers.Dropout(dropout, name=f"audio_dropout_{i}")(x)
        x = layers.Dense(units, activation="relu", name=f"audio_dense_{i}")(x)
    x = layers.Dropout(dropout, name="audio_dropout")(x)
    return layers.Dense(FEATURE_UNITS, name="audio_feature")(x)


def _face_vector(image, filters, augment):
    if len(image.shape) == 2 and not augment:
        return layers.Normalization(axis=-1, name="image_standardised")(image)
    if len(image.shape) != 4 or min(image.shape[1:3]) < POOL ** len(filters):
        raise ValueError(
            f"An image must be (height, width, channels), at least {POOL ** len(filters)} pixels high and wide, or, "
            f"without augmentation, (features,). Received: image_shape={image.shape[1:]}"
        )
    x = augment(image) if augment else image
    x = layers.Rescaling(1 / 127.5, offset=-1, name="image_scaled")(x)
    for i, n in enumerate(filters, start=1):
        x = layers.Conv2D(n, KERNEL, padding="same", activation="relu", name=f"image_conv_{i}")(x)
        x = layers.MaxPooling2D(POOL, name=f"image_pool_{i}")(x)
    return layers.Flatten(name="image_vector")(x)


def _image_feature(x, dense_units: int, vector_dropout: float, dropout: float):
    x = layers.Dropout(vector_dropout, name="image_vector_dropout")(x)
    x = layers.Dense(dense_units, activation="relu", name="image_dense")(x)
    x = layers.Dropout(dropout, name="image_dropout")(x)
    return layers.Dense(FEATURE_UNITS, name="image_feature")(x)


def _common(features: Mapping, combined, modes: int | None):
    if modes is None:
        return layers.Reshape((2, FEATURE_UNITS), name="common")(combined)
    # Without a bias: the loss subtracts means.
    projections = [layers.Dense(modes, use_bias=False, name=f"{name}_common")(x) for name, x in features.items()]
    return ops.stack(projections, axis=1)


def _probabilities(name: str, n_classes: int) -> keras.layers.Layer:
    return layers.Dense(n_classes, activation="softmax", name=name)
