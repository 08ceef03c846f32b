"""Fitting a model to the end, across interruptions."""

import math
from collections.abc import Mapping
from pathlib import Path

import keras
import numpy as np
import pandas as pd

from kerasemo.training import datasets
from kerasemo.training.callbacks import Checkpoint, restore
from kerasemo.training.items import Items
from kerasemo.training.joint_model import JointModel

SCORING_BATCH_SIZE = 256


def fit(
    model: JointModel,
    train: Items,
    validation: Items | None,
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
        model: built and compiled; its `Normalization` layers are adapted to the training items here.
        train: the items to learn from.
        validation: scored after each epoch; None or no items: nothing is.
        epochs: number of epochs in all.
        batch_size: items a step.
        seed: what the order of the items follows from.
        checkpoint: file of the state after the last finished epoch.

    Returns:
        The history, a row an epoch.
    """
    adapt(model, train.inputs)
    # Built now: variables made inside the first step would have it traced twice.
    model.optimizer.build(model.trainable_variables)
    history = restore(model, checkpoint)
    keep = Checkpoint(checkpoint, history)
    if len(history) < epochs:
        model.fit(
            datasets.epochs(train.inputs, train.targets, batch_size, seed, first_epoch=len(history)),
            steps_per_epoch=math.ceil(len(train) / batch_size),
            validation_data=(
                datasets.once(validation.inputs, validation.targets, SCORING_BATCH_SIZE) if validation else None
            ),
            initial_epoch=len(history),
            epochs=epochs,
            callbacks=[keep],
            shuffle=False,  # the stream is in its own order already
            verbose=0,
        )
    return keep.history


def adapt(model: keras.Model, inputs: Mapping[str, np.ndarray]) -> None:
    """Give every `Normalization` layer that reads an input directly the mean and variance of that input."""
    for layer in model.layers:
        if isinstance(layer, keras.layers.Normalization) and layer.input.name in inputs:
            layer.adapt(inputs[layer.input.name])
