"""The networks of goswami2018: two unimodal baselines, five cross-modal architectures, and distilled probes.

Source: Goswami, Aggarwal and Yalamanchi 2018, "Emotion Detection using Audio and Video Detection", section 4; the
distilled probes: section 7.

The paper shows the graphs but gives no sizes. The following choices were made here:

- Audio: 40 MFCCs averaged over time, `(40,)`, convolved along the coefficients; or a sequence of frames,
  `(frames, 40)`, convolved along time. All networks accept both shapes, except architecture 2, which needs the
  sequence.
- Image: two frames side by side, `height x 2 width x 3`, bytes 0..255.
- Audio CNN: two convolutions with `AUDIO_FILTERS` and `AUDIO_KERNEL`, one max-pooling by 2. On a sequence both
  convolutions have stride 2, so that both forms of audio give a vector of a few hundred numbers.
- Image CNN: two convolutions with `IMAGE_FILTERS`, square `IMAGE_KERNEL` and stride 2, one max-pooling by `IMAGE_POOL`.
- Joint MLP: `JOINT_UNITS`, then the classes (three layers). The baselines end in the same MLP, so that they differ from
  the joint networks only in their input.
- Dimension equalisation: one dense layer that maps the image vector to the length of the audio vector.
- Probe MLP: `PROBE_UNITS`, then the classes.
- ReLU in all hidden layers; dropout only if requested.

All networks have named inputs (`audio`, `image`) and a dict of named outputs. `emotion` is always the network's
decision: probabilities, `batch x classes`.
"""

import keras
from keras import layers

__all__ = [
    "AUDIO_FILTERS",
    "AUDIO_KERNEL",
    "AUDIO_LSTM_UNITS",
    "AUDIO_SEQUENCE_SHAPE",
    "AUDIO_SHAPE",
    "IMAGE_FILTERS",
    "IMAGE_KERNEL",
    "IMAGE_POOL",
    "IMAGE_SHAPE",
    "JOINT_UNITS",
    "NETWORKS",
    "PROBE_UNITS",
    "architecture_0",
    "architecture_1",
    "architecture_2",
    "architecture_3",
    "architecture_4",
    "audio_cnn",
    "distilled_probes",
    "image_cnn",
    "logits_of",
]

AUDIO_FILTERS = (16, 16)
AUDIO_KERNEL = 5
AUDIO_LSTM_UNITS = 64
IMAGE_FILTERS = (8, 16)
IMAGE_KERNEL = 3
IMAGE_POOL = 2
JOINT_UNITS = (256, 128)
PROBE_UNITS = 64

AUDIO_SHAPE = (40,)
AUDIO_SEQUENCE_SHAPE = (160, 40)
IMAGE_SHAPE = (64, 128, 3)


def audio_cnn(n_classes: int, audio_shape: tuple = AUDIO_SHAPE, dropout: float = 0.0) -> keras.Model:
    """The Audio CNN baseline (section 4.2).

    Args:
        n_classes: number of emotions.
        audio_shape: `(coefficients,)` for a mean over time, `(frames, coefficients)` for a sequence.
        dropout: dropout rate before each dense layer of an MLP, 0..1.

    Returns:
        A model from `audio` to `emotion`.

    Raises:
        ValueError: `audio_shape` does not have one or two axes.
    """
    audio = _audio_input(audio_shape)
    logits = _mlp("emotion", n_classes, JOINT_UNITS, dropout)(_audio_vector(audio))
    return keras.Model({"audio": audio}, _probabilities(emotion=logits), name="audio_cnn")


def image_cnn(n_classes: int, image_shape: tuple = IMAGE_SHAPE, dropout: float = 0.0) -> keras.Model:
    """The Image CNN baseline (section 4.2).

    Args:
        n_classes: number of emotions.
        image_shape: `(height, width, channels)` of the two frames side by side.
        dropout: as in `audio_cnn`.

    Returns:
        A model from `image` to `emotion`.
    """
    image = _image_input(image_shape)
    logits = _mlp("emotion", n_classes, JOINT_UNITS, dropout)(_image_vector(image))
    return keras.Model({"image": image}, _probabilities(emotion=logits), name="image_cnn")


