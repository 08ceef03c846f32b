import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler

from kerasemo.corpora import avec2019
from kerasemo.corpora.synthetic import ccc_ceiling, sewa, sewa_signals
from kerasemo.corpora.synthetic.sewa_signals import DELAY_FRAMES, STRENGTHS, perform


@pytest.fixture(scope="module")
def corpus():
    """The whole corpus in memory: partition -> its recordings."""
    made = {"Train": [], "Devel": []}
    for side in sewa.SyntheticSewa()._sides():
        recording = perform(side.dialogue, side.side, side.n_frames, list(STRENGTHS), 16, seed=0)
        made[avec2019.partition(side.name)].append(recording)
    return made


def correlations(corpus, feature_sets, delay=DELAY_FRAMES):
    """Correlation of each target on Devel with a ridge regression of Train, labels moved forward by `delay`."""

    def frames(partition):
        inputs = [
            np.hstack([recording.features[name] for name in feature_sets])[: len(recording.labels) - delay]
            for recording in corpus[partition]
        ]
        return np.concatenate(inputs), np.concatenate([recording.labels[delay:] for recording in corpus[partition]])

    (train, gold), (devel, truth) = frames("Train"), frames("Devel")
    scaler = StandardScaler().fit(train)
    predicted = Ridge(1.0).fit(scaler.transform(train), gold).predict(scaler.transform(devel))
    return np.array([np.corrcoef(predicted[:, target], truth[:, target])[0, 1] for target in range(3)])


def test_labels_have_the_spread_of_the_real_ones(corpus):
    labels = [recording.labels for partition in corpus.values() for recording in partition]
    frames = np.concatenate(labels)
    np.testing.assert_allclose(frames.std(axis=0), 0.135, atol=0.01)
    # Smooth: neighbouring frames differ by a small part of the spread.
    assert np.mean([np.diff(trace, axis=0).std() for trace in labels]) < 0.1 * 0.135
    assert 0.8 < np.mean([np.corrcoef(trace[:-10, 0], trace[10:, 0])[0, 1] for trace in labels]) < 0.95


def test_a_ridge_of_each_set_recovers_the_ranking(corpus):
    ceilings = np.array([[*ccc_ceiling([name]).values()] for name in STRENGTHS])
    measured = np.array([correlations(corpus, [name]) for name in STRENGTHS])
    assert spearmanr(ceilings.mean(axis=1), measured.mean(axis=1))[0] > 0.9
    for target, best in [(0, "audio_features_egemaps_xbow"), (1, "visual_features_functionals")]:
        assert spearmanr(ceilings[:, target], measured[:, target])[0] > 0.9
        assert list(STRENGTHS)[measured[:, target].argmax()] == best
    assert measured[:, 2].max() < 0.35
    # The sampling error of 28 recordings.
    assert np.abs(measured - ceilings).mean() < 0.06
    assert np.abs((measured - ceilings).mean()) < 0.04


def test_two_sets_come_near_their_common_ceiling(corpus):
    pair = ["visual_features_functionals", "audio_features_egemaps_xbow"]
    ceiling = np.array([*ccc_ceiling(pair).values()])
    assert (ceiling > np.array([[*ccc_ceiling([name]).values()] for name in pair]).max(axis=0)).all()
    np.testing.assert_allclose(correlations(corpus, pair), ceiling, atol=0.08)


def test_labels_come_late(corpus):
    by_delay = {delay: correlations(corpus, ["visual_features_functionals"], delay)[1] for delay in (0, 10, 20, 30, 40)}
    assert max(by_delay, key=by_delay.get) == DELAY_FRAMES
    assert by_delay[0] < by_delay[DELAY_FRAMES] - 0.1


def test_every_set_of_the_corpus_has_a_strength():
    assert sorted(STRENGTHS) == sorted(avec2019.FEATURE_SETS.values())


def test_ceilings_by_hand(monkeypatch):
    # Targets that do not hang together: a set's ceilings are its strengths.
    monkeypatch.setattr(sewa_signals, "TARGET_CORRELATION", np.eye(3))
    for name, strengths in STRENGTHS.items():
        np.testing.assert_allclose([*ccc_ceiling([name]).values()], strengths, rtol=1e-12)
    # Two sets that are hidden independently: their signal-to-noise ratios add.
    monkeypatch.setattr(sewa_signals, "SHARED_NOISE", 0.0)
    pair = ["visual_features_xbow", "visual_features_VGG"]
    squares = np.square([STRENGTHS[name] for name in pair])
    ratio = (squares / (1 - squares)).sum(axis=0)
    np.testing.assert_allclose([*ccc_ceiling(pair).values()], np.sqrt(ratio / (1 + ratio)), rtol=1e-12)
