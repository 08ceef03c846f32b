import itertools

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from keras.losses import SparseCategoricalCrossentropy

from kerasemo.errors import InputError
from kerasemo.losses import SoftHGR
from kerasemo.models.emodal import AUDIO_UNITS, DENSE_UNITS, FEATURE_UNITS, FILTERS, augmentation, emodal
from kerasemo.training.fit import fit
from kerasemo.training.items import Items
from kerasemo.training.joint_model import JointModel
from kerasemo.training.saving import load_network
from kerasemo.weighting import WEIGHTINGS

CLASSES, N = 4, 12
TASKS = ("emotion", "emotion_audio", "emotion_image", "common")
SMALL = (16, 16, 1)


def items(n: int = N, image_shape: tuple = SMALL) -> Items:
    generator = np.random.default_rng(0)
    labels = generator.integers(0, CLASSES, n)
    inputs = {
        "audio": (generator.normal(size=(n, 68)) + labels[:, None]).astype("float32"),
        "image": generator.uniform(0, 255, (n, *image_shape)).astype("float32"),
    }
    targets = {task: labels for task in TASKS if task != "common"}
    return Items(inputs, targets, pd.DataFrame({"clip": range(n), "speaker": "a"}))


def joint_model(weighting: str = "static", **options) -> JointModel:
    keras.utils.set_random_seed(0)
    network = emodal(CLASSES, **{"image_shape": SMALL, **options})
    losses = {task: SparseCategoricalCrossentropy() for task in TASKS} | {"common": SoftHGR(shifted=True)}
    model = JointModel(network.input, network.output, losses=losses, weighting=WEIGHTINGS[weighting](list(TASKS)))
    model.compile(keras.optimizers.Adam(1e-3), weighted_metrics={task: ["accuracy"] for task in TASKS[:3]})
    return model


def dense(*widths: int) -> int:
    return sum((n_in + 1) * n_out for n_in, n_out in itertools.pairwise(widths))


