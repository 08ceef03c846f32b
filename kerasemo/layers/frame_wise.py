"""A wrapper that applies a layer to every frame of a sequence."""

import keras
from keras import ops

__all__ = ["FrameWise"]


@keras.saving.register_keras_serializable("kerasemo")
class FrameWise(keras.layers.Wrapper):
    """Applies a layer or network to each frame, for sequences of any length.

    The layer receives the frames of all clips as one batch. `keras.layers.TimeDistributed` cannot be used: if the
    length is not known when the graph is built, as in an exported network, it processes as many frames as there are
    clips, without an error.

    A mask of frames is passed on. The layer also processes masked frames, so they affect its batch statistics.

    Args:
        layer: a layer or network from one tensor `n x ...` to one tensor `n x ...`; all axes but n have known lengths.

    Input: `batch x frames x ...`. Output: `batch x frames x` the layer's output for a frame.

    Raises:
        ValueError: The input has no axis of frames.

    Example:
        >>> FrameWise(keras.layers.Flatten())(keras.ops.ones((2, 5, 4, 3))).shape
        TensorShape([2, 5, 12])
    """

    def __init__(self, layer, **kwargs):
        super().__init__(layer, **kwargs)
        self.supports_masking = True

    def build(self, input_shape):
        if len(input_shape) < 3:
            raise ValueError(f"FrameWise needs `batch x frames x ...`. Received: input_shape={tuple(input_shape)}")
        super().build((None, *input_shape[2:]))

    # The wrapped layer receives `training` from the call context of Keras.
    def call(self, inputs, training=None):
        batch, frames = ops.shape(inputs)[:2]
        outputs = self.layer(ops.reshape(inputs, (-1, *inputs.shape[2:])))
        return ops.reshape(outputs, (batch, frames, *outputs.shape[1:]))
