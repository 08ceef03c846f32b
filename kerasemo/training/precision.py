"""Mixed precision: layers that compute in 16 bits, with variables, outputs and losses in 32 bits."""

from collections.abc import Iterator

import keras

__all__ = ["FLOAT32", "is_mixed", "with_precision"]

FLOAT32 = "float32"


def with_precision(network: keras.Model, precision: str) -> keras.Model:
    """Return a copy of a network whose layers compute in another type; its variables are float32, with the same values.

    In float32 compute, in any case: all layers before the first one with trainable weights, such as spectrograms and
    normalisation; recurrent layers, whose state is a sum over time; and the layers that give the network's outputs, so
    that probabilities, losses and metrics are float32. `bfloat16` has the range of float32 and 8 bits of precision;
    processors with AMX or AVX-512 BF16 and recent GPUs compute it faster. `float16` has 11 bits and a small range:
    Keras scales the loss, so that small gradients do not become 0.

    Args:
        network: a functional network, which may contain others.
        precision: `bfloat16`, `float16` or `float32`.

    Returns:
        The copy. The random generators of its layers, such as dropout, have new states.

    Example:
        >>> x = keras.Input((3,), name="x")
        >>> hidden = keras.layers.Dense(4, name="hidden")(x)
        >>> network = keras.Model({"x": x}, {"emotion": keras.layers.Dense(2, "softmax", name="emotion")(hidden)})
        >>> [layer.compute_dtype for layer in with_precision(network, "bfloat16").layers[1:]]
        ['bfloat16', 'float32']
    """
    policy = FLOAT32 if precision == FLOAT32 else f"mixed_{precision}"
    exact = {id(operation) for operation in [*_before_weights(network), *_heads(network)]}

    def copied(operation: keras.Operation) -> keras.Operation:
        config = operation.get_config()
        if isinstance(operation, keras.layers.Layer):
            in_float32 = id(operation) in exact or isinstance(operation, keras.layers.RNN)
            config["dtype"] = FLOAT32 if in_float32 else policy
        return type(operation).from_config(config)

    copy = keras.models.clone_model(network, clone_function=copied, recursive=True)
    copy.set_weights(network.get_weights())
    for layer in copy._flatten_layers():
        if isinstance(layer, keras.layers.Normalization):
            layer.finalize_state()  # it computes with tensors that it makes of its weights
    return copy


def is_mixed(network: keras.Model) -> bool:
    """Return whether some layers of a network, or of networks inside it, do not compute in float32.

    Args:
        network: the network.
    """
    return any(
        is_mixed(layer) if isinstance(layer, keras.Model) else layer.compute_dtype != FLOAT32
        for layer in network.layers
    )


def _before_weights(network: keras.Model) -> Iterator[keras.Operation]:
    """Yield the operations that depend only on inputs and on operations without trainable weights."""
    found = set()
    for operation in network.operations:  # each after those that it depends on
        if isinstance(operation, keras.Model):
            yield from _before_weights(operation)
        inputs = [tensor for node in operation._inbound_nodes for tensor in node.input_tensors]
        depends_on_weights = any(id(tensor._keras_history.operation) not in found for tensor in inputs)
        if not depends_on_weights and not getattr(operation, "trainable_weights", None):
            found.add(id(operation))
            yield operation


def _heads(network: keras.Model) -> Iterator[keras.Operation]:
    """Yield the operations that give the outputs of a network; for a network inside it, those of its outputs."""
    for output in keras.tree.flatten(network.output):
        operation = output._keras_history.operation
        yield from _heads(operation) if isinstance(operation, keras.Model) else [operation]
