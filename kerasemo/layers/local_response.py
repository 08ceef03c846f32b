"""Local response normalisation, as in AlexNet."""

import keras
import tensorflow as tf

__all__ = ["ALPHA", "BETA", "BIAS", "RADIUS", "LocalResponseNormalization"]

BIAS, ALPHA, BETA = 2.0, 1e-4, 0.75
RADIUS = 2
"""Channels on each side: n = 5 channels including the one in the middle."""


@keras.saving.register_keras_serializable("kerasemo")
class LocalResponseNormalization(keras.layers.Layer):
    """Divides each value by (2 + 1e-4 s)^(3/4), where s is the sum of squares over the five channels around it.

    Source: Krizhevsky, Sutskever and Hinton 2012, "ImageNet classification with deep convolutional neural networks",
    section 3.3.

    Input and output: `batch x height x width x channels`. The arithmetic is float32 for types of 16 bits, for which
    TensorFlow has no such operation on every device.
    """

    def call(self, inputs):
        exact = tf.cast(inputs, "float32")
        return tf.cast(tf.nn.local_response_normalization(exact, RADIUS, BIAS, ALPHA, BETA), inputs.dtype)

    def compute_output_shape(self, input_shape):
        return input_shape
