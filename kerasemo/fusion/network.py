"""A fitted fusion as a Keras network: a linear stage over a context window is a one-dimensional convolution."""

from collections.abc import Sequence

import keras
from keras import layers, ops

from kerasemo.corpora.avec2019 import TARGETS
from kerasemo.fusion.stage import Stage


def fusion_network(models: Sequence[str], stages: Sequence[Stage]) -> keras.Model:
    """Build the network that a fitted fusion is.

    Args:
        models: names of the models whose predictions are the inputs, in order.
        stages: as from the `stages` method of a fitted estimator.

    Returns:
        A model from each model's traces, `batch x frames x 3`, to each of `TARGETS`, `batch x frames x 1`, of the last
        stage. A sequence is a whole recording without padding: its ends are repeated, and its mean is taken.
    """
    inputs = {name: keras.Input((None, len(TARGETS)), name=name) for name in models}
    base = layers.Concatenate(name="traces")(list(inputs.values())) if len(inputs) > 1 else inputs[models[0]]
    here, output = base, None
    for number, stage in enumerate(stages, start=1):
        if output is not None:
            here = layers.Concatenate(name=f"traces_{number}")([base, output])
        output = _stage_output(here, stage, number)
    outputs = {target: ops.expand_dims(output[:, :, column], axis=-1) for column, target in enumerate(TARGETS)}
    return keras.Model(inputs, outputs, name="fusion")


def _stage_output(here: keras.KerasTensor, stage: Stage, number: int) -> keras.KerasTensor:
    first, last = here[:, :1], here[:, -1:]
    ends = [ops.repeat(frame, stage.reach, axis=1) for frame in (first, last)]
    padded = ops.concatenate([ends[0], here, ends[1]], axis=1) if stage.reach else here
    window = layers.Conv1D(stage.kernel.shape[2], len(stage.kernel), name=f"stage_{number}")
    output = window(padded)
    window.set_weights([stage.kernel, stage.bias])
    if not stage.level.any():
        return output
    level = layers.Dense(stage.level.shape[1], use_bias=False, name=f"level_{number}")
    output = output + level(ops.mean(here, axis=1, keepdims=True))
    level.set_weights([stage.level])
    return output
