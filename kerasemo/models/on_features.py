"""Small networks on features of any kind, with a head for each task: dense layers on clips, LSTMs on frames."""

from collections.abc import Mapping, Sequence

import keras
from keras import layers

from kerasemo.layers import ChunkedLSTM

__all__ = ["UNITS", "dense", "heads", "lstm", "standardised"]

UNITS = (256, 128)


def dense(
    shapes: Mapping[str, tuple[int]], tasks: Mapping[str, int], units: Sequence[int] = UNITS, dropout: float = 0.0
) -> keras.Model:
    """Dense layers on the features of a clip, side by side if there are several sets.

    Args:
        shapes: name of each feature set -> its shape, `(features,)`. The network standardises them: `adapt` it to the
            training clips, see `training.fit.adapt`.
        tasks: name -> number of classes; 1 for a task that is a number.
        units: units of each layer.
        dropout: dropout rate after each layer, 0..1.

    Returns:
        A model from each feature set, `batch x features`, to each task: probabilities, `batch x classes`, or a number,
        `batch x 1`.

    Example:
        >>> network = dense({"egemaps": (88,)}, {"emotion": 4, "valence": 1}, units=[16])
        >>> network.output["emotion"].shape, network.output["valence"].shape
        ((None, 4), (None, 1))
    """
    inputs, x = standardised(shapes)
    for number, width in enumerate(units, start=1):
        x = layers.Dense(width, activation="relu", name=f"dense_{number}")(x)
        if dropout:
            x = layers.Dropout(dropout, name=f"dropout_{number}")(x)
    return keras.Model(inputs, heads(x, tasks), name="dense")


def lstm(
    shapes: Mapping[str, tuple[int, int]], tasks: Mapping[str, int], units: Sequence[int] = UNITS, dropout: float = 0.0
) -> keras.Model:
    """LSTMs on the frames of a clip, and the mean of their outputs over time.

    Args:
        shapes: name of each feature set -> its shape, `(frames, features)`; all sets have the same number of frames.
        tasks, units, dropout: as in `dense`.

    Returns:
        A model from each feature set, `batch x frames x features`, to each task, as in `dense`.
    """
    inputs, x = standardised(shapes)
    for number, width in enumerate(units, start=1):
        x = ChunkedLSTM(width, return_sequences=True, name=f"lstm_{number}")(x)
        if dropout:
            x = layers.Dropout(dropout, name=f"dropout_{number}")(x)
    return keras.Model(inputs, heads(layers.GlobalAveragePooling1D(name="mean")(x), tasks), name="lstm")


def heads(x: keras.KerasTensor, tasks: Mapping[str, int]) -> dict[str, keras.KerasTensor]:
    """Return an output for each task: probabilities of its classes, or a linear output if it is a number.

    Args:
        x: features of each item, `batch x units`.
        tasks: task -> number of its classes; 1: the task is a number.
    """
    return {task: layers.Dense(n, activation="softmax" if n > 1 else None, name=task)(x) for task, n in tasks.items()}


def standardised(shapes: Mapping[str, tuple]) -> tuple[dict[str, keras.KerasTensor], keras.KerasTensor]:
    """Return an input for each feature set, and their standardised features side by side.

    Args:
        shapes: name of each feature set -> its shape; the shapes differ only in the last axis, the features.
    """
    inputs = {name: keras.Input(shape, name=name) for name, shape in shapes.items()}
    sets = [layers.Normalization(name=f"{name}_standardised")(x) for name, x in inputs.items()]
    return inputs, layers.Concatenate(name="features")(sets) if len(sets) > 1 else sets[0]
