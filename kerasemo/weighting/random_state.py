"""Random numbers that go on where they were after a restart."""

import random

import keras


class RandomState:
    """A seed and a count of draws, kept as a variable of a layer and so in every checkpoint.

    Args:
        layer: what the variable belongs to.
        seed: None: drawn from Python's random numbers.

    Attributes:
        value: the pair, an integer tensor for TensorFlow's stateless random functions.
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
        """Go on to the next draw."""
        self._variable.assign_add([0, 1])
