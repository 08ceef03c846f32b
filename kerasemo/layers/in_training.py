"""A layer that acts in training only."""

import keras


@keras.saving.register_keras_serializable("kerasemo")
class InTraining(keras.layers.Wrapper):
    """Applies a layer in training, and otherwise gives its input as it is.

    The random layers of Keras need it: they take a call that does not say whether it trains for one that does, so that
    an exported network would go on turning and shifting what it is given.

    Args:
        layer: from tensors to tensors of the same shape, such as `keras.layers.RandomFlip`.

    Input and output: a tensor that the layer takes.

    Example:
        >>> doubled = InTraining(keras.layers.Rescaling(2))
        >>> float(doubled(keras.ops.ones(1))[0]), float(doubled(keras.ops.ones(1), training=True)[0])
        (1.0, 2.0)
    """

    def call(self, inputs, training=False):
        return self.layer(inputs, training=True) if training else inputs
