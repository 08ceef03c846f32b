"""Layers for padded sequences that use the number of valid frames.

A Keras mask cannot be used, because it is lost in convolutions and in an exported network.
"""

import keras
from keras import ops

__all__ = ["LastValid", "ZeroPadded"]


@keras.saving.register_keras_serializable("kerasemo")
class ZeroPadded(keras.layers.Layer):
    """Sets everything after the valid frames to zero.

    A convolution adds its bias to the padding, too. Without this layer, the next convolution would read different
    values after the end of a padded clip than after the end of the same clip without padding.

    Args:
        steps: number of steps of the sequence per frame.

    Input: the sequence, `batch x steps x ...`, and the number of valid frames, `batch`. Output: as the sequence.

    Example:
        >>> ZeroPadded(steps=2)([ops.ones((1, 6, 1)), ops.array([2])])[0, :, 0].numpy().tolist()
        [1.0, 1.0, 1.0, 1.0, 0.0, 0.0]
    """

    def __init__(self, steps: int = 1, **kwargs):
        super().__init__(**kwargs)
        self.steps = steps

    def call(self, inputs):
        sequence, n_frames = inputs
        valid = ops.arange(ops.shape(sequence)[1])[None] < self.steps * ops.cast(n_frames, "int32")[:, None]
        return ops.where(ops.reshape(valid, (*ops.shape(valid), *[1] * (len(sequence.shape) - 2))), sequence, 0)

    def compute_output_spec(self, inputs):
        return keras.KerasTensor(inputs[0].shape, dtype=self.compute_dtype)

    def get_config(self) -> dict:
        return {**super().get_config(), "steps": self.steps}


@keras.saving.register_keras_serializable("kerasemo")
class LastValid(keras.layers.Layer):
    """Returns the last valid frame of a sequence.

    Input: the sequence, `batch x frames x features`, and the number of valid frames, `batch`; numbers above the length
    of the sequence are treated as its length. Output: `batch x features`.

    Example:
        >>> LastValid()([ops.reshape(ops.arange(6.0), (2, 3, 1)), ops.array([3, 1])])[:, 0].numpy().tolist()
        [2.0, 3.0]
    """

    def call(self, inputs):
        sequence, n_frames = inputs
        last = ops.clip(ops.cast(n_frames, "int32"), 1, ops.shape(sequence)[1]) - 1
        return ops.take_along_axis(sequence, last[:, None, None], axis=1)[:, 0]

    def compute_output_spec(self, inputs):
        batch, _, features = inputs[0].shape
        return keras.KerasTensor((batch, features), dtype=self.compute_dtype)
