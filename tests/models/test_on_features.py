import keras
import numpy as np
import pytest

from kerasemo.models import on_features

TASKS = {"emotion": 4, "valence": 1}


def test_dense_has_the_parameters_of_its_layers():
    network = on_features.dense({"a": (10,), "b": (6,)}, TASKS, units=(8, 5), dropout=0.5)
    trainable = sum(int(np.prod(variable.shape)) for variable in network.trainable_variables)
    assert trainable == (16 + 1) * 8 + (8 + 1) * 5 + (5 + 1) * (4 + 1)


def test_lstm_has_the_parameters_of_its_layers():
    network = on_features.lstm({"a": (7, 10)}, TASKS, units=(8,))
    trainable = sum(int(np.prod(variable.shape)) for variable in network.trainable_variables)
    assert trainable == 4 * (10 + 8 + 1) * 8 + (8 + 1) * (4 + 1)


@pytest.mark.parametrize("build", [on_features.dense, on_features.lstm])
def test_classes_have_probabilities_and_numbers_any_value(build):
    shape = (10,) if build is on_features.dense else (7, 10)
    keras.utils.set_random_seed(0)
    network = build({"a": shape}, TASKS, units=(8,))
    outputs = network.predict({"a": np.random.default_rng(0).standard_normal((3, *shape))}, verbose=0)
    np.testing.assert_allclose(outputs["emotion"].sum(axis=1), 1, atol=1e-6)
    assert outputs["valence"].shape == (3, 1) and network.get_layer("valence").activation is keras.activations.linear
