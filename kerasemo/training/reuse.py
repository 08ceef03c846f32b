"""Trains networks that differ only in their numbers with one traced model: most networks of a grid do."""

import inspect
import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property

import keras
import tensorflow as tf

from kerasemo.training.clips import Clips
from kerasemo.training.fit import SMALL_NETWORK, steps_per_call
from kerasemo.training.items import Items
from kerasemo.training.joint_model import JointModel, all_variables
from kerasemo.training.memory import release
from kerasemo.training.precision import FLOAT32, is_mixed, with_precision
from kerasemo.training.segments import Segments

__all__ = ["MOST_KEPT", "Traced", "traced"]

MOST_KEPT = 16
"""Number of small traced models that a process keeps; 0: each is traced anew."""

_kept: dict[str, "Traced"] = {}


class Traced:
    """A model to train, and its plain network; both keep the functions that TensorFlow traced for them.

    Args:
        model: the compiled model.
    """

    def __init__(self, model: JointModel):
        self.model = model

    @cached_property
    def network(self) -> keras.Model:
        """The plain network, in 32 bits. In mixed precision it is a copy, so it is asked for after training."""
        network = self.model.network()
        return with_precision(network, FLOAT32) if is_mixed(network) else network

    def release(self) -> None:
        """Release the memory of model and network, which cannot be used afterwards."""
        release(self.model)
        release(self.network)


@contextmanager
def traced(model: JointModel, items: Items | Clips | Segments, batch_size: int) -> Iterator[Traced]:
    """Yield a model in the same state as a compiled one that was not trained yet: this one, or one kept from before.

    Tracing takes longer than the training of a small network, and the trace only depends on how a model is defined. So
    a kept model of the same definition takes over all numbers: weights, states of random generators, task weights and
    the variables of the optimizers. The results are equal to the last bit. Larger models, and those in mixed precision
    or on several devices, are not kept, and are released at the end of the block. Random layers must have a
    `SeedGenerator`, as Keras demands.

    Args:
        model: the built and compiled model; it cannot be used afterwards.
        items: the training items.
        batch_size: items per step.
    """
    key = _definition(model, items, batch_size)
    found = _kept.pop(key, None)  # not kept while it is trained: an error would leave it in any state
    if found:
        for theirs, ours in zip(_state(found.model), _state(model), strict=True):
            theirs.assign(ours)
        release(model)
    else:
        found = Traced(model)
    yield found
    if key is None:
        found.release()
        return
    _kept[key] = found
    while len(_kept) > MOST_KEPT:
        _kept.pop(next(iter(_kept))).release()


def _definition(model: JointModel, items: Items | Clips | Segments, batch_size: int) -> str | None:
    """Return everything that a trace depends on as text; None: the model is not kept."""
    is_kept = MOST_KEPT and model.count_params() <= SMALL_NETWORK and not tf.distribute.has_strategy()
    compiled = [*keras.tree.flatten(model._compile_config.config), model.weighting_optimizer]
    parts = [*model.task_losses.values(), model.weighting, *(part for part in compiled if hasattr(part, "get_config"))]
    if not is_kept or is_mixed(model) or not all(map(_is_described, parts)):
        return None
    shapes = keras.tree.map_structure(lambda x: x is not None and [str(x.dtype), *x.shape[1:]], items.first())
    n_steps = steps_per_call(model, math.ceil(len(items) / batch_size))
    try:
        return json.dumps([model.get_config(), model.get_compile_config(), shapes, n_steps])
    except (TypeError, NotImplementedError):
        return None


def _is_described(part: object) -> bool:
    """Return whether the config of a loss, metric, weighting or optimizer has all parameters of its class.

    Those of Keras count as described; their only hidden parameters are the type and the axis of the classes.
    """
    if type(part).__module__.startswith("keras."):
        return True
    parameters = inspect.signature(type(part)).parameters.values()
    names = {each.name for each in parameters if each.kind is not each.VAR_KEYWORD}
    return names - {"dtype"} <= set(part.get_config())


def _state(model: JointModel) -> list[keras.Variable]:
    """Return all variables of a model that are not set at the beginning of each epoch, as metrics are."""
    model.optimizer.build(model.trainable_variables)
    of_metrics = {id(variable) for metric in model.metrics for variable in metric.variables}
    return [variable for variable in all_variables(model) if id(variable) not in of_metrics]
