"""Training stops if a task weight is not finite, and the previous state is kept."""

import keras
import numpy as np
import pandas as pd
import pytest

from kerasemo.errors import InputError
from kerasemo.training import callbacks
from kerasemo.training.callbacks import restore
from kerasemo.training.fit import fit
from kerasemo.training.items import Items
from kerasemo.training.joint_model import JointModel
from kerasemo.weighting import Uncertainty

TASKS = ["emotion", "gender"]


def diverging_model() -> JointModel:
    x = keras.Input((3,), name="x")
    outputs = {task: keras.layers.Dense(2, "softmax", name=task)(x) for task in TASKS}
    model = JointModel(
        {"x": x},
        outputs,
        losses={task: keras.losses.SparseCategoricalCrossentropy() for task in TASKS},
        weighting=Uncertainty(TASKS),
        # The log variance overshoots to a large value, and then to a value whose weight is infinite.
        weighting_optimizer=keras.optimizers.SGD(1e4),
    )
    model.compile(keras.optimizers.SGD(1e-3))
    model.optimizer.build(model.trainable_variables)
    return model


def test_weights_that_are_not_finite_stop_training_and_keep_the_checkpoint(tmp_path, monkeypatch):
    monkeypatch.setattr(callbacks, "SAVE_EVERY_S", 0.0)
    keras.utils.set_random_seed(0)
    inputs = {"x": np.random.default_rng(0).normal(size=(8, 3)).astype("float32")}
    targets = {task: np.arange(8) % 2 for task in TASKS}
    items = Items(inputs, targets, pd.DataFrame({"clip": range(8), "speaker": "a"}))
    checkpoint = tmp_path / "state.npz"
    with pytest.raises(InputError) as raised:
        fit(diverging_model(), items, None, epochs=20, batch_size=8, seed=0, checkpoint=checkpoint)
    restored = diverging_model()
    history = restore(restored, checkpoint)
    epoch = len(history) + 1
    assert 1 < epoch < 20
    assert str(raised.value).startswith(f"in epoch {epoch} the weight of task '")
    assert f"epoch {epoch - 1} is kept in {checkpoint}" in str(raised.value)
    assert all(np.all(np.isfinite(variable)) for variable in restored.variables)
    assert np.isfinite(history.to_numpy()).all()
