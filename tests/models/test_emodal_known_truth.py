"""EMODal on two views that are independent given the emotion, so that they share exactly CLASSES - 1 modes."""

from functools import cache

import keras
import numpy as np
import pytest
from keras.losses import SparseCategoricalCrossentropy

from kerasemo.losses import SoftHGR
from kerasemo.models.emodal import emodal
from kerasemo.training.joint_model import JointModel
from kerasemo.weighting import Static

CLASSES, DIMENSIONS = 4, 12
DISTANCE = 2.0
BEST = 0.82
"""Accuracy of the best classifier of one view, of a million draws: the class whose feature is largest."""
CORRELATION = 0.5
"""The correlation of both views along each shared mode, if linear: variance between classes 1, within classes 1."""
TASKS = ("emotion", "emotion_audio", "emotion_image")


def views(n: int, seed: int, scale: float) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Draw two views of n emotions; that of the face is multiplied by `scale`."""
    generator = np.random.default_rng(seed)
    emotion = generator.integers(0, CLASSES, n)
    draws = [DISTANCE * np.eye(CLASSES, DIMENSIONS)[emotion] + generator.normal(size=(n, DIMENSIONS)) for _ in range(2)]
    return {"audio": draws[0].astype("float32"), "image": (scale * draws[1]).astype("float32")}, emotion


@cache
def trained(scale: float, modes: int | None) -> tuple[dict[str, float], np.ndarray, float]:
    """Train all losses; return accuracies, canonical correlations of `common` and the voice's spread on new clips."""
    keras.utils.set_random_seed(0)
    # The standardisation of inputs is not adapted, and does nothing.
    network = emodal(CLASSES, audio_shape=(DIMENSIONS,), image_shape=(DIMENSIONS,), modes=modes)
    losses = {task: SparseCategoricalCrossentropy() for task in TASKS} | {"common": SoftHGR(standardised=bool(modes))}
    weighting = Static(dict.fromkeys(losses, 1.0))
    model = JointModel(network.input, network.output, losses=losses, weighting=weighting)
    model.compile(keras.optimizers.Adam(1e-3))
    inputs, emotion = views(1024, 0, scale)
    model.fit(inputs, dict.fromkeys(TASKS, emotion), batch_size=64, epochs=20, verbose=0)
    inputs, emotion = views(4096, 1, scale)
    outputs = {name: np.asarray(output) for name, output in network(inputs).items()}
    whitened = [
        np.linalg.svd(view - view.mean(axis=0), full_matrices=False)[0] for view in np.moveaxis(outputs["common"], 1, 0)
    ]
    voice = np.asarray(keras.Model(network.input, network.get_layer("audio_feature").output)(inputs))
    accuracies = {task: (outputs[task].argmax(axis=1) == emotion).mean() for task in TASKS}
    return accuracies, np.linalg.svd(whitened[0].T @ whitened[1])[1], voice.std(axis=0).mean()


@pytest.mark.parametrize("scale", [1.0, 8.0])
def test_the_joint_objective_finds_the_shared_modes_and_no_others(scale):
    _, correlations, _ = trained(scale, modes=6)
    assert (correlations[: CLASSES - 1] > 0.9 * CORRELATION).all() and (correlations[CLASSES - 1 :] < 0.12).all()


@pytest.mark.parametrize("scale", [1.0, 8.0])
def test_every_classifier_learns_beside_the_standardised_loss(scale):
    accuracies, *_ = trained(scale, modes=6)
    assert accuracies["emotion_audio"] > BEST - 0.03 and accuracies["emotion_image"] > BEST - 0.03
    assert accuracies["emotion"] > BEST + 0.08


@pytest.mark.slow
def test_the_papers_loss_shrinks_the_voice_if_the_face_is_large():
    accuracies, _, spread = trained(8.0, modes=None)
    _, _, spread_of_equal_views = trained(1.0, modes=None)
    assert spread < spread_of_equal_views / 4 and accuracies["emotion_audio"] < BEST - 0.1


def test_best_is_the_accuracy_of_the_largest_feature():
    inputs, emotion = views(1_000_000, 2, 1.0)
    assert (inputs["audio"][:, :CLASSES].argmax(axis=1) == emotion).mean() == pytest.approx(BEST, abs=0.005)
