import numpy as np
import pytest

from kerasemo.errors import InputError
from kerasemo.features import FeatureStore
from kerasemo.features.bag_of_words import BagOfWords, Codebook, hop_s
from kerasemo.features.egemaps import Egemaps
from kerasemo.features.mfcc import Mfcc
from kerasemo.features.short_term import ShortTerm
from tests.features.conftest import audio_manifest, tone, write_wav

DESCRIPTORS = ShortTerm(hop_s=0.01)


@pytest.fixture
def frames():
    """Four clumps far from each other, and which one each frame is of."""
    rng = np.random.default_rng(0)
    clump = rng.integers(4, size=600)
    centres = np.array([[0.0, 0.0], [9.0, 0.0], [0.0, 900.0], [9.0, 900.0]])
    return centres[clump] + rng.normal(scale=[0.1, 10.0], size=(600, 2)), clump


def test_bags_count_the_nearest_word_of_each_window(frames):
    descriptors, clump = frames
    codebook = Codebook.learn(DESCRIPTORS, descriptors, size=4)
    bags = codebook.bags(descriptors, window_s=1.0)
    assert bags.shape == (60, 4)
    words = codebook.words * codebook.spread + codebook.mean
    clumps = np.array([descriptors[clump == k].mean(axis=0) for k in range(4)])
    order = [int(np.abs(words - centre).sum(axis=1).argmin()) for centre in clumps]
    assert sorted(order) == [0, 1, 2, 3]
    for window, (start, stop) in [(0, (0, 51)), (30, (250, 351)), (59, (540, 600))]:
        counts = np.bincount(clump[start:stop], minlength=4)
        np.testing.assert_array_equal(bags[window, order], np.log1p(counts))


def test_a_descriptor_that_never_changes_does_not_count(frames):
    descriptors, _ = frames
    constant = np.hstack([descriptors, np.full((600, 1), 7.0)])
    with_it, without = (Codebook.learn(DESCRIPTORS, each, size=4) for each in (constant, descriptors))
    np.testing.assert_array_equal(with_it.bags(constant), without.bags(descriptors))


def test_more_words_than_frames_are_refused(frames):
    with pytest.raises(InputError, match="codebook of 100 words needs at least as many training frames, not 99"):
        Codebook.learn(DESCRIPTORS, frames[0][:99])


def test_a_codebook_comes_back_as_written_and_the_same_one_has_the_same_bytes(frames, tmp_path):
    for name in ("a.npz", "b.npz"):
        codebook = Codebook.learn(DESCRIPTORS, frames[0], size=8, seed=3)
        codebook.save(tmp_path / name)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    loaded = Codebook.load(tmp_path / "a.npz")
    assert loaded.descriptors == DESCRIPTORS
    np.testing.assert_array_equal(loaded.bags(frames[0]), codebook.bags(frames[0]))


def test_every_kind_of_descriptors_has_its_step():
    assert [hop_s(each) for each in (Mfcc(), Egemaps(), ShortTerm())] == [512 / 22050, 0.01, 0.025]


@pytest.mark.parametrize(
    "change",
    [
        lambda arrays: arrays.pop("words"),
        lambda arrays: arrays.update(words=arrays["words"][:, :1]),
        lambda arrays: arrays.update(words=arrays["words"][:0]),
        lambda arrays: arrays.update(mean=np.array([np.nan, 0.0])),
        lambda arrays: arrays.update(spread=np.zeros(2)),
        lambda arrays: arrays.update(descriptors='[{"feature_set": "frames"}, 1]'),
        lambda arrays: arrays.update(descriptors='[{"feature_set": "mfcc", "n_mfcc": 0}, 1]'),
        lambda arrays: arrays.update(descriptors="no json"),
        lambda arrays: arrays.update(words=np.array([[None]])),
    ],
)
def test_other_files_are_refused_in_one_sentence(frames, tmp_path, change):
    Codebook.learn(DESCRIPTORS, frames[0], size=8).save(tmp_path / "c.npz")
    arrays = dict(np.load(tmp_path / "c.npz"))
    change(arrays)
    np.savez(tmp_path / "c.npz", **arrays)
    with pytest.raises(InputError, match=r"c\.npz is not a codebook written by"):
        BagOfWords(codebook=str(tmp_path / "c.npz"))
    (tmp_path / "c.npz").write_bytes(b"PK")
    with pytest.raises(InputError, match=r"c\.npz is not a codebook written by"):
        BagOfWords(codebook=str(tmp_path / "c.npz"))
    with pytest.raises(InputError, match=r"absent\.npz is not a codebook written by"):
        BagOfWords(codebook=str(tmp_path / "absent.npz"))


def test_a_codebook_of_another_version_is_refused(frames, tmp_path, monkeypatch):
    Codebook.learn(DESCRIPTORS, frames[0], size=8).save(tmp_path / "c.npz")
    monkeypatch.setattr(ShortTerm, "version", ShortTerm.version + 1)
    with pytest.raises(InputError, match="learnt with another version of short_term"):
        BagOfWords(codebook=str(tmp_path / "c.npz"))


def test_the_cache_depends_on_the_content_of_the_codebook_not_on_its_path(tmp_path):
    (tmp_path / "root").mkdir()
    write_wav(tmp_path / "root" / "a.wav", tone(2.0) + 0.01 * np.random.default_rng(0).normal(size=16000))
    table = audio_manifest(tmp_path / "root")
    store = FeatureStore(tmp_path / "cache")
    frames = ShortTerm().extract(tmp_path / "root" / "a.wav")
    codebooks = [Codebook.learn(ShortTerm(), frames, size=4, seed=seed) for seed in (0, 0)]
    codebooks.append(Codebook(ShortTerm(), codebooks[0].mean, codebooks[0].spread, codebooks[0].words[:2]))
    entries, arrays = [], []
    for number, codebook in enumerate(codebooks):
        codebook.save(tmp_path / f"{number}.npz")
        extraction = store.extract(table, tmp_path / "root", BagOfWords(codebook=str(tmp_path / f"{number}.npz")))
        entries.append(extraction.files["a"])
        arrays.append(extraction.features["a"])
        np.testing.assert_allclose(arrays[-1], codebook.bags(frames), rtol=1e-6)
    assert entries[0] == entries[1] != entries[2]
    assert arrays[0].shape[1] == 4 and arrays[2].shape[1] == 2
