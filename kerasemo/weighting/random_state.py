"""Random numbers that continue unchanged after training is resumed."""

import random

import keras

__all__ = ["RandomState"]


class RandomState:
    """A seed and a count of draws, stored in a variable of a layer and therefore in every checkpoint.

    Args:
        layer: the layer that owns the variable.
        seed: the seed; None: drawn from Python's random numbers.

    Attributes:
        value: seed and count, an integer tensor for TensorFlow's stateless random functions.
    """

    def __init__(self, layer: keras.layers.Layer, seed: int | None):
        self.seed = random.randrange(2**31) if seed is None else seed
        self._variable = layer.add_weight(
            shape=(2,),
            initializer=lambda shape, dtype: keras.ops.convert_to_tensor([self.seed, 0], dtype),
            dtype="int64",
            trainable=False,
            aggregation="only_first_replica",  # all devices draw the same
            name="random_state",
        )

    @property
    def value(self) -> keras.KerasTensor:
        return self._variable.value

    def advance(self) -> None:
        """Move on to the next draw."""
        self._variable.assign_add([0, 1])