def architecture_0(
    n_classes: int,
    audio_shape: tuple = AUDIO_SHAPE,
    image_shape: tuple = IMAGE_SHAPE,
    dropout: float = 0.0,
) -> keras.Model:
    """Architecture 0, joint loss (section 4.7): the same MLP classifies both modalities; nothing is concatenated.

    The paper trains CE(audio) + beta CE(image), and does not say how the two predictions are combined. Here `emotion`
    is the mean of both, and has no loss.

    Args:
        n_classes, audio_shape, dropout: as in `audio_cnn`.
        image_shape: as in `image_cnn`.

    Returns:
        A model from `audio` and `image` to `emotion_audio`, `emotion_image` and `emotion`.
    """
    audio, image = _audio_input(audio_shape), _image_input(image_shape)
    audio_vector = _audio_vector(audio)
    image_vector = _equalised(_image_vector(image), audio_vector)
    mlp = _mlp("emotion", n_classes, JOINT_UNITS, dropout)
    outputs = _probabilities(emotion_audio=mlp(audio_vector), emotion_image=mlp(image_vector))
    outputs["emotion"] = layers.Average(name="emotion")(list(outputs.values()))
    return keras.Model({"audio": audio, "image": image}, outputs, name="architecture_0")


def architecture_1(
    n_classes: int,
    audio_shape: tuple = AUDIO_SHAPE,
    image_shape: tuple = IMAGE_SHAPE,
    dropout: float = 0.0,
) -> keras.Model:
    """Architecture 1, simple concatenation (section 4.3); arguments as in `architecture_0`.

    Returns:
        A model from `audio` and `image` to `emotion`.
    """
    audio, image = _audio_input(audio_shape), _image_input(image_shape)
    logits = _joint_logits(_audio_vector(audio), _image_vector(image), n_classes, dropout)
    return keras.Model(
        {"audio": audio, "image": image},
        _probabilities(emotion=logits),
        name="architecture_1",
    )


def architecture_2(
    n_classes: int,
    audio_shape: tuple = AUDIO_SEQUENCE_SHAPE,
    image_shape: tuple = IMAGE_SHAPE,
    dropout: float = 0.0,
) -> keras.Model:
    """Architecture 2, concatenation of the image vector and the last step of an LSTM on the audio (section 4.4).

    Arguments as in `architecture_0`; `audio_shape` must be `(frames, coefficients)`.

    Returns:
        A model from `audio` and `image` to `emotion`.

    Raises:
        ValueError: The audio is not a sequence.
    """
    if len(audio_shape) != 2:
        raise ValueError(
            f"Architecture 2 reads a sequence, (frames, coefficients). Received: audio_shape={audio_shape}"
        )
    audio, image = _audio_input(audio_shape), _image_input(image_shape)
    audio_vector = layers.LSTM(AUDIO_LSTM_UNITS, name="audio_lstm")(_standardised(audio))
    logits = _joint_logits(audio_vector, _image_vector(image), n_classes, dropout)
    return keras.Model(
        {"audio": audio, "image": image},
        _probabilities(emotion=logits),
        name="architecture_2",
    )


def architecture_3(
    n_classes: int,
    audio_shape: tuple = AUDIO_SHAPE,
    image_shape: tuple = IMAGE_SHAPE,
    dropout: float = 0.0,
) -> keras.Model:
    """Architecture 3, concatenation after dimension equalisation (section 4.5); arguments as in `architecture_0`.

    Returns:
        A model from `audio` and `image` to `emotion`.
    """
    audio, image = _audio_input(audio_shape), _image_input(image_shape)
    audio_vector = _audio_vector(audio)
    image_vector = _equalised(_image_vector(image), audio_vector)
    logits = _joint_logits(audio_vector, image_vector, n_classes, dropout)
    return keras.Model(
        {"audio": audio, "image": image},
        _probabilities(emotion=logits),
        name="architecture_3",
    )


def architecture_4(
    n_classes: int,
    audio_shape: tuple = AUDIO_SHAPE,
    image_shape: tuple = IMAGE_SHAPE,
    dropout: float = 0.0,
) -> keras.Model:
    """Architecture 4, probes (section 4.6): architecture 3 and a small classifier on each modality's vector.

    It is trained on the plain sum of the three cross-entropies. Arguments as in `architecture_0`.

    Returns:
        A model from `audio` and `image` to `emotion`, `audio_probe` and `image_probe`.
    """
    audio, image = _audio_input(audio_shape), _image_input(image_shape)
    audio_vector = _audio_vector(audio)
    image_vector = _equalised(_image_vector(image), audio_vector)
    outputs = _probabilities(
        emotion=_joint_logits(audio_vector, image_vector, n_classes, dropout),
        audio_probe=_mlp("audio_probe", n_classes, (PROBE_UNITS,), dropout)(audio_vector),
        image_probe=_mlp("image_probe", n_classes, (PROBE_UNITS,), dropout)(image_vector),
    )
    return keras.Model({"audio": audio, "image": image}, outputs, name="architecture_4")


