"""Training of a model, with resumption after an interruption."""

import math
from collections.abc import Mapping
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from kerasemo.training.callbacks import Checkpoint, EarlyStopping, restore
from kerasemo.training.clips import Clips
from kerasemo.training.finite import FiniteWeights
from kerasemo.training.items import Items
from kerasemo.training.joint_model import JointModel
from kerasemo.training.segments import Segments

__all__ = ["CONSTANT", "MOST_STEPS", "SMALL_NETWORK", "adapt", "fit", "steps_per_call"]

# A feature whose standard deviation is less than this share of its mean is constant in float32.
CONSTANT = 1e-6
SMALL_NETWORK = 1_000_000
"""Number of weights up to which Python takes a large part of the time of a step."""
MOST_STEPS = 64
"""Largest number of steps in one call of TensorFlow, which Ctrl-C does not interrupt."""


def fit(
    model: JointModel,
    train: Items | Clips | Segments,
    validation: Items | Clips | Segments | None,
    *,
    epochs: int,
    batch_size: int,
    seed: int,
    checkpoint: Path,
    patience: int | None = None,
) -> pd.DataFrame:
    """Train a compiled model, and continue from the checkpoint if there is one.

    If training is interrupted at any moment and `fit` is called again with the same arguments, the final weights are
    exactly the same as without the interruption.

    Args:
        model: built and compiled. If `train` is `Items`, its `Normalization` layers are adapted to them here (for
            sequences, to the valid frames).
        train: the training items.
        validation: items that are scored after each epoch; None or empty: no validation.
        epochs: total number of epochs.
        batch_size: items per step.
        seed: seed of the order of the items.
        checkpoint: file with the state after the last saved epoch.
        patience: stop after this number of epochs without a lower validation loss, and give the model the weights of
            the best epoch, see `callbacks.EarlyStopping`; None: train for all epochs.

    Returns:
        The history, one row per epoch.

    Raises:
        InputError: A task weight is not finite; the checkpoint of the previous epoch is kept.
    """
    if isinstance(train, Items):
        adapt(model, train.inputs, train.mask)
    _build_state(model, train)
    history = restore(model, checkpoint)
    checkpoint_callback = Checkpoint(checkpoint, history)
    tasks, best = list(model.task_losses), checkpoint.with_suffix(".best.npz")
    stopping = EarlyStopping(best, tasks, patience, history) if patience else None
    if len(history) < epochs and not (stopping and stopping.is_over):
        n_steps = math.ceil(len(train) / batch_size)
        model.steps_per_execution = steps_per_call(model, n_steps)
        model.fit(
            train.epochs(batch_size, seed, len(history)),
            steps_per_epoch=n_steps,
            validation_data=validation.once() if validation else None,
            initial_epoch=len(history),
            epochs=epochs,
            # The best weights are saved before the state: a resumed run repeats an epoch without a state.
            callbacks=[FiniteWeights(checkpoint_callback), *filter(None, [stopping]), checkpoint_callback],
            shuffle=False,  # the dataset is shuffled already
            verbose=0,
        )
    if stopping:
        stopping.restore(model)
    return checkpoint_callback.history


def steps_per_call(model: JointModel, n_steps: int) -> int:
    """Return how many steps are one call of TensorFlow.

    Args:
        model: the model; with more than `SMALL_NETWORK` weights, a call is one step.
        n_steps: number of steps of an epoch.

    Returns:
        A divisor of `n_steps`, `MOST_STEPS` at most. The results do not depend on it.
    """
    if model.count_params() > SMALL_NETWORK:
        return 1
    return max(n for n in range(1, min(n_steps, MOST_STEPS) + 1) if n_steps % n == 0)


def _build_state(model: JointModel, items: Items | Clips | Segments) -> None:
    """Create the variables of optimizer and metrics; if the first step created them, it would be traced twice."""
    model.optimizer.build(model.trainable_variables)
    x, y, weights = items.first()
    model.compute_metrics(x, y, model(x, training=False), weights)
    model.reset_metrics()


def adapt(model: keras.Model, inputs: Mapping[str, np.ndarray], mask: np.ndarray | None = None) -> None:
    """Adapt each `Normalization` layer that directly follows an input to the mean and variance of that input.

    A constant feature is centred but not scaled: Keras would divide it by 1e-7, so that a recording in which it is not
    constant would give values of several millions.

    Args:
        model: the built model.
        inputs: named arrays, items along the first axis.
        mask: the valid frames of padded sequences, `items x frames`.
    """
    for layer in model.layers:
        if isinstance(layer, keras.layers.Normalization) and layer.input.name in inputs:
            items = inputs[layer.input.name]
            held = layer.mean, layer.variance
            # Sequence by sequence, so that memory use does not depend on their number.
            layer.adapt(items if mask is None else (x[valid][np.newaxis] for x, valid in zip(items, mask, strict=True)))
            mean, variance = map(keras.ops.convert_to_numpy, (layer.adapt_mean, layer.adapt_variance))
            is_constant = np.sqrt(variance) <= np.maximum(CONSTANT * np.abs(mean), keras.config.epsilon())
            layer.adapt_variance.assign(np.where(is_constant, 1, variance))
            layer.finalize_state()
            layer.mean, layer.variance = map(_in_variable, held, (layer.mean, layer.variance))


def _in_variable(held: tf.Tensor | tf.Variable, value: tf.Tensor) -> tf.Variable:
    """Return a variable with a value: that of before, if there was one, because a traced step reads it."""
    if not isinstance(held, tf.Variable):
        return tf.Variable(value, trainable=False)
    held.assign(value)
    return held
