"""One layer on every frame of a sequence."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("kerasemo")
class FrameWise(keras.layers.Wrapper):
    """Applies a layer or network to each frame, for sequences of any length.

    The frames of all clips are one batch to the layer. `keras.layers.TimeDistributed` is no substitute: where the
    length is not known when the graph is built, as in an exported network, it goes over as many frames as there are
    clips, without an error.

    A mask of frames passes through. The layer sees masked frames too, so those count in its batch statistics.

    Args:
        layer: from `n x ...` to `n x ...`, one tensor each; its shape behind the batch is known.

    Input: `batch x frames x ...`. Output: `batch x frames x` what the layer makes of a frame.

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

    # The layer finds `training` in the context of this call.
    def call(self, inputs, training=None):
        batch, frames = ops.shape(inputs)[:2]
        outputs = self.layer(ops.reshape(inputs, (-1, *inputs.shape[2:])))
        return ops.reshape(outputs, (batch, frames, *outputs.shape[1:]))
