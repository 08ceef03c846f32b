"""Properties that every weighting must have, alone and in training."""

import typing

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from kerasemo import experiment, weighting
from kerasemo.training import devices
from kerasemo.training.fit import fit
from kerasemo.training.items import Items
from kerasemo.training.joint_model import JointModel
from kerasemo.weighting import WEIGHTINGS, Softmax, Static, Weighting

TASKS = ["emotion", "gender"]


def losses(emotion: float = 0.5, gender: float = 2.0) -> dict:
    return {"emotion": tf.constant(emotion), "gender": tf.constant(gender)}


def test_every_method_has_a_name():
    methods = {m for m in vars(weighting).values() if isinstance(m, type) and issubclass(m, Weighting)}
    assert {type(build(TASKS)) for build in WEIGHTINGS.values()} == methods - {Weighting}


def test_the_loss_is_a_finite_scalar(method):
    loss = method(losses())
    assert loss.shape == () and np.isfinite(loss)


def test_there_is_one_weight_per_task(method):
    weights = method.task_weights()
    assert list(weights) == method.tasks == TASKS
    assert all(np.shape(weight) == () for weight in weights.values())


def test_config_round_trip(method):
    restored = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(method))
    assert type(restored) is type(method) and restored.get_config() == method.get_config()
    assert float(restored(losses())) == float(method(losses()))


@pytest.mark.parametrize("emotion", [0.0, 1e-30, 1e30])
def test_finite_gradients_at_extreme_losses(method, emotion):
    with tf.GradientTape() as tape:
        inputs = losses(emotion)
        tape.watch(inputs)
        total = method(inputs)
    gradients = tape.gradient(total, [*inputs.values(), *method.trainable_variables], unconnected_gradients="zero")
    assert all(np.all(np.isfinite(gradient)) for gradient in gradients)


def test_float32_under_mixed_precision():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        loss = Static({"emotion": 1.0})({"emotion": keras.ops.array(1.001)})
    finally:
        keras.config.set_dtype_policy("float32")
    assert float(loss) == pytest.approx(1.001, abs=1e-7)


def test_resumed_training_equals_uninterrupted_training(two_tasks, data, tmp_path):
    inputs, targets = data
    items = Items(inputs, targets, pd.DataFrame({"clip": range(len(inputs["x"])), "speaker": "a"}))

    def trained(name: str, build, epochs: int) -> tuple[JointModel, pd.DataFrame]:
        weighting_optimizer = keras.optimizers.Adam(0.05) if build(TASKS).trainable_variables else None
        model = two_tasks(build(TASKS), dropout=0.3, weighting_optimizer=weighting_optimizer)
        model.run_eagerly = True  # tracing takes longer than these few steps
        checkpoint = tmp_path / f"{name}.npz"
        return model, fit(model, items, None, epochs=epochs, batch_size=9, seed=0, checkpoint=checkpoint)

    for name, build in WEIGHTINGS.items():
        uninterrupted, expected_history = trained(f"{name}-uninterrupted", build, 3)
        trained(name, build, 2)
        resumed, history = trained(name, build, 3)
        for a, b in zip(uninterrupted.variables, resumed.variables, strict=True):
            np.testing.assert_array_equal(a, b, err_msg=name)
        pd.testing.assert_frame_equal(history, expected_history, check_exact=True)
        assert {"emotion_weight", "gender_weight"} <= set(history)


@pytest.mark.slow
def test_two_mirrored_devices_equal_one_when_a_batch_lacks_a_task(two_tasks, data):
    inputs, targets = data
    present = {task: np.ones(len(y), "float32") for task, y in targets.items()}
    present["gender"][:8] = 0  # the first batch

    def trained(strategy, build) -> tuple[list, dict]:
        with strategy.scope():
            keras.utils.set_random_seed(0)
            # Plain gradient descent: Adam would amplify rounding errors of gradients near 0.
            model = two_tasks(build(TASKS), optimizer=keras.optimizers.SGD(0.2))
        history = model.fit(
            inputs, targets, sample_weight=present, batch_size=8, epochs=3, shuffle=False, verbose=0
        ).history
        return model.get_weights(), history

    mirrored = devices.strategy(2)
    for name, build in WEIGHTINGS.items():
        (one, one_history), (two, two_history) = (trained(s, build) for s in (tf.distribute.get_strategy(), mirrored))
        for a, b in zip(one, two, strict=True):
            np.testing.assert_allclose(a, b, atol=2e-6, err_msg=name)
        for column, values in one_history.items():
            assert np.all(np.isfinite(values))
            np.testing.assert_allclose(values, two_history[column], rtol=1e-5, err_msg=f"{name} {column}")


def test_loaded_model_continues_training_and_exports_without_the_weighting(method, two_tasks, data, tmp_path):
    weighting_optimizer = keras.optimizers.Adam(0.05) if method.trainable_variables else None
    model = two_tasks(method, weighting_optimizer=weighting_optimizer, run_eagerly=True)
    model.fit(*data, shuffle=False, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert type(loaded.weighting) is type(method)
    for trained_model in (model, loaded):
        trained_model.fit(*data, shuffle=False, epochs=2, verbose=0)
    for a, b in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    plain = model.network()
    assert model.count_params() - plain.count_params() == sum(v.shape.num_elements() for v in method.variables)


def test_a_weighting_can_have_a_separate_learning_rate(two_tasks, data):
    def logits_after_a_step(weighting_optimizer) -> np.ndarray:
        model = two_tasks(Softmax(TASKS), weighting_optimizer=weighting_optimizer, run_eagerly=True)
        model.train_on_batch(*data)
        return np.asarray(model.weighting.logits)

    # The size of Adam's first step is the learning rate, independent of the gradient.
    np.testing.assert_allclose(np.abs(logits_after_a_step(None)), 0.02, rtol=1e-4)
    np.testing.assert_allclose(np.abs(logits_after_a_step(keras.optimizers.Adam(0.5))), 0.5, rtol=1e-4)


def test_loss_scaling_changes_nothing(method, two_tasks, data):
    """Training in float16 needs loss scaling. The scale is a power of two, so the results are exactly equal."""

    def trained(wrap) -> list[np.ndarray]:
        weighting = type(method).from_config(method.get_config())
        weighting_optimizer = keras.optimizers.SGD(0.05) if weighting.trainable_variables else None
        model = two_tasks(weighting, 0, wrap(keras.optimizers.SGD(0.1)), weighting_optimizer, run_eagerly=True)
        for _ in range(2):
            model.train_on_batch(*data)
        return model.get_weights()

    for a, b in zip(trained(lambda sgd: sgd), trained(keras.optimizers.LossScaleOptimizer), strict=True):
        np.testing.assert_array_equal(a, b)


def test_weighting_optimizer_without_variables_is_an_error(two_tasks):
    with pytest.raises(ValueError, match="nothing to train"):
        two_tasks(Static.equal(TASKS), weighting_optimizer=keras.optimizers.Adam())


def test_the_option_of_the_experiments_names_every_weighting():
    assert set(typing.get_args(experiment.WeightingName)) == set(WEIGHTINGS)
