"""The published predictions of the AVEC 2019 baselines: their known scores, and held-out scores of their fusion."""

import numpy as np
import pytest

from kerasemo.evaluation.scores import ccc
from kerasemo.fusion import predictions
from kerasemo.fusion.fuse import fuse
from kerasemo.fusion.multistage import MultistageSVR

# CCC of arousal, valence, liking over all 28 recordings, from the data of the organisers.
KNOWN = {
    "visual-func": (0.531, 0.565, 0.083),
    "visual-xbow": (0.467, 0.523, 0.057),
    "visual-resnet": (0.473, 0.487, 0.040),
    "visual-vgg": (0.493, 0.505, 0.037),
    "egemaps-func_STD": (0.371, 0.286, 0.159),
    "egemaps-xbow": (0.398, 0.352, 0.138),
    "mfcc-func_STD": (0.326, 0.187, 0.144),
    "mfcc-xbow": (0.298, 0.134, 0.074),
    "deepspectrum": (0.312, 0.233, 0.142),
}
FAST_METHODS = ("mean", "variance-matched-mean", "equal-weights-ridge", "within-between-ridge", "auto")


@pytest.fixture(scope="module")
def folders(request):
    root = request.config.rootpath.parent / "shared" / "data" / "avec2019_ces"
    if not root.is_dir():
        pytest.skip(f"real predictions of AVEC 2019 are not at {root}")
    return [root / "predictions" / name for name in KNOWN], root / "labels"


@pytest.fixture(scope="module")
def data(folders):
    return predictions.load(*folders)


def test_each_set_has_its_known_score(data):
    assert len(data.labels) == 40_032
    for number, name in enumerate(data.models):
        inputs = data.inputs[:, 3 * number : 3 * number + 3]
        scores = [ccc(*pair) for pair in zip(data.labels.T, inputs.T, strict=True)]
        assert scores == pytest.approx(KNOWN[name], abs=5.1e-4), name


def averages(rows, protocol):
    return {row["method"]: row["ccc"] for row in rows if (row["target"], row["protocol"]) == ("average", protocol)}


@pytest.mark.slow
def test_recommended_method_is_as_good_as_the_best_on_held_out_dialogues(folders):
    scores = []
    for seed in range(3):
        fused = fuse(*folders, methods=FAST_METHODS, protocol="held-out", seed=seed)
        assert fused.default == "auto" and not fused.notes
        scores.append(averages(fused.rows, "held-out"))
        assert scores[-1]["auto"] >= 0.49
    mean = {method: np.mean([score[method] for score in scores]) for method in FAST_METHODS}
    assert mean["mean"] == pytest.approx(0.421, abs=5e-4)
    assert mean["variance-matched-mean"] == pytest.approx(0.458, abs=0.005)
    assert mean["within-between-ridge"] >= 0.50
    assert mean["auto"] >= max(mean.values()) - 0.01


def test_first_stage_is_far_better_on_the_fitted_half(data):
    """Uses half of the German and half of the Hungarian dialogues; the experiment computes the full tables."""
    groups, _ = predictions.groups(data.recordings)
    train = np.array([sorted(set(groups)).index(group) % 2 == 0 for group in groups])
    in_train = np.repeat(train, data.lengths)
    svr = MultistageSVR(n_stages=1, tol=0.02)
    svr.fit(data.inputs[in_train], data.labels[in_train], data.lengths[train])
    scores = {}
    for side, frames, recordings in (("fitted", in_train, train), ("held-out", ~in_train, ~train)):
        fused = svr.predict(data.inputs[frames], data.lengths[recordings])
        scores[side] = np.mean([ccc(*pair) for pair in zip(data.labels[frames].T, fused.T, strict=True)])
    assert scores["fitted"] > 0.45 and scores["held-out"] < 0.36
