"""`kerasemo codebook`, and bags of words by `kerasemo features`."""

import numpy as np
import pandas as pd
import pytest

from kerasemo import manifest
from kerasemo.features import FeatureStore, ShortTerm
from kerasemo.features.bag_of_words import Codebook


@pytest.fixture
def call(kerasemo, corpus):
    """Learn a codebook of the corpus: `call(output, *options)`."""
    root = ("--root", corpus / "root", "--jobs", 1)
    return lambda output, *options, table="manifest.csv": kerasemo(
        "codebook", "short_term", corpus / table, *root, "-o", output, "--size", 5, *options
    )


def write_split(path, table, **columns):
    pd.DataFrame({"speaker": sorted(set(table["speaker"])), **columns}).to_csv(path, index=False)
    return path


def test_a_codebook_is_learnt_on_training_clips_only_and_counts_in_all(kerasemo, corpus, call, tmp_path):
    table = manifest.load(corpus / "manifest.csv")
    split = write_split(tmp_path / "split.csv", table, partition=["test", "train"])
    done = call(tmp_path / "codebook.npz", "--split", split)
    assert done.exit_code == 0, done.output
    assert "5 words, learnt from" in done.output and "frames of 6 clips" in done.output
    train = table[table["speaker"] == sorted(set(table["speaker"]))[1]]
    frames = FeatureStore().extract(train, corpus / "root", ShortTerm()).features
    expected = Codebook.learn(ShortTerm(), np.concatenate([*frames.values()]), size=5)
    np.testing.assert_array_equal(Codebook.load(tmp_path / "codebook.npz").words, expected.words)
    done = kerasemo(
        "features", "bag_of_words", corpus / "manifest.csv", "--root", corpus / "root", "-o", tmp_path / "bags.npz",
        "--codebook", tmp_path / "codebook.npz", "--step-s", 0.5, "--jobs", 1,
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    bags = np.load(tmp_path / "bags.npz", allow_pickle=False)
    assert sorted(bags.files) == sorted(table["clip"])
    clip = train["clip"].iloc[0]
    np.testing.assert_allclose(bags[clip], expected.bags(frames[clip], step_s=0.5), rtol=1e-6)


def test_the_partition_column_of_the_manifest_is_used_without_a_split(kerasemo, corpus, tmp_path):
    table = manifest.load(corpus / "manifest.csv")
    manifest.save(table.assign(partition=["Train"] * 4 + ["Devel"] * 8), tmp_path / "m.csv")
    common = ("codebook", "mfcc", tmp_path / "m.csv", "--root", corpus / "root", "-o", tmp_path / "c.npz", "--jobs", 1)
    done = kerasemo(*common)
    assert done.exit_code == 1 and "no clip of the manifest is on the side 'train'" in done.stderr
    assert "one of Devel, Train." in done.stderr
    done = kerasemo(*common, "--training", "Train", "--size", 3, "--n-mfcc", 13)
    assert done.exit_code == 0 and "frames of 4 clips" in done.output
    assert Codebook.load(tmp_path / "c.npz").words.shape == (3, 13)


def test_without_a_split_or_with_a_leaking_one_nothing_is_learnt(corpus, call, tmp_path):
    table = manifest.load(corpus / "manifest.csv")
    done = call(tmp_path / "c.npz")
    assert done.exit_code == 1 and "has no column partition; give --split" in done.stderr
    speaker = table["speaker"][0]
    pd.DataFrame({"speaker": [speaker] * 2, "fold": ["train", "test"]}).to_csv(tmp_path / "leak.csv", index=False)
    done = call(tmp_path / "c.npz", "--split", tmp_path / "leak.csv")
    assert done.exit_code == 1 and f"speaker {speaker} is not only on the side train" in done.stderr
    done = call(tmp_path / "c.bin")
    assert done.exit_code == 2 and "give a name that ends in .npz" in done.stderr
    split = write_split(tmp_path / "split.csv", table, partition=["test", "train"])
    done = call(tmp_path / "c.npz", "--split", split, "--size", 99_999)
    assert done.exit_code == 1 and "a codebook of 99999 words needs at least as many training frames" in done.stderr
    assert not (tmp_path / "c.npz").exists()
