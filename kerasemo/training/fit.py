"""Fitting a model to the end, across interruptions."""

import math
from collections.abc import Mapping
from pathlib import Path

import keras
import numpy as np
import pandas as pd

from kerasemo.training.callbacks import Checkpoint, restore
from kerasemo.training.clips import Clips
from kerasemo.training.finite import FiniteWeights
from kerasemo.training.items import Items
from kerasemo.training.joint_model import JointModel
from kerasemo.training.segments import Segments

# A feature whose standard deviation is less than this share of its mean is constant in float32.
CONSTANT = 1e-6


def fit(
    model: JointModel,
    train: Items | Clips | Segments,
    validation: Items | Clips | Segments | None,
    *,
    epochs: int,
    batch_size: int,
    seed: int,
    checkpoint: Path,
) -> pd.DataFrame:
    """Train a compiled model; go on from the checkpoint where there is one.

    Interrupted at any moment and called again with the same arguments, it ends with the same weights, to the bit, as
    if it had never been interrupted.

    Args:
        model: built and compiled; its `Normalization` layers are adapted to the training items, of sequences to the
            valid frames, here.
        train: the items to learn from.
        validation: scored after each epoch; None or no items: nothing is.
        epochs: number of epochs in all.
        batch_size: items a step.
        seed: what the order of the items follows from.
        checkpoint: file of the state after the last finished epoch.

    Returns:
        The history, a row an epoch.

    Raises:
        InputError: a task weight is no longer finite; the checkpoint of the epoch before is kept.
    """
    if isinstance(train, Items):
        adapt(model, train.inputs, train.mask)
    _build_state(model, train)
    history = restore(model, checkpoint)
    keep = Checkpoint(checkpoint, history)
    if len(history) < epochs:
        model.fit(
            train.epochs(batch_size, seed, len(history)),
            steps_per_epoch=math.ceil(len(train) / batch_size),
            validation_data=validation.once() if validation else None,
            initial_epoch=len(history),
            epochs=epochs,
            callbacks=[FiniteWeights(checkpoint), keep],
            shuffle=False,  # the stream is in its own order already
            verbose=0,
        )
    return keep.history


def _build_state(model: JointModel, items: Items | Clips | Segments) -> None:
    """Make the variables of optimizer and metrics now; made inside the first step, they would have it traced twice."""
    model.optimizer.build(model.trainable_variables)
    x, y, weights = items.first()
    model.compute_metrics(x, y, model(x, training=False), weights)
    model.reset_metrics()


def adapt(model: keras.Model, inputs: Mapping[str, np.ndarray], mask: np.ndarray | None = None) -> None:
    """Give every `Normalization` layer that reads an input directly the mean and variance of that input.

    A feature that is constant is centred and not scaled: Keras would divide it by 1e-7, and a recording in which it is
    not constant would reach the network in millions.

    Args:
        model: built.
        inputs: named arrays, items along the first axis.
        mask: of padded sequences, which frames count, `items x frames`.
    """
    for layer in model.layers:
        if isinstance(layer, keras.layers.Normalization) and layer.input.name in inputs:
            items = inputs[layer.input.name]
            # Sequence by sequence, so that the valid frames are not copied all at once.
            layer.adapt(items if mask is None else [x[valid][np.newaxis] for x, valid in zip(items, mask, strict=True)])
            mean, variance = map(keras.ops.convert_to_numpy, (layer.adapt_mean, layer.adapt_variance))
            is_constant = np.sqrt(variance) <= np.maximum(CONSTANT * np.abs(mean), keras.config.epsilon())
            layer.adapt_variance.assign(np.where(is_constant, 1, variance))
            layer.finalize_state()
