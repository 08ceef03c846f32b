"""A wrapper that applies a layer only during training."""

import keras

__all__ = ["InTraining"]


@keras.saving.register_keras_serializable("kerasemo")
class InTraining(keras.layers.Wrapper):
    """Applies a layer during training, and otherwise returns its input unchanged.

    The random layers of Keras need this wrapper: they treat a call without `training` as training, so an exported
    network would still apply random changes to its inputs.

    Args:
        layer: a layer that keeps the shape of its input, such as `keras.layers.RandomFlip`.

    Input and output: a tensor that the layer accepts.

    Example:
        >>> doubled = InTraining(keras.layers.Rescaling(2))
        >>> float(doubled(keras.ops.ones(1))[0]), float(doubled(keras.ops.ones(1), training=True)[0])
        (1.0, 2.0)
    """

    def call(self, inputs, training=False):
        return self.layer(inputs, training=True) if training else inputs
