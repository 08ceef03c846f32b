import keras
import numpy as np
import pytest
import tensorflow as tf
from keras.losses import SparseCategoricalCrossentropy

from kerasemo.losses import SoftHGR, soft_hgr
from kerasemo.models import crossmodal
from kerasemo.training import devices
from kerasemo.training.joint_model import JointModel
from kerasemo.training.saving import load_network
from kerasemo.weighting import Static

N, CLASSES = 24, 4


def data(n: int = N) -> tuple[dict, dict]:
    generator = np.random.default_rng(0)
    inputs = {
        "audio": generator.normal(size=(n, 40)).astype("float32"),
        "image": generator.uniform(0, 255, (n, 16, 32, 3)).astype("float32"),
    }
    labels = generator.integers(0, CLASSES, n)
    return inputs, {"emotion": labels, "audio_probe": labels[::-1].copy(), "image_probe": labels}


def joint_model(weights=None, network=None, losses=None, **compile_arguments) -> JointModel:
    keras.utils.set_random_seed(0)
    weights = weights or {"emotion": 1.0, "audio_probe": 0.5, "image_probe": 0.25}
    network = network or crossmodal.architecture_4(CLASSES, image_shape=(16, 32, 3))
    losses = losses or {task: SparseCategoricalCrossentropy() for task in weights}
    model = JointModel(network.input, network.output, losses=losses, weighting=Static(weights), name=network.name)
    arguments = {"weighted_metrics": {output: ["accuracy"] for output in network.output}, **compile_arguments}
    model.compile(keras.optimizers.SGD(0.01, momentum=0.9), **arguments)
    return model


def test_history_has_every_loss_metric_and_weight():
    inputs, targets = data()
    history = joint_model().fit(inputs, targets, validation_data=(inputs, targets), epochs=2, verbose=0).history
    tasks = ["emotion", "audio_probe", "image_probe"]
    scored = {"loss"} | {f"{task}_{what}" for task in tasks for what in ("loss", "accuracy")}
    assert set(history) == scored | {f"val_{name}" for name in scored} | {f"{task}_weight" for task in tasks}
    assert history["audio_probe_weight"] == [0.5, 0.5]


def test_names_in_the_history_do_not_depend_on_the_number_of_outputs():
    inputs, targets = data()
    model = joint_model({"emotion": 1.0}, crossmodal.audio_cnn(CLASSES))
    history = model.fit({"audio": inputs["audio"]}, {"emotion": targets["emotion"]}, verbose=0).history
    assert set(history) == {"loss", "emotion_loss", "emotion_accuracy", "emotion_weight"}


def test_joint_loss_is_the_weighted_sum_of_the_task_losses():
    inputs, targets = data()
    model = joint_model()
    logs = model.evaluate(inputs, targets, batch_size=7, verbose=0, return_dict=True)
    outputs = model.predict(inputs, verbose=0)
    for task in targets:
        expected = -np.log(outputs[task][np.arange(N), targets[task]]).mean()
        assert logs[f"{task}_loss"] == pytest.approx(expected, rel=1e-5)
        assert logs[f"{task}_accuracy"] == pytest.approx((outputs[task].argmax(1) == targets[task]).mean())
    total = logs["emotion_loss"] + 0.5 * logs["audio_probe_loss"] + 0.25 * logs["image_probe_loss"]
    assert logs["loss"] == pytest.approx(total, rel=1e-5)


def test_training_equals_keras_with_loss_weights():
    inputs, targets = data()
    ours = joint_model()
    keras.utils.set_random_seed(0)
    network = crossmodal.architecture_4(CLASSES, image_shape=(16, 32, 3))
    theirs = keras.Model(network.input, network.output)
    theirs.compile(
        keras.optimizers.SGD(0.01, momentum=0.9),
        loss={task: SparseCategoricalCrossentropy() for task in targets},
        loss_weights=ours.weighting.weights_by_task,
    )
    for model in (ours, theirs):
        model.fit(inputs, targets, batch_size=8, epochs=3, shuffle=False, verbose=0)
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_a_task_with_weight_zero_is_reported_but_not_trained():
    inputs, targets = data()
    model = joint_model({"emotion": 1.0, "audio_probe": 0.0})
    probe = model.get_layer("audio_probe_logits")
    before = probe.get_weights()[0]
    history = model.fit(inputs, targets, verbose=0).history
    np.testing.assert_array_equal(probe.get_weights()[0], before)
    assert history["audio_probe_loss"][0] > 0


def test_sample_weights_select_items():
    inputs, targets = data()
    half = np.arange(N) < N // 2
    weights = {task: half.astype("float32") for task in targets}
    losses = {task: SparseCategoricalCrossentropy(reduction="sum") for task in targets}
    model = joint_model(losses=losses)
    masked = model.evaluate(inputs, targets, sample_weight=weights, batch_size=N, verbose=0, return_dict=True)
    first = {name: array[half] for name, array in inputs.items()}, {t: y[half] for t, y in targets.items()}
    expected = model.evaluate(*first, batch_size=N, verbose=0, return_dict=True)
    assert masked == pytest.approx(expected, rel=1e-6)


def test_regularisers_of_layers_are_part_of_the_loss():
    network = crossmodal.audio_cnn(CLASSES)
    network.get_layer("emotion_logits").kernel.regularizer = keras.regularizers.L2(0.1)
    inputs, targets = data()
    model = joint_model({"emotion": 1.0}, network)
    logs = model.evaluate({"audio": inputs["audio"]}, {"emotion": targets["emotion"]}, verbose=0, return_dict=True)
    penalty = 0.1 * np.square(network.get_layer("emotion_logits").kernel).sum()
    assert logs["loss"] == pytest.approx(logs["emotion_loss"] + penalty, rel=1e-5)


