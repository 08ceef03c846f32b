"""A fitted fusion as a Keras network: a linear stage over a context window is a one-dimensional convolution."""

from collections.abc import Mapping, Sequence

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


def chain_network(networks: Mapping[str, keras.Model], stages: Sequence[Stage], shift: int) -> keras.Model:
    """Build the network of a whole chain: from feature sets through the models to their fused traces.

    Args:
        networks: the models that are fused, by name and in order, each from feature sets, `batch x frames x features`,
            to `TARGETS`, `batch x frames x 1`. Inputs of one name are one input.
        stages: of the fusion, as in `fusion_network`.
        shift: frames that the models' labels were shifted to the front, undone as in `training.sequences.predict`.

    Returns:
        A model from all feature sets to each of `TARGETS`, `batch x frames x 1`. As in `fusion_network` a sequence is a
        whole recording without padding.
    """
    inputs: dict[str, keras.KerasTensor] = {}
    traces = {}
    for name, network in networks.items():
        for feature_set, tensor in network.input.items():
            inputs.setdefault(feature_set, keras.Input(tensor.shape[1:], name=feature_set))
        # Under a name of its own; trained networks of one kind share theirs.
        renamed = keras.Model(network.input, network.output, name=f"{name}_network")
        outputs = renamed({feature_set: inputs[feature_set] for feature_set in network.input})
        traces[name] = layers.Concatenate(name=f"{name}_traces")([outputs[target] for target in TARGETS])
        if shift:
            first = ops.repeat(traces[name][:, :1], shift, axis=1)
            traces[name] = ops.concatenate([first, traces[name][:, :-shift]], axis=1)
    fused = fusion_network(list(networks), stages)(traces)
    return keras.Model(inputs, fused, name="fused_chain")


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
