import keras
import numpy as np
import pytest

from kerasemo.losses import LogitMatching


def test_value_by_hand():
    teacher = np.array([[2.0, 0.0, 1.0], [0.0, 0.0, 3.0]])
    student = np.array([[1.0, 1.0, 1.0], [5.0, 5.0, 8.0]])
    # Centred: [1, -1, 0] against [0, 0, 0], and [-1, -1, 2] against itself.
    assert float(LogitMatching()(teacher, student)) == pytest.approx((2 / 3 + 0) / 2, abs=1e-7)


def test_sample_weights_select_clips():
    teacher, student = np.array([[1.0, -1.0], [9.0, 0.0]]), np.zeros((2, 2))
    assert float(LogitMatching(reduction="sum")(teacher, student, sample_weight=np.array([1.0, 0.0]))) == 1.0


def test_gradient_is_that_of_soft_distillation_at_high_temperature():
    """T^2 times the gradient of the softened cross-entropy tends to the gradient of half the squared difference
    divided by the number of classes (Hinton et al. 2015, equation 4). `LogitMatching` does not have the factor 1/2."""
    import tensorflow as tf

    generator = np.random.default_rng(0)
    teacher, student = (tf.constant(generator.normal(size=(1, 8))) for _ in range(2))
    temperature = 1e4
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(student)
        ours = keras.ops.sum(LogitMatching(dtype="float64")(teacher, student))
        soft = tf.nn.softmax_cross_entropy_with_logits(tf.nn.softmax(teacher / temperature), student / temperature)
    np.testing.assert_allclose(
        tape.gradient(ours, student) / 2, temperature**2 * tape.gradient(soft, student), rtol=1e-3
    )


def test_config_round_trip():
    loss = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(LogitMatching(reduction="sum")))
    assert isinstance(loss, LogitMatching) and loss.reduction == "sum"