def test_loaded_model_is_equal_and_continues_training(tmp_path):
    inputs, targets = data()
    model = joint_model()
    model.fit(inputs, targets, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert isinstance(loaded, JointModel)
    assert loaded.weighting.weights_by_task == model.weighting.weights_by_task
    expected = model.predict(inputs, verbose=0)
    for name, values in loaded.predict(inputs, verbose=0).items():
        np.testing.assert_array_equal(values, expected[name])
    for trained_model in (model, loaded):
        trained_model.fit(inputs, targets, shuffle=False, epochs=2, verbose=0)
    for a, b in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_plain_network_shares_the_weights_and_has_no_weighting():
    model = joint_model()
    network = model.network()
    assert type(network) is not JointModel
    assert network.count_params() == model.count_params()
    inputs, _ = data(2)
    np.testing.assert_array_equal(network(inputs)["emotion"], model(inputs)["emotion"])


@pytest.mark.slow
def test_two_mirrored_devices_equal_one():
    inputs, targets = data()

    def trained(strategy) -> tuple[list, dict]:
        with strategy.scope():
            network = crossmodal.architecture_4(CLASSES, image_shape=(16, 32, 3))
            for name in ("emotion_logits", "audio_probe_logits"):
                network.get_layer(name).kernel.regularizer = keras.regularizers.L2(0.01)
            model = joint_model(network=network)
            model.set_weights(initial)
        history = model.fit(inputs, targets, batch_size=12, epochs=2, shuffle=False, verbose=0).history
        return model.get_weights(), history

    initial = joint_model().get_weights()
    one, one_history = trained(tf.distribute.get_strategy())
    two, two_history = trained(devices.strategy(2))
    for a, b in zip(one, two, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)
    for name, values in one_history.items():
        np.testing.assert_allclose(values, two_history[name], rtol=1e-5, err_msg=name)


def test_mixed_precision_trains():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = joint_model(network=crossmodal.architecture_4(CLASSES, image_shape=(16, 32, 3)))
        history = model.fit(*data(), verbose=0).history
    finally:
        keras.config.set_dtype_policy("float32")
    assert np.isfinite(history["loss"][0])


def model_of_features(weights=None) -> JointModel:
    """Return a network whose task `common` compares two features, and whose task `emotion` uses labels."""
    keras.utils.set_random_seed(0)
    x = keras.Input((40,), name="audio")
    features = keras.layers.Dense(6, name="features")(x)
    outputs = {
        "emotion": keras.layers.Dense(CLASSES, "softmax", name="emotion")(features),
        "common": keras.layers.Reshape((2, 3), name="common")(features),
    }
    losses = {"emotion": SparseCategoricalCrossentropy(), "common": SoftHGR()}
    model = JointModel({"audio": x}, outputs, losses=losses, weighting=Static(weights or {"emotion": 1, "common": 0.1}))
    model.compile(keras.optimizers.SGD(0.01), weighted_metrics={"emotion": ["accuracy"]})
    return model


def features_data() -> tuple[dict, dict]:
    inputs, targets = data()
    return {"audio": inputs["audio"]}, {"emotion": targets["emotion"]}


def test_a_loss_without_labels_needs_no_targets_and_has_no_metrics():
    data = features_data()
    model = model_of_features()
    weights = {"emotion": np.ones(N, "float32")}
    history = model.fit(*data, sample_weight=weights, validation_data=data, verbose=0).history
    names = {"loss", "emotion_loss", "common_loss", "emotion_accuracy"}
    assert set(history) == names | {f"val_{name}" for name in names} | {"emotion_weight", "common_weight"}
    logs = model.evaluate(*data, batch_size=12, verbose=0, return_dict=True)
    common = model.predict(data[0], verbose=0)["common"]
    halves = [float(soft_hgr(half[:, 0], half[:, 1])) for half in np.split(common, 2)]
    assert logs["common_loss"] == pytest.approx(-np.mean(halves), rel=1e-5)
    assert logs["loss"] == pytest.approx(logs["emotion_loss"] + 0.1 * logs["common_loss"], rel=1e-5)


def test_sample_weights_of_a_task_without_labels_exclude_clips():
    inputs, targets = features_data()
    half = (np.arange(N) < N // 2).astype("float32")
    model = model_of_features()
    weights = {"emotion": np.ones(N, "float32"), "common": half}
    batch = tf.data.Dataset.from_tensors((inputs, targets, weights))
    masked = model.evaluate(batch, verbose=0, return_dict=True)
    common = model.predict(inputs, verbose=0)["common"][half == 1]
    assert masked["common_loss"] == pytest.approx(-float(soft_hgr(common[:, 0], common[:, 1])), rel=1e-5)


def test_an_output_without_labels_is_trained_but_not_in_the_network(tmp_path):
    model = model_of_features({"emotion": 0, "common": 1})
    before = model.get_layer("features").get_weights()[0]
    common = model.fit(*features_data(), epochs=3, verbose=0).history["common_loss"]
    assert common[-1] < common[0] and np.any(model.get_layer("features").get_weights()[0] != before)
    assert set(model.network().output) == {"emotion"}
    model.save(tmp_path / "model.keras")
    assert set(load_network(tmp_path / "model.keras").output) == {"emotion"}


def test_losses_without_an_output_are_an_error():
    with pytest.raises(ValueError, match="Received: \\['valence'\\]"):
        joint_model({"valence": 1.0})


def test_different_tasks_of_weighting_and_losses_are_an_error():
    with pytest.raises(ValueError, match="same tasks"):
        joint_model({"emotion": 1.0}, losses={"audio_probe": SparseCategoricalCrossentropy()})
