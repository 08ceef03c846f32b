"""`kerasemo features`."""

import numpy as np
import pandas as pd
import pytest

from kerasemo import manifest


def test_features_are_written_and_broken_clips_listed(kerasemo, corpus, tmp_path):
    root = tmp_path / "root"
    root.symlink_to(corpus / "root")
    table = manifest.load(corpus / "manifest.csv")
    table.loc[0, "audio"] = "absent.wav"
    manifest.save(table, tmp_path / "m.csv")
    call = ("features", "mfcc", tmp_path / "m.csv", "--root", root, "-o", tmp_path / "mfcc.npz", "--jobs", 1)
    done = kerasemo(*call)
    assert done.exit_code == 1 and "1 of 12 clips are broken, more than --max-bad 0.05 allows" in done.stderr
    assert not (tmp_path / "mfcc.npz").exists()
    done = kerasemo(*call, "--max-bad", 0.1)
    assert done.exit_code == 0, done.output
    features = np.load(tmp_path / "mfcc.npz", allow_pickle=False)
    assert sorted(features.files) == sorted(table["clip"][1:]) and features[table["clip"][1]].shape[1] == 40
    (row,) = pd.read_csv(tmp_path / "mfcc.set_aside.csv").to_dict("records")
    assert row["clip"] == table["clip"][0] and "absent.wav does not exist" in row["reason"]
    done = kerasemo(*call, "--max-bad", 0.1)
    assert done.exit_code == 2 and "mfcc.npz exists; give another --output, or replace it with --force." in done.stderr
    assert kerasemo(*call, "--max-bad", 0.1, "--force").exit_code == 0


def test_a_place_that_cannot_be_written_is_said_before_the_work(kerasemo, corpus, tmp_path):
    (tmp_path / "file").touch()
    done = kerasemo(
        "features", "mfcc", corpus / "manifest.csv", "--root", corpus / "root", "-o", tmp_path / "file" / "a.npz"
    )
    assert done.exit_code == 1 and done.stderr.startswith("Error: ") and "Extracting" not in done.stderr


def test_any_clip_name_is_kept(kerasemo, corpus, tmp_path):
    table = manifest.load(corpus / "manifest.csv").iloc[:2]
    manifest.save(table.assign(clip=["allow_pickle", "file"]), tmp_path / "m.csv")
    call = ("features", "mfcc", tmp_path / "m.csv", "--root", corpus / "root", "--jobs", 1, "-o")
    assert kerasemo(*call, tmp_path / "mfcc.npz").exit_code == 0
    assert np.load(tmp_path / "mfcc.npz", allow_pickle=False).files == ["allow_pickle", "file"]
    done = kerasemo(*call, tmp_path / "ravdess.mfcc")
    assert done.exit_code == 2 and "give a name that ends in .npz" in done.stderr


@pytest.mark.parametrize(
    ("feature_set", "shape"),
    [
        (["waveform", "--scale", "variance"], (None,)),
        (["face_video"], (None, 96, 96, 3)),
        (["face_video", "--crop", "track"], (None, 96, 96, 3)),
    ],
)
def test_features_of_dialogues(kerasemo, dialogues, tmp_path, feature_set, shape):
    name, *options = feature_set
    call = ("features", name, dialogues / "m.csv", "--root", dialogues / "root", "-o", tmp_path / "a.npz", "--jobs", 1)
    done = kerasemo(*call, *options)
    assert done.exit_code == 0, done.output
    table = manifest.load(dialogues / "m.csv")
    features = np.load(tmp_path / "a.npz", allow_pickle=False)
    for clip, length_s in zip(table["clip"], table["end_s"] - table["start_s"], strict=True):
        assert features[clip].shape[1:] == shape[1:]
        rate = 16_000 if name == "waveform" else 25
        assert len(features[clip]) == int(length_s * rate + 1e-6)
