"""The networks of chae2018: emotion and gender from raw sound, from video, or from both.

Source: Chae, Kim, Shin, Kim and Lee 2018, "End-to-end multimodal emotion and gender recognition with dynamic weights of
joint loss", section IV; for details that the text does not give, the authors' code.

A clip is a sequence of frames of 40 ms (25 per second), each with 640 samples of sound at 16 kHz and one picture. Clips
may have any length. In a batch they are padded with zeros, and `n_frames` gives their lengths. The padding does not
change the outputs for a clip, except that batch normalisation includes the padded pictures in training.

- Sound: a convolution with 40 filters and 80 taps (5 ms), max-pooling by 2, a convolution with 40 filters and 4000 taps
  (500 ms at 8 kHz), max-pooling over groups of 10 channels: 320 steps with 4 channels are the 1280 values of a frame.
  No activations. The numbers of zeros before and after are those of the code: 40 and 39, 2000 and 1999.
- Video: ResNet-50 on each picture with average pooling: 2048 values per frame.
- Both are concatenated and followed by two LSTMs of 256 units with Glorot initialisation of all kernels, the last valid
  frame, dropout of 0.5, and a dense layer for each task.
"""

import os
from collections.abc import Mapping

import keras
from keras import layers

from kerasemo.features.pretrained import CAFFE_MEANS, resnet50
from kerasemo.layers import ChunkedLSTM, FFTConv1D, FrameWise, LastValid, ZeroPadded
from kerasemo.models.on_features import heads

__all__ = [
    "CHANNEL_POOL",
    "DROPOUT",
    "FILTERS",
    "FRAME_RATE",
    "MODALITIES",
    "PADDING",
    "PICTURE",
    "POOL",
    "SAMPLES",
    "TAPS",
    "UNITS",
    "end_to_end",
]

FRAME_RATE = 25
SAMPLES = 640
"""Samples of sound per frame, at 16 kHz."""
PICTURE = (96, 96, 3)

FILTERS = 40
TAPS = (80, 4000)
PADDING = ((40, 39), (2000, 1999))
POOL, CHANNEL_POOL = 2, 10
UNITS = (256, 256)
DROPOUT = 0.5

MODALITIES = ("audio", "video")


def end_to_end(
    tasks: Mapping[str, int],
    modalities: tuple[str, ...] = MODALITIES,
    units: tuple[int, ...] = UNITS,
    dropout: float = DROPOUT,
    imagenet: str | os.PathLike | None = None,
) -> keras.Model:
    """Build a network from raw sound, video, or both, to the probabilities of each task.

    Args:
        tasks: name -> number of classes, such as `{"emotion": 4, "gender": 2}`.
        modalities: `audio`, `video` or both.
        units: units of each LSTM.
        dropout: dropout rate before the heads, 0..1.
        imagenet: file with the weights of ResNet-50 (see `features.pretrained.resnet50`); None: random weights.

    Returns:
        A model with the inputs `audio` (`batch x frames x SAMPLES`, standardised) and `video` (`batch x frames x 96 x
        96 x 3`, RGB, 0..255), if they are among the modalities, and `n_frames` (number of valid frames of each clip,
        `batch`). The outputs are named after the tasks (probabilities, `batch x classes`).

    Raises:
        ValueError: A modality is unknown, or none is given.
        InputError: The file of weights is missing or belongs to another network.

    Example:
        >>> network = end_to_end({"emotion": 4, "gender": 2}, modalities=("audio",))
        >>> network.output["emotion"].shape, network.get_layer("audio_frames").output.shape
        ((None, 4), (None, None, 1280))
    """
    if not modalities or set(modalities) - set(MODALITIES):
        raise ValueError(f"Modalities are {', '.join(MODALITIES)}. Received: modalities={tuple(modalities)}")
    n_frames = keras.Input((), dtype="int32", name="n_frames")
    inputs, frames = {}, []
    if "audio" in modalities:
        inputs["audio"] = keras.Input((None, SAMPLES), name="audio")
        frames.append(_audio_frames(inputs["audio"], n_frames))
    if "video" in modalities:
        inputs["video"] = keras.Input((None, *PICTURE), name="video")
        frames.append(_video_frames(inputs["video"], imagenet))
    x = layers.Concatenate(name="frames")(frames) if len(frames) > 1 else frames[0]
    for i, width in enumerate(units, start=1):
        x = ChunkedLSTM(width, recurrent_initializer="glorot_uniform", return_sequences=True, name=f"lstm_{i}")(x)
    x = LastValid(name="last_valid")([x, n_frames])
    x = layers.Dropout(dropout, name="dropout")(x)
    return keras.Model({**inputs, "n_frames": n_frames}, heads(x, tasks), name="end_to_end")


def _audio_frames(audio, n_frames):
    x = layers.Reshape((-1, 1), name="samples")(audio)
    x = layers.ZeroPadding1D(PADDING[0], name="audio_padded_1")(x)
    x = layers.Conv1D(FILTERS, TAPS[0], name="audio_conv_1")(x)
    x = layers.MaxPooling1D(POOL, name="audio_pool")(x)
    x = ZeroPadded(SAMPLES // POOL, name="audio_valid")([x, n_frames])
    x = layers.ZeroPadding1D(PADDING[1], name="audio_padded_2")(x)
    x = FFTConv1D(FILTERS, TAPS[1], name="audio_conv_2")(x)
    x = layers.MaxPooling1D(CHANNEL_POOL, data_format="channels_first", name="audio_channel_pool")(x)
    return layers.Reshape((-1, SAMPLES // POOL * FILTERS // CHANNEL_POOL), name="audio_frames")(x)


def _video_frames(video, imagenet):
    # The preprocessing of `keras.applications` for this network: BGR, minus the means of ImageNet.
    x = layers.Rescaling(1.0, offset=[-mean for mean in CAFFE_MEANS], name="video_centred")(video[..., ::-1])
    return FrameWise(resnet50(imagenet, PICTURE), name="video_frames")(x)
