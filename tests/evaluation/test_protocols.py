import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerasemo.errors import InputError
from kerasemo.evaluation import protocols

speakers = st.lists(st.sampled_from("abcdefgh"), min_size=20, max_size=60).filter(lambda names: len(set(names)) >= 6)
FOLDS = pd.Series({name: number // 2 for number, name in enumerate("abcdefgh")})


@given(
    n=st.integers(10, 300), train=st.floats(0.2, 0.8), validation=st.sampled_from([0.0, 0.1]), seed=st.integers(0, 99)
)
def test_a_random_split_uses_every_item_once(n, train, validation, seed):
    split = protocols.random_split(n, train, validation, seed)
    rows = np.concatenate([split.train, split.validation, split.test])
    assert sorted(rows) == list(range(n))
    assert len(split.train) == round(train * n) and len(split.validation) == round(validation * n)


def test_sides_name_both_clips_of_a_pair_once():
    items = pd.DataFrame({"clip": list("aab"), "audio_clip": list("cdd")})
    split = protocols.Split("paper", train=np.array([0, 1]), validation=np.array([], int), test=np.array([2]))
    sides = split.sides(items, ["clip", "audio_clip"])
    assert [*sides.itertuples(index=False, name=None)] == [
        ("a", "train"),
        ("b", "test"),
        ("c", "train"),
        ("d", "test"),
        ("d", "train"),
    ]


def test_a_random_split_depends_on_the_seed():
    first, same_seed, other_seed = (protocols.random_split(100, 0.8, 0.1, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.test, same_seed.test)
    assert set(first.test) != set(other_seed.test)


def test_too_few_items_are_an_error():
    with pytest.raises(InputError, match="too few"):
        protocols.random_split(1, 0.8, 0.1, 0)


@given(names=speakers, share=st.sampled_from([None, 0.25, 0.5]), seed=st.integers(0, 9))
def test_no_speaker_is_on_two_sides_and_each_is_tested_once(names, share, seed):
    names = pd.Series(names)
    splits = protocols.speaker_splits(names, FOLDS, seed, share)
    for split in splits:
        sides = [set(names.iloc[rows]) for rows in split.partitions().values()]
        assert sum(map(len, sides)) == len(set.union(*sides))
        assert len(split.train) and len(split.test)
    assert sorted(np.concatenate([split.test for split in splits])) == list(range(len(names)))


@pytest.mark.parametrize(("share", "n_speakers"), [(0.5, 4), (0.25, 2)])
def test_train_share_reduces_training_speakers_and_keeps_the_test_folds(share, n_speakers):
    names = pd.Series(list("abcdefgh") * 3)
    full, reduced = protocols.speaker_splits(names, FOLDS, 0), protocols.speaker_splits(names, FOLDS, 0, share)
    for full_split, reduced_split in zip(full, reduced, strict=True):
        np.testing.assert_array_equal(full_split.test, reduced_split.test)
        assert len(set(names.iloc[reduced_split.train])) == n_speakers and not len(reduced_split.validation)


def test_speakers_without_a_fold_or_too_few_speakers_are_an_error():
    with pytest.raises(InputError, match="no fold is given for speaker z"):
        protocols.speaker_splits(pd.Series(list("abcdefz")), FOLDS, 0)
    with pytest.raises(InputError, match="at least 3 speakers"):
        protocols.speaker_splits(pd.Series(list("ab")), FOLDS, 0)


def test_all_folds_are_tested_and_three_quarters_of_speakers_train():
    names = pd.Series([f"actor_{n:02}" for n in range(24)] * 2)
    splits = protocols.speaker_splits(names, pd.Series({name: int(name[-2:]) % 6 for name in names}), 0)
    sizes = [[names.iloc[rows].nunique() for rows in split.partitions().values()] for split in splits]
    assert sizes == [[18, 2, 4]] * 6


def test_each_speaker_is_a_fold_if_there_are_few_folds():
    names = pd.Series(list("abcdefgh"))
    splits = protocols.speaker_splits(names, FOLDS, 0)
    assert [split.name for split in splits] == [f"speaker.fold{k}" for k in range(8)]
    assert [len(split.train) for split in splits] == [6] * 8


def table(n: int, speakers: int, prefix: str) -> pd.DataFrame:
    generator = np.random.default_rng(n)
    return pd.DataFrame(
        {
            "clip": [f"{prefix}{i // 3}" for i in range(n)] if prefix == "c" else [f"c{i}" for i in range(n)],
            "speaker": [f"s{(i // 3) % speakers}" for i in range(n)],
            "emotion": generator.integers(0, 3, n),
        }
    )


def test_classwise_pairs_share_the_class_and_use_recordings_equally():
    images, recordings = table(90, 4, "c"), table(20, 4, "r")
    pairs = protocols.pair_classwise(images, recordings, "emotion", seed=0)
    assert sorted(pairs["image"]) == list(range(90))
    np.testing.assert_array_equal(images["emotion"].iloc[pairs["image"]], recordings["emotion"].iloc[pairs["audio"]])
    np.testing.assert_array_equal(pairs["emotion"], images["emotion"].iloc[pairs["image"]])
    np.testing.assert_array_equal(pairs["audio_clip"], recordings["clip"].iloc[pairs["audio"]])
    for _, class_pairs in pairs.groupby("emotion"):
        uses = class_pairs["audio"].value_counts()
        assert uses.max() - uses.min() <= 1
    assert (pairs["clip"] != pairs["audio_clip"]).any()


def test_classes_without_recordings_have_no_pairs():
    images, recordings = table(30, 4, "c"), table(20, 4, "r").query("emotion != 1")
    pairs = protocols.pair_classwise(images, recordings, "emotion", 0)
    assert set(pairs["emotion"]) == {0, 2}
    np.testing.assert_array_equal(pairs["audio_clip"], recordings["clip"].loc[pairs["audio"]])


def test_performances_pair_images_with_the_sound_of_their_clip():
    images, recordings = table(30, 4, "c"), table(8, 4, "r")
    pairs = protocols.pair_performances(images, recordings, "emotion")
    assert (pairs["clip"] == pairs["audio_clip"]).all()
    assert len(pairs) == images["clip"].isin(recordings["clip"]).sum() == 24


def test_with_less_data_all_other_items_or_the_same_speakers_are_tested():
    speakers = pd.Series([f"s{number % 6}" for number in range(60)])
    folds = pd.Series(range(6), index=[f"s{number}" for number in range(6)])
    arguments = speakers, folds, 0, 0.8, 0.1
    (split,) = protocols.splits("paper", *arguments, less=0.5)
    assert (split.name, len(split.train), len(split.validation), len(split.test)) == ("paper.train50", 30, 0, 30)
    splits = [protocols.splits("speaker", *arguments, less=less) for less in (None, 0.5)]
    for full, less in zip(*splits, strict=True):
        np.testing.assert_array_equal(full.test, less.test)
        assert len(full.train) == 40 and len(less.train) == 30 and not len(less.validation)
        assert (full.less, less.less) == (None, 0.5)