def distilled_probes(
    n_classes: int,
    audio_shape: tuple = AUDIO_SHAPE,
    image_shape: tuple = IMAGE_SHAPE,
    dropout: float = 0.0,
) -> keras.Model:
    """Architecture 4 with the logits of its probes as additional outputs (section 7, future work).

    The logits are trained to match those of separately trained unimodal networks instead of the labels.
    Arguments as in `architecture_0`.

    Returns:
        A model from `audio` and `image` to `emotion`, `audio_probe`, `image_probe`, `audio_probe_logits` and
        `image_probe_logits`.
    """
    network = architecture_4(n_classes, audio_shape, image_shape, dropout)
    logits = {f"{probe}_logits": logits_of(network, probe).output[probe] for probe in ("audio_probe", "image_probe")}
    return keras.Model(network.input, {**network.output, **logits}, name="distilled_probes")


NETWORKS = {
    build.__name__: build
    for build in (
        audio_cnn,
        image_cnn,
        architecture_0,
        architecture_1,
        architecture_2,
        architecture_3,
        architecture_4,
        distilled_probes,
    )
}
"""The builders by name."""


def logits_of(network: keras.Model, output: str) -> keras.Model:
    """Cut a network before the softmax of one output; the logits are the target of a student's probe.

    Args:
        network: a network of this module.
        output: name of the output.

    Returns:
        A model from the network's inputs to `output`, which now contains logits. It shares the network's layers.
    """
    return keras.Model(
        network.input,
        {output: network.get_layer(output).input},
        name=f"{network.name}_logits",
    )


def _audio_input(shape: tuple) -> keras.KerasTensor:
    if len(shape) not in (1, 2):
        raise ValueError(f"Audio is (coefficients,) or (frames, coefficients). Received: audio_shape={shape}")
    return keras.Input(shape, name="audio")


def _image_input(shape: tuple) -> keras.KerasTensor:
    return keras.Input(shape, name="image")


def _standardised(audio):
    """Standardise each coefficient to mean 0 and variance 1; the layer must be adapted to the training clips."""
    return layers.Normalization(axis=-1, name="audio_standardised")(audio)


def _audio_vector(audio):
    is_sequence = len(audio.shape) == 3
    x = _standardised(audio)
    if not is_sequence:
        x = layers.Reshape((-1, 1), name="audio_coefficients")(x)
    for i, filters in enumerate(AUDIO_FILTERS, start=1):
        strides = 2 if is_sequence else 1
        conv = layers.Conv1D(
            filters,
            AUDIO_KERNEL,
            strides=strides,
            padding="same",
            activation="relu",
            name=f"audio_conv_{i}",
        )
        x = conv(x)
    x = layers.MaxPooling1D(2, name="audio_pool")(x)
    return layers.Flatten(name="audio_vector")(x)


def _image_vector(image):
    x = layers.Rescaling(1 / 127.5, offset=-1, name="image_scaled")(image)
    for i, filters in enumerate(IMAGE_FILTERS, start=1):
        conv = layers.Conv2D(
            filters,
            IMAGE_KERNEL,
            strides=2,
            padding="same",
            activation="relu",
            name=f"image_conv_{i}",
        )
        x = conv(x)
    x = layers.MaxPooling2D(IMAGE_POOL, name="image_pool")(x)
    return layers.Flatten(name="image_vector")(x)


def _equalised(image_vector, audio_vector):
    return layers.Dense(audio_vector.shape[-1], activation="relu", name="image_equalised")(image_vector)


def _joint_logits(audio_vector, image_vector, n_classes: int, dropout: float):
    joined = layers.Concatenate(name="joined")([audio_vector, image_vector])
    return _mlp("emotion", n_classes, JOINT_UNITS, dropout)(joined)


def _mlp(name: str, n_classes: int, units: tuple, dropout: float):
    """Build dense layers up to the logits; two calls of the result share the weights, as in architecture 0."""
    stack = []
    for i, width in enumerate(units, start=1):
        stack += [layers.Dropout(dropout, name=f"{name}_dropout_{i}")] if dropout else []
        stack += [layers.Dense(width, activation="relu", name=f"{name}_dense_{i}")]
    stack += [layers.Dense(n_classes, name=f"{name}_logits")]

    def apply(x):
        for layer in stack:
            x = layer(x)
        return x

    return apply


def _probabilities(**logits) -> dict:
    return {output: layers.Softmax(name=output)(x) for output, x in logits.items()}
