"""Every weighting keeps the same promises, alone and in training."""

import typing

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from kerasemo import experiment, weighting
from kerasemo.training.fit import fit
from kerasemo.training.items import Items
from kerasemo.training.joint_model import JointModel
from kerasemo.weighting import WEIGHTINGS, Softmax, Static, Weighting

TASKS = ["emotion", "gender"]


def losses(emotion: float = 0.5, gender: float = 2.0) -> dict:
    return {"emotion": tf.constant(emotion), "gender": tf.constant(gender)}


def test_every_method_can_be_named():
    methods = {m for m in vars(weighting).values() if isinstance(m, type) and issubclass(m, Weighting)}
    assert {type(build(TASKS)) for build in WEIGHTINGS.values()} == methods - {Weighting}


def test_the_loss_is_a_finite_scalar(method):
    loss = method(losses())
    assert loss.shape == () and np.isfinite(loss)


def test_there_is_one_weight_a_task(method):
    weights = method.task_weights()
    assert list(weights) == method.tasks == TASKS
    assert all(np.shape(weight) == () for weight in weights.values())


def test_config_round_trip(method):
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(method))
    assert type(again) is type(method) and again.get_config() == method.get_config()
    assert float(again(losses())) == float(method(losses()))


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


def test_resumed_equals_never_stopped(two_tasks, data, tmp_path):
    inputs, targets = data
    items = Items(inputs, targets, pd.DataFrame({"clip": range(len(inputs["x"])), "speaker": "a"}))

    def trained(name: str, build, epochs: int) -> tuple[JointModel, pd.DataFrame]:
        own = keras.optimizers.Adam(0.05) if build(TASKS).trainable_variables else None
        model = two_tasks(build(TASKS), dropout=0.3, weighting_optimizer=own)
        checkpoint = tmp_path / f"{name}.npz"
        return model, fit(model, items, None, epochs=epochs, batch_size=9, seed=0, checkpoint=checkpoint)

    for name, build in WEIGHTINGS.items():
        whole, whole_history = trained(f"{name}-whole", build, 4)
        trained(name, build, 3)
        resumed, history = trained(name, build, 4)
        for a, b in zip(whole.variables, resumed.variables, strict=True):
            np.testing.assert_array_equal(a, b, err_msg=name)
        pd.testing.assert_frame_equal(history, whole_history, check_exact=True)
        assert {"emotion_weight", "gender_weight"} <= set(history)


@pytest.mark.slow
def test_two_mirrored_devices_equal_one_with_a_task_missing_in_whole_batches(two_tasks, data):
    inputs, targets = data
    present = {task: np.ones(len(y), "float32") for task, y in targets.items()}
    present["gender"][:8] = 0  # the first batch

    def trained(strategy, build) -> tuple[list, dict]:
        with strategy.scope():
            keras.utils.set_random_seed(0)
            # Plain descent: Adam would blow up the last bits of a gradient near 0.
            model = two_tasks(build(TASKS), optimizer=keras.optimizers.SGD(0.2))
        history = model.fit(
            inputs, targets, sample_weight=present, batch_size=8, epochs=3, shuffle=False, verbose=0
        ).history
        return model.get_weights(), history

    mirrored = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"], cross_device_ops=tf.distribute.ReductionToOneDevice())
    for name, build in WEIGHTINGS.items():
        (one, one_history), (two, two_history) = (trained(s, build) for s in (tf.distribute.get_strategy(), mirrored))
        for a, b in zip(one, two, strict=True):
            np.testing.assert_allclose(a, b, atol=2e-6, err_msg=name)
        for column, values in one_history.items():
            assert np.all(np.isfinite(values))
            np.testing.assert_allclose(values, two_history[column], rtol=1e-5, err_msg=f"{name} {column}")


def test_saved_model_trains_on_and_exports_without_the_weighting(method, two_tasks, data, tmp_path):
    own = keras.optimizers.Adam(0.05) if method.trainable_variables else None
    model = two_tasks(method, weighting_optimizer=own, run_eagerly=True)
    model.fit(*data, shuffle=False, verbose=0)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert type(again.weighting) is type(method)
    for each in (model, again):
        each.fit(*data, shuffle=False, epochs=2, verbose=0)
    for a, b in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    plain = model.network()
    assert model.count_params() - plain.count_params() == sum(v.shape.num_elements() for v in method.variables)


def test_a_weighting_can_have_a_learning_rate_of_its_own(two_tasks, data):
    def logits_after_a_step(own) -> np.ndarray:
        model = two_tasks(Softmax(TASKS), weighting_optimizer=own, run_eagerly=True)
        model.train_on_batch(*data)
        return np.asarray(model.weighting.logits)

    # The first step of Adam is the learning rate, whatever the gradient.
    np.testing.assert_allclose(np.abs(logits_after_a_step(None)), 0.02, rtol=1e-4)
    np.testing.assert_allclose(np.abs(logits_after_a_step(keras.optimizers.Adam(0.5))), 0.5, rtol=1e-4)


def test_loss_scaling_changes_nothing(method, two_tasks, data):
    """What float16 training needs; the scale is a power of two, so that not a bit is lost."""

    def trained(wrap) -> list[np.ndarray]:
        weighting = type(method).from_config(method.get_config())
        own = keras.optimizers.SGD(0.05) if weighting.trainable_variables else None
        model = two_tasks(weighting, 0, wrap(keras.optimizers.SGD(0.1)), own, run_eagerly=True)
        for _ in range(2):
            model.train_on_batch(*data)
        return model.get_weights()

    for a, b in zip(trained(lambda sgd: sgd), trained(keras.optimizers.LossScaleOptimizer), strict=True):
        np.testing.assert_array_equal(a, b)


def test_an_optimizer_needs_variables(two_tasks):
    with pytest.raises(ValueError, match="nothing to train"):
        two_tasks(Static.equal(TASKS), weighting_optimizer=keras.optimizers.Adam())


def test_the_option_of_the_experiments_names_every_weighting():
    assert set(typing.get_args(experiment.WeightingName)) == set(WEIGHTINGS)
