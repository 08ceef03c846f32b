"""A small network with two tasks, to train with each weighting."""

import keras
import numpy as np
import pytest
from keras.losses import SparseCategoricalCrossentropy

from kerasemo.training.joint_model import JointModel
from kerasemo.weighting import WEIGHTINGS, Weighting

N, WIDTH = 24, 5
CLASSES = {"emotion": 4, "gender": 2}


@pytest.fixture(params=WEIGHTINGS)
def method(request) -> Weighting:
    """Each weighting of `WEIGHTINGS`, for the tasks emotion and gender."""
    keras.utils.set_random_seed(0)
    return WEIGHTINGS[request.param](list(CLASSES))


@pytest.fixture
def two_tasks():
    """A function that builds a compiled model with a regularised layer: `two_tasks(weighting, **options)`."""

    def build(
        weighting: Weighting, dropout: float = 0, optimizer=None, weighting_optimizer=None, run_eagerly: bool = False
    ) -> JointModel:
        keras.utils.set_random_seed(1)
        x = keras.Input((WIDTH,), name="x")
        hidden = keras.layers.Dense(6, "tanh", kernel_regularizer=keras.regularizers.L2(0.01), name="shared")(x)
        hidden = keras.layers.Dropout(dropout)(hidden)
        outputs = {task: keras.layers.Dense(n, "softmax", name=task)(hidden) for task, n in CLASSES.items()}
        losses = {task: SparseCategoricalCrossentropy() for task in CLASSES}
        model = JointModel(
            {"x": x}, outputs, losses=losses, weighting=weighting, weighting_optimizer=weighting_optimizer
        )
        model.compile(optimizer or keras.optimizers.Adam(0.02), run_eagerly=run_eagerly)
        return model

    return build


@pytest.fixture
def data() -> tuple[dict, dict]:
    generator = np.random.default_rng(0)
    inputs = {"x": generator.normal(size=(N, WIDTH)).astype("float32")}
    return inputs, {task: generator.integers(0, n, N) for task, n in CLASSES.items()}
