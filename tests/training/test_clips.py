import pickle
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import soundfile

from kerasemo import manifest
from kerasemo.errors import InputError
from kerasemo.features.network_input import NetworkInput
from kerasemo.features.store import FeatureStore
from kerasemo.features.waveform import Waveform
from kerasemo.training.clips import Clips, read_clips
from kerasemo.training.missing import UNKNOWN

LENGTHS = (7, 3, 5)
INPUTS = {"audio": NetworkInput(Waveform(), frame_length=4), "video": NetworkInput(Waveform(), frame_length=1)}


@pytest.fixture
def clips(tmp_path):
    """Sound with 4 samples per frame and one frame more than the pictures; all values are the number of the clip."""
    files = {"audio": [], "video": []}
    for number, n in enumerate(LENGTHS):
        arrays = {
            "audio": np.full(4 * (n + 1) + 3, number + 1, np.float32),
            "video": np.full((n, 2, 2), number + 1, np.uint8),
        }
        for name, array in arrays.items():
            files[name].append(tmp_path / f"{name}_{number}.npy")
            np.save(files[name][-1], array)
    index = pd.DataFrame({"clip": ["a", "b", "c"], "speaker": "s"})
    return Clips(INPUTS, files, {"emotion": np.array([0, 1, 2])}, index)


def test_a_batch_is_padded_to_its_longest_clip_and_cut_to_its_shortest_input(clips):
    audio, video, n_frames = clips.batch(np.array([2, 0]))
    assert audio.shape == (2, 7, 4) and video.shape == (2, 7, 2, 2) and n_frames.tolist() == [5, 7]
    for array in (audio, video):
        assert (array[0, :5] == 3).all() and not array[0, 5:].any() and (array[1] == 1).all()


def test_once_gives_every_clip_in_order_with_its_target(clips):
    (inputs, targets), *rest = list(clips.once())
    assert not rest and targets["emotion"].numpy().tolist() == [0, 1, 2]
    assert inputs["n_frames"].numpy().tolist() == list(LENGTHS)
    assert inputs["audio"][:, 0, 0].numpy().tolist() == inputs["video"][:, 0, 0, 0].numpy().tolist() == [1, 2, 3]
    assert {tensor.dtype.name for name, tensor in inputs.items() if name != "n_frames"} == {"float32"}


def test_a_missing_label_has_the_weight_0(clips):
    with_gap = replace(clips, targets={"emotion": np.array([0, UNKNOWN, 2]), "valence": np.array([1.0, 2.0, np.nan])})
    ((_, targets, weights),) = with_gap.once()
    assert targets["emotion"].numpy().tolist() == [0, 0, 2] and targets["valence"].numpy().tolist() == [1, 2, 0]
    assert weights["emotion"].numpy().tolist() == [1.5, 0, 1.5] and weights["valence"].numpy().tolist() == [1.5, 1.5, 0]
    assert with_gap.first()[2] == {"emotion": [1.5], "valence": [1.5]} and clips.first()[2] is None


def test_each_epoch_has_a_new_order_that_depends_on_the_seed(clips):
    def order(first_epoch=0):
        stream = clips.epochs(batch_size=2, seed=1, first_epoch=first_epoch)
        return [targets["emotion"].numpy().tolist() for _, targets in stream.take(8)]

    batches = order()
    epochs = [sorted(batches[k] + batches[k + 1]) for k in range(0, 8, 2)]
    assert epochs == [[0, 1, 2]] * 4 and len({str(batches[k : k + 2]) for k in range(0, 8, 2)}) > 1
    assert order(first_epoch=2)[:4] == batches[4:]


def test_pickled_clips_do_not_contain_the_features(clips, tmp_path):
    copy = pickle.loads(pickle.dumps(clips))
    np.testing.assert_array_equal(copy.batch(np.array([1]))[0], clips.batch(np.array([1]))[0])
    assert len(pickle.dumps(clips)) < 5000


def test_broken_and_too_short_clips_are_set_aside(tmp_path):
    sound = np.random.default_rng(0).normal(size=16_000) * 0.1
    for name, samples in {"whole": sound, "short": sound[:500], "silent": 0 * sound}.items():
        soundfile.write(tmp_path / f"{name}.wav", samples, 16_000)
    rows = [(name, f"{name}.wav", "s") for name in ("whole", "short", "silent")]
    table = pd.DataFrame(rows, columns=["clip", "audio", "speaker"]).assign(video=None, start_s=np.nan, end_s=np.nan)
    table = manifest.check(table.assign(gender="female", dialogue=None, emotion="sad"), "the manifest")
    audio = {"audio": NetworkInput(Waveform(), frame_length=640)}
    store = FeatureStore(tmp_path / "store")
    kept, files, set_aside = read_clips(table, tmp_path, audio, max_bad=0.5, store=store)
    assert kept["clip"].tolist() == ["whole"] and len(files["audio"]) == 1
    reasons = dict(zip(set_aside["clip"], set_aside["reason"], strict=True))
    assert "silent" in reasons["silent"] and reasons["short"] == "is shorter than a frame of the network"
    with pytest.raises(InputError, match="no clip has all inputs of the network"):
        read_clips(table[table["clip"] == "short"], tmp_path, audio, store=store)
