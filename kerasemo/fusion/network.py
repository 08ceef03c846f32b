"""Converts a fitted fusion to a Keras network: a linear stage over a context window is a 1D convolution."""

from collections.abc import Mapping, Sequence

import keras
from keras import layers, ops

from kerasemo.corpora.avec2019 import TARGETS
from kerasemo.fusion.stage import Stage

__all__ = ["chain_network", "fusion_network"]


def fusion_network(models: Sequence[str], stages: Sequence[Stage]) -> keras.Model:
    """Build a network that computes the same as a fitted fusion.

    Args:
        models: names of the models whose predictions are the inputs, in order.
        stages: the result of `stages()` of a fitted estimator.

    Returns:
        A model from each model's traces, `batch x frames x 3`, to each of `TARGETS`, `batch x frames x 1`. A sequence
        must be a whole recording without padding, because the network uses its mean, first and last frame.
    """
    inputs = {name: keras.Input((None, len(TARGETS)), name=name) for name in models}
    base = layers.Concatenate(name="traces")(list(inputs.values())) if len(inputs) > 1 else inputs[models[0]]
    traces, output = base, None
    for number, stage in enumerate(stages, start=1):
        if output is not None:
            traces = layers.Concatenate(name=f"traces_{number}")([base, output])
        output = _stage_output(traces, stage, number)
    outputs = {target: ops.expand_dims(output[:, :, column], axis=-1) for column, target in enumerate(TARGETS)}
    return keras.Model(inputs, outputs, name="fusion")


def chain_network(networks: Mapping[str, keras.Model], stages: Sequence[Stage], shift: int) -> keras.Model:
    """Build one network for several models and their fusion, from feature sets to fused traces.

    Args:
        networks: the fused models, by name and in order, each from feature sets, `batch x frames x features`, to
            `TARGETS`, `batch x frames x 1`. Models that use the same feature set share its input.
        stages: the stages of the fusion, as in `fusion_network`.
        shift: number of frames by which the models' training labels were shifted to earlier frames; the traces are
            shifted back as in `training.sequences.predict`.

    Returns:
        A model from all feature sets to each of `TARGETS`, `batch x frames x 1`. As in `fusion_network`, a sequence
        must be a whole recording without padding.
    """
    inputs: dict[str, keras.KerasTensor] = {}
    traces = {}
    for name, network in networks.items():
        for feature_set, tensor in network.input.items():
            inputs.setdefault(feature_set, keras.Input(tensor.shape[1:], name=feature_set))
        # Trained networks of the same kind have the same name, so each is renamed.
        renamed = keras.Model(network.input, network.output, name=f"{name}_network")
        outputs = renamed({feature_set: inputs[feature_set] for feature_set in network.input})
        traces[name] = layers.Concatenate(name=f"{name}_traces")([outputs[target] for target in TARGETS])
        if shift:
            first = ops.repeat(traces[name][:, :1], shift, axis=1)
            traces[name] = ops.concatenate([first, traces[name][:, :-shift]], axis=1)
    fused = fusion_network(list(networks), stages)(traces)
    return keras.Model(inputs, fused, name="fused_chain")


def _stage_output(traces: keras.KerasTensor, stage: Stage, number: int) -> keras.KerasTensor:
    first, last = traces[:, :1], traces[:, -1:]
    ends = [ops.repeat(frame, stage.reach, axis=1) for frame in (first, last)]
    padded = ops.concatenate([ends[0], traces, ends[1]], axis=1) if stage.reach else traces
    window = layers.Conv1D(stage.kernel.shape[2], len(stage.kernel), name=f"stage_{number}")
    output = window(padded)
    window.set_weights([stage.kernel, stage.bias])
    if not stage.level.any():
        return output
    level = layers.Dense(stage.level.shape[1], use_bias=False, name=f"level_{number}")
    output = output + level(ops.mean(traces, axis=1, keepdims=True))
    level.set_weights([stage.level])
    return output