AUDIO = dense(68, *AUDIO_UNITS, FEATURE_UNITS)
CONVOLUTIONS = sum((9 * n_in + 1) * n_out for n_in, n_out in itertools.pairwise([1, *FILTERS]))
IMAGE = CONVOLUTIONS + dense(128 // 8 * 128 // 8 * FILTERS[-1], DENSE_UNITS, FEATURE_UNITS)
CLASSIFIER = dense(FEATURE_UNITS, CLASSES)


@pytest.mark.parametrize(
    ("modalities", "parameters"),
    [
        (("audio", "image"), AUDIO + IMAGE + dense(2 * FEATURE_UNITS, CLASSES) + 2 * CLASSIFIER),
        (("audio",), AUDIO + CLASSIFIER),
        (("image",), IMAGE + CLASSIFIER),
    ],
)
def test_parameter_count_equals_the_formula(modalities, parameters):
    network = emodal(CLASSES, modalities)
    assert set(network.input) == set(modalities)
    assert set(network.output) == (set(TASKS) if len(modalities) == 2 else {"emotion"})
    assert sum(np.prod(weight.shape) for weight in network.trainable_weights) == parameters


def test_face_features_replace_the_convolutions():
    network = emodal(CLASSES, audio_shape=(259,), image_shape=(35,))
    audio = dense(259, *AUDIO_UNITS, FEATURE_UNITS)
    image = dense(35, DENSE_UNITS, FEATURE_UNITS)
    assert sum(np.prod(weight.shape) for weight in network.trainable_weights) == (
        audio + image + dense(2 * FEATURE_UNITS, CLASSES) + 2 * CLASSIFIER
    )


def test_projections_for_the_common_loss_alone():
    network, inputs = emodal(CLASSES, image_shape=SMALL, modes=3), items().inputs
    n_more = network.count_params() - emodal(CLASSES, image_shape=SMALL).count_params()
    assert n_more == 2 * FEATURE_UNITS * 3
    common = np.asarray(network(inputs)["common"])
    assert common.shape == (N, 2, 3)
    for position, name in enumerate(("audio", "image")):
        feature = keras.Model(network.input, network.get_layer(f"{name}_feature").output)(inputs)
        kernel = network.get_layer(f"{name}_common").kernel
        np.testing.assert_allclose(common[:, position], feature @ kernel, atol=1e-5)


def test_decisions_are_probabilities_and_common_contains_both_features():
    network, inputs = emodal(CLASSES, image_shape=SMALL), items().inputs
    outputs = network(inputs)
    for task in TASKS[:3]:
        np.testing.assert_allclose(np.sum(outputs[task], axis=1), 1, atol=1e-6)
    for position, name in enumerate(("audio_feature", "image_feature")):
        feature = keras.Model(network.input, network.get_layer(name).output)(inputs)
        np.testing.assert_array_equal(outputs["common"][:, position], feature)


@pytest.mark.parametrize("modality", ["audio", "image"])
def test_a_specific_classifier_uses_only_its_modality(modality):
    network, inputs = emodal(CLASSES, image_shape=SMALL), items().inputs
    other_inputs = {**inputs, modality: inputs[modality][::-1]}
    changed = {task: np.any(network(inputs)[task] != network(other_inputs)[task]) for task in TASKS[:3]}
    assert changed == {"emotion": True, "emotion_audio": modality == "audio", "emotion_image": modality == "image"}


@pytest.mark.parametrize(
    ("options", "random"),
    [
        ({}, "image"),
        ({"dropout": 0, "audio_dropout": 0.5}, "audio"),
        ({"dropout": 0, "image_dropout": 0.5}, "image"),
    ],
)
def test_dropout_is_active_only_in_training_and_where_requested(options, random):
    network, inputs = emodal(CLASSES, image_shape=SMALL, **options), items().inputs
    a, b = (network(inputs, training=True) for _ in range(2))
    for modality in ("audio", "image"):
        assert np.any(a[f"emotion_{modality}"] != b[f"emotion_{modality}"]) == (modality == random)
    np.testing.assert_array_equal(network(inputs)["emotion"], network(inputs)["emotion"])


@pytest.mark.parametrize("weighting", ["static", "uncertainty", "dwa", "pcgrad"])
def test_all_four_losses_train(weighting, tmp_path):
    model = joint_model(weighting)
    history = fit(model, items(), items(), epochs=2, batch_size=6, seed=0, checkpoint=tmp_path / "state.npz")
    assert {f"{prefix}{task}_loss" for prefix in ("", "val_") for task in TASKS} <= set(history)
    assert np.isfinite(history.to_numpy(float)).all()
    assert history["emotion_audio_loss"].iloc[-1] < history["emotion_audio_loss"].iloc[0]


def test_gradnorm_is_an_error_without_a_shared_layer(tmp_path):
    with pytest.raises(InputError, match="needs a layer that all tasks share"):
        fit(joint_model("gradnorm"), items(), None, epochs=1, batch_size=6, seed=0, checkpoint=tmp_path / "state.npz")


def test_common_loss_trains_both_networks_and_no_classifier():
    model = joint_model()
    inputs = items().inputs
    with tf.GradientTape() as tape:
        loss = model.task_losses["common"](None, model(inputs)["common"])
    layers_with_gradient = {
        variable.path.split("/")[0]
        for variable, gradient in zip(
            model.trainable_variables, tape.gradient(loss, model.trainable_variables), strict=True
        )
        if gradient is not None and np.any(gradient)
    }
    kernels = {layer.name for layer in model.layers if layer.trainable_variables}
    assert layers_with_gradient == kernels - {"emotion", "emotion_audio", "emotion_image"}


def test_exported_network_returns_decisions_and_no_features(tmp_path):
    model = joint_model(augmentation=augmentation(0))
    fit(model, items(), None, epochs=1, batch_size=6, seed=0, checkpoint=tmp_path / "state.npz")
    model.network().save(tmp_path / "emodal.keras")
    network = load_network(tmp_path / "emodal.keras")
    network.export(tmp_path / "served", verbose=False)
    inputs = items(5).inputs
    reloaded = tf.saved_model.load(str(tmp_path / "served"))
    served = reloaded.serve(inputs)
    assert set(served) == set(TASKS[:3])
    expected = model.predict(inputs, verbose=0)
    for task, values in served.items():
        np.testing.assert_allclose(values, expected[task], atol=1e-6)


def test_augmentation_changes_pictures_only_in_training_and_keeps_their_range():
    images = items(4, (32, 32, 1)).inputs["image"]
    augment = augmentation(3)
    for options in ({}, {"training": False}):
        np.testing.assert_array_equal(augment(images, **options), images)
    first, second = (np.asarray(augment(images, training=True)) for _ in range(2))
    assert np.any(first != second) and first.shape == images.shape
    assert first.min() >= 0 and first.max() <= 255
    # Each picture of a batch is changed differently.
    changed = np.asarray(augmentation(3)(np.repeat(images[:1], 4, axis=0), training=True))
    assert all(np.any(a != b) for a, b in itertools.combinations(changed, 2))
    np.testing.assert_array_equal(augmentation(3)(images, training=True), first)


def test_resumed_training_draws_the_same_augmentation(tmp_path):
    def trained(name: str, *epochs: int) -> list[np.ndarray]:
        for last_epoch in epochs:
            model = joint_model(augmentation=augmentation(7))
            fit(model, items(), None, epochs=last_epoch, batch_size=5, seed=1, checkpoint=tmp_path / f"{name}.npz")
        return model.get_weights()

    uninterrupted, resumed = trained("uninterrupted", 2), trained("resumed", 1, 2)
    for a, b in zip(uninterrupted, resumed, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    "options",
    [
        {"modalities": ()},
        {"modalities": ("audio", "video")},
        {"audio_shape": (20, 68)},
        {"image_shape": (128, 128)},
        {"image_shape": (7, 128, 1)},
        {"image_shape": (35,), "augmentation": augmentation(0)},
    ],
)
def test_wrong_shapes_and_modalities_are_an_error(options):
    with pytest.raises(ValueError, match="Received"):
        emodal(CLASSES, **options)
