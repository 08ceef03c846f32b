import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from kerasemo.errors import InputError
from kerasemo.features.bag_of_words import BagOfAudioWords


@pytest.fixture
def frames():
    """Four clumps far from each other, and which one each frame is of."""
    rng = np.random.default_rng(0)
    clump = rng.integers(4, size=600)
    centres = np.array([[0.0, 0.0], [9.0, 0.0], [0.0, 900.0], [9.0, 900.0]])
    return centres[clump] + rng.normal(scale=[0.1, 10.0], size=(600, 2)), clump


def test_bags_count_the_nearest_word_of_each_window(frames):
    descriptors, clump = frames
    bag = BagOfAudioWords(hop_s=0.01, size=4, window_s=1.0).fit(descriptors)
    bags = bag.transform(descriptors)
    assert bags.shape == (60, 4)
    words = [
        int(
            np.argmin(
                np.abs(
                    bag.scaler_.inverse_transform(bag.kmeans_.cluster_centers_) - descriptors[clump == k].mean(axis=0)
                ).sum(axis=1)
            )
        )
        for k in range(4)
    ]
    assert sorted(words) == [0, 1, 2, 3]
    for window, (start, stop) in [(0, (0, 51)), (30, (250, 351)), (59, (540, 600))]:
        counts = np.bincount(clump[start:stop], minlength=4)
        np.testing.assert_array_equal(bags[window, words], np.log1p(counts))


def test_the_codebook_is_of_the_training_frames_only(frames):
    descriptors, _ = frames
    bag = BagOfAudioWords(hop_s=0.01, size=8).fit(descriptors[:300])
    before = bag.kmeans_.cluster_centers_.copy()
    alone = bag.transform(descriptors[300:])
    np.testing.assert_array_equal(bag.kmeans_.cluster_centers_, before)
    np.testing.assert_array_equal(bag.transform(descriptors[300:]), alone)
    again = clone(bag).fit(descriptors[:300])
    np.testing.assert_array_equal(again.transform(descriptors[300:]), alone)


def test_what_cannot_be_is_refused(frames):
    descriptors, _ = frames
    bag = BagOfAudioWords(hop_s=0.01)
    with pytest.raises(NotFittedError):
        bag.transform(descriptors)
    with pytest.raises(InputError, match=r"codebook of 100 words needs as many frames at least. Received: 99"):
        bag.fit(descriptors[:99])
    bag.fit(descriptors)
    with pytest.raises(ValueError, match="expecting 2 features"):
        bag.transform(descriptors[:, :1])
    with pytest.raises(ValueError, match="NaN"):
        bag.transform(np.full((3, 2), np.nan))
