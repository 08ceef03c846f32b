"""Every network of `kerasemo train` on a corpus whose features are made up."""

import numpy as np
import pandas as pd
import pytest

from kerasemo.evaluation.protocols import Split
from kerasemo.experiment import Cell, Corpus
from kerasemo.experiment.own_networks import NETWORKS, ON_DISK
from kerasemo.experiment.own_options import Options
from kerasemo.features import Npy
from kerasemo.features.network_input import NetworkInput

N_CLIPS, N_PICTURES, RATE = 6, 3, 16_000
SHAPES = {
    "mfcc": (20, 40),
    "mfcc_functionals": (1, 80),
    "waveform": (RATE,),
    "frames": (N_PICTURES, 16, 32, 3),
    "face_video": (25, 96, 96, 3),
}
READ = {
    "dense": "mfcc,mfcc_functionals",
    "lstm": "mfcc",
    "spectrogram_cnn": "waveform",
    "emodal": "mfcc_functionals,mfcc",
    "crossmodal": "mfcc,frames",
    "end_to_end": "waveform",
}
SPLIT = Split("paper", np.array([0, 1, 2]), np.array([3]), np.array([4, 5]))
SMALL = {"units": (4, 4)}


def corpus_of(options: Options, folder) -> Corpus:
    """Six clips of three speakers, with random features."""
    generator = np.random.default_rng(0)
    inputs = options.chosen.inputs(options.feature_sets, 8)
    features = {}
    for name, network_input in inputs.items():
        feature_set = network_input.feature_set.name
        arrays = [generator.uniform(0, 1, SHAPES[feature_set]).astype("float32") for _ in range(N_CLIPS)]
        if feature_set in ON_DISK:
            features[name] = [folder / f"{name}{number}.npy" for number in range(N_CLIPS)]
            for path, array in zip(features[name], arrays, strict=True):
                np.save(path, array)
        else:
            features[name] = np.concatenate([network_input.items(array) for array in arrays])
    clips = pd.DataFrame({"clip": list("abcdef"), "speaker": list("sstuuu"), "mood": ["low", "high"] * 3})
    return Corpus.of_clips(clips, {"mood": ["high", "low"]}, pd.Series(dtype=int), inputs, features)


def test_every_network_is_tested():
    assert list(READ) == list(NETWORKS)


@pytest.mark.parametrize(
    ("name", "read"),
    [
        *READ.items(),
        ("emodal", "mfcc_functionals,frames"),
        pytest.param("end_to_end", "waveform,face_video", marks=pytest.mark.slow),
    ],
)
def test_a_network_predicts_the_task_for_each_of_its_items(name, read, tmp_path):
    options = Options(network=name, features=read)
    corpus, network = corpus_of(options, tmp_path), options.chosen
    setting = {key: value for key, value in network.default.items() if key != "learning_rate"}
    setting |= {key: value for key, value in SMALL.items() if key in setting}
    built, items = network.build(corpus, Cell(name, SPLIT, corpus.table), 0, setting)
    outputs = network.outputs(["mood"])
    assert set(built.output) == set(outputs) and set(outputs.values()) == {"mood"} and "mood" in outputs
    assert {side: set(part.index["clip"]) for side, part in items.items()} == {
        "train": set("abc"),
        "validation": {"d"},
        "test": set("ef"),
    }
    for values in built.predict(items["test"].once(), verbose=0).values():
        assert values.shape == (len(items["test"]), 2)
        np.testing.assert_allclose(values.sum(axis=1), 1, atol=1e-5)


def test_pictures_have_the_sound_of_their_own_clip(tmp_path):
    options = Options(network="crossmodal", features="mfcc,frames")
    corpus = corpus_of(options, tmp_path)
    _, items = options.chosen.build(corpus, Cell("crossmodal", SPLIT, corpus.table), 0, {})
    test = items["test"]
    assert test.index["clip"].tolist() == [*"eee", *"fff"]
    np.testing.assert_array_equal(test.inputs["audio"], np.repeat(corpus.features["audio"][4:], N_PICTURES, axis=0))
    pictures = [np.load(path) for path in corpus.features["image"][4:]]
    np.testing.assert_array_equal(test.inputs["image"], np.concatenate(pictures))


@pytest.mark.parametrize("name", NETWORKS)
def test_settings_begin_with_the_default_and_are_all_different(name):
    settings = NETWORKS[name].settings(None, seed=0)
    assert settings[0] == NETWORKS[name].default
    assert all(settings.count(setting) == 1 for setting in settings)
    assert len(settings) == np.prod([len(values) for values in NETWORKS[name].grid.values()])
    assert NETWORKS[name].settings(2, seed=0) == settings[:2]


def test_rows_of_features_of_a_video_are_averaged_like_those_of_sound():
    rows = np.array([[1.0, 2.0], [3.0, 6.0]])
    for medium in ("audio", "video"):
        np.testing.assert_array_equal(NetworkInput(Npy(medium=medium)).items(rows), [[2.0, 4.0]])
