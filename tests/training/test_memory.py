import keras
import numpy as np

from kerasemo.training.joint_model import JointModel
from kerasemo.training.memory import release
from kerasemo.weighting import Uncertainty


def trained():
    x = keras.Input((4,), name="x")
    outputs = {task: keras.layers.Dense(3, activation="softmax", name=task)(x) for task in ("emotion", "gender")}
    losses = {task: keras.losses.SparseCategoricalCrossentropy() for task in outputs}
    optimizer = keras.optimizers.Adam()
    model = JointModel(
        {"x": x}, outputs, losses=losses, weighting=Uncertainty(list(outputs)), weighting_optimizer=optimizer
    )
    model.compile("adam", weighted_metrics={task: ["accuracy"] for task in outputs})
    model.fit({"x": np.ones((2, 4))}, {task: np.zeros(2) for task in outputs}, verbose=0)
    return model


def test_only_the_variables_of_the_released_model_are_emptied():
    first, second = trained(), trained()
    expected = second.predict({"x": np.ones((1, 4))}, verbose=0)
    release(first)
    for variable in [*first.variables, *first.optimizer.variables, *first.weighting_optimizer.variables]:
        assert variable.value.numpy().size == 0
    got = second.predict({"x": np.ones((1, 4))}, verbose=0)
    np.testing.assert_array_equal(got["emotion"], expected["emotion"])
