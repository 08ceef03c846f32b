"""Tests that networks learn as much about the emotion as each modality of a synthetic corpus contains."""

from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
from keras.losses import SparseCategoricalCrossentropy

from kerasemo.corpora import ravdess
from kerasemo.corpora.synthetic import SyntheticRavdess, accuracy_ceiling
from kerasemo.evaluation import protocols
from kerasemo.evaluation.scores import by_clip
from kerasemo.features import Frames, Mfcc
from kerasemo.features.network_input import NetworkInput
from kerasemo.models import crossmodal
from kerasemo.training.audiovisual import AudioVisual
from kerasemo.training.fit import fit
from kerasemo.training.items import Items
from kerasemo.training.joint_model import JointModel
from kerasemo.training.reproducible import seed_everything
from kerasemo.training.train import decisions
from kerasemo.weighting import Static

EPOCHS = 20
CLASSES = list(ravdess.EMOTIONS.values())


def read(root: Path, **shares: float) -> AudioVisual:
    SyntheticRavdess(actors=range(1, 5), channels=["speech"], clips_per_emotion=4, **shares).write(root, jobs=2)
    inputs = {"audio": NetworkInput(Mfcc(resampler="soxr_hq")), "image": NetworkInput(Frames())}
    return AudioVisual.read(ravdess.Ravdess().read(root), root, CLASSES, inputs, jobs=2, max_bad=0.0)


def accuracy(data: AudioVisual, network: keras.Model, checkpoint: Path) -> float:
    """Return the accuracy per clip over four folds of clips; test speakers, but not test clips, occur in training."""
    pairs = protocols.pair_performances(data.images, data.recordings, "emotion")
    fold = pd.factorize(pairs["clip"])[0] % 4
    clips = []
    for k in range(4):
        seed_everything(0)
        model = keras.models.clone_model(network)
        model = JointModel(
            model.input,
            model.output,
            losses={"emotion": SparseCategoricalCrossentropy()},
            weighting=Static({"emotion": 1.0}),
        )
        model.compile(keras.optimizers.SGD(0.02, momentum=0.9))
        train, test = (items(data, pairs[rows], network) for rows in (fold != k, fold == k))
        fit(model, train, None, epochs=EPOCHS, batch_size=32, seed=0, checkpoint=checkpoint / f"{network.name}{k}.npz")
        probabilities = model.predict(dict(test.inputs), verbose=0)["emotion"]
        clips.append(by_clip(decisions(probabilities, test, CLASSES, "emotion"), "emotion"))
    clips = pd.concat(clips)
    return float((clips["emotion"] == clips["predicted"]).mean())


def items(data: AudioVisual, pairs: pd.DataFrame, network: keras.Model) -> Items:
    inputs = {name: data.arrays[name][pairs[name]] for name in network.input}
    return Items(inputs, {"emotion": pairs["emotion"].to_numpy()}, pairs)


@pytest.mark.slow
@pytest.mark.parametrize("shares", [(0.5, 0.5), (1.0, 0.0)], ids=["half in each", "nothing in the face"])
def test_fusion_helps_only_if_both_modalities_contain_information(tmp_path, shares):
    data = read(tmp_path / "ravdess", audio_share=shares[0], video_share=shares[1])
    audio, image, joint = (
        accuracy(data, build(len(CLASSES)), tmp_path)
        for build in (crossmodal.audio_cnn, crossmodal.image_cnn, crossmodal.architecture_1)
    )
    print(f"audio {audio:.3f}, image {image:.3f}, joint {joint:.3f}; ceilings {accuracy_ceiling(*shares)}")
    ceiling = accuracy_ceiling(*shares)
    tolerance = 2 * np.sqrt(0.25 / data.recordings["clip"].nunique())
    for name, measured in {"audio": audio, "video": image, "joint": joint}.items():
        assert measured <= ceiling[name] + tolerance
    if shares[1]:
        assert joint > max(audio, image) + 0.05
    else:
        assert joint <= audio + 0.02
        assert abs(image - 1 / len(CLASSES)) <= tolerance
