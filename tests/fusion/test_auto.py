"""The recommended fusion: its choices, on left-out groups, with known results."""

import numpy as np
import pytest

from kerasemo.evaluation.scores import ccc
from kerasemo.fusion.auto import Auto, fit_candidates, left_out_candidates, stacking_weights
from kerasemo.fusion.mean import VarianceMatchedMean
from kerasemo.fusion.ridge import Moments
from kerasemo.fusion.stage import apply

N_GROUPS, LENGTH = 8, 100
LENGTHS, GROUPS = np.full(N_GROUPS, LENGTH), np.arange(N_GROUPS)
FRAMES = N_GROUPS * LENGTH


def noise(seed, width):
    return np.random.default_rng(seed).normal(size=(FRAMES, width))


def fitted(X, y, **options):
    return Auto(**options).fit(X, y, LENGTHS, GROUPS)


def moments_and_penalties(X, y):
    """Return the moments and penalties of a fit to one target without smoothing."""
    auto = Auto(smoothing=())
    moments = Moments(np.hstack(auto._levels(X, LENGTHS)), y[:, None], np.repeat(GROUPS, LENGTHS))
    return moments.combined(auto._basis(X.shape[1], 1)), auto._penalties(X, 1)


def test_labels_of_a_group_are_not_used_for_its_left_out_candidates():
    X, y = noise(0, 4), noise(1, 1)[:, 0]
    changed = np.where(np.arange(FRAMES) < LENGTH, -3 * y, y)
    before, after = (left_out_candidates(*moments_and_penalties(X, labels)) for labels in (y, changed))
    # The total minus the sums of a group has a rounding error.
    np.testing.assert_allclose(before[0], after[0], atol=1e-9)
    assert all(np.abs(old - new).max() > 1e-3 for old, new in zip(before[1:], after[1:], strict=True))


def test_models_without_information_are_only_averaged():
    """The labels are independent of 30 models: ridges fit them in-sample, but predict none of the left-out groups."""
    X, y = np.repeat(noise(3, 30)[::50], 50, axis=0), np.repeat(noise(4, 1)[::50, 0], 50)
    auto = fitted(X, y, smoothing=())
    assert auto.shares_[0] == 1
    expected = VarianceMatchedMean().fit(X, y).predict(X)
    np.testing.assert_allclose(auto.predict(X, LENGTHS), expected, atol=1e-9)
    moments, penalties = moments_and_penalties(X, y)
    in_sample = [fit_candidates(moments, moments.sums.sum(axis=0), penalties)] * N_GROUPS
    assert stacking_weights(moments, in_sample, auto.shrinkage)[0] < 0.5


@pytest.mark.parametrize("n_groups", [1, 2, 4])
def test_fewer_than_five_groups_give_the_variance_matched_mean(data, n_groups):
    groups = np.arange(len(data.lengths)) % n_groups
    auto = Auto().fit(data.inputs, data.labels, data.lengths, groups)
    assert (auto.shares_[0] == 1).all()
    expected = VarianceMatchedMean().fit(data.inputs, data.labels).predict(data.inputs)
    np.testing.assert_allclose(auto.predict(data.inputs, data.lengths), expected, atol=1e-9)


def test_output_has_the_deviation_of_the_labels_and_is_one_linear_stage(data):
    auto = Auto(smoothing=(4,)).fit(data.inputs, data.labels, data.lengths, data.recordings)
    fused = auto.predict(data.inputs, data.lengths)
    np.testing.assert_allclose(fused.std(axis=0), data.labels.std(axis=0))
    np.testing.assert_allclose(apply(auto.stages(), data.inputs, data.lengths)[-1], fused, atol=1e-12)
    np.testing.assert_allclose(auto.shares_.sum(axis=0), 1)
    assert (auto.shares_ >= 0).all() and (auto.shares_[0] < 1).all()


def test_a_useless_model_gets_little_weight():
    y = noise(0, 1)[:, 0]
    X = np.column_stack([y + 0.1 * noise(1, 1)[:, 0], noise(2, 1)[:, 0]])
    auto = fitted(X, y, smoothing=())
    assert np.abs(auto.coef_[1, 1]) < 0.2 * auto.coef_[1, 0]
    assert ccc(y, auto.predict(X, LENGTHS)) > 0.95 > 0.8 > ccc(y, VarianceMatchedMean().fit(X, y).predict(X))


def test_an_inverted_model_gets_a_negative_weight():
    y = noise(0, 1)[:, 0]
    X = y[:, None] * [1, 1, -1] + 0.5 * noise(1, 3)
    auto = fitted(X, y, smoothing=())
    assert (auto.coef_[1, :2] > 0).all() and auto.coef_[1, 2] < 0
    assert ccc(y, auto.predict(X, LENGTHS)) > 0.9 > 0.8 > ccc(y, VarianceMatchedMean().fit(X, y).predict(X))


def test_smoothing_is_chosen_if_the_errors_are_fast_and_not_if_the_labels_are():
    slow = np.cumsum(noise(0, 1), axis=0)[:, 0] / 10
    fast = noise(1, 1)[:, 0]
    for labels, smooth in ((slow, True), (fast, False)):
        auto = fitted(labels[:, None] + 2 * noise(2, 2), labels, smoothing=(10,))
        _, unsmoothed, smoothed = np.abs(auto.coef_).max(axis=(1, 2))
        assert (smoothed > 2 * unsmoothed) == smooth


def test_one_model_keeps_its_ranks():
    """There is nothing to combine: without smoothing and different levels, the output is a line of the model."""
    X = noise(0, 1) - noise(0, 1).reshape(N_GROUPS, LENGTH).mean(axis=1).repeat(LENGTH)[:, None]
    y = X[:, 0] + noise(1, 1)[:, 0]
    fused = fitted(X, y, smoothing=()).predict(X, LENGTHS)
    assert np.corrcoef(fused, X[:, 0])[0, 1] == pytest.approx(1, abs=1e-9)
    assert fused.std() == pytest.approx(y.std())


@pytest.mark.parametrize(
    ("factors", "shrinkage", "expected"),
    [((2, 1), 0, (2 / 3, 1 / 3)), ((2, -1), 0, (1, 0)), ((-1, -2), 0, (1, 0)), ((2, 1), 1e9, (1, 0))],
)
def test_stacking_weights_are_least_squares_without_negative_weights(factors, shrinkage, expected):
    """Two candidates each pick one of two uncorrelated inputs of the same variance."""
    inputs = np.linalg.qr(noise(0, 2) - noise(0, 2).mean(axis=0))[0]
    moments = Moments(inputs, inputs @ np.array([factors]).T, np.repeat(GROUPS, LENGTHS))
    candidates = np.zeros((2, 3, 1))
    candidates[0, 1] = candidates[1, 2] = 1
    weights = stacking_weights(moments, [candidates] * N_GROUPS, shrinkage)
    np.testing.assert_allclose(weights[:, 0], expected, atol=1e-6)


def test_constant_labels_are_predicted_without_error():
    auto = fitted(noise(0, 2), np.full(FRAMES, 0.25))
    assert np.isfinite(auto.predict(noise(0, 2), LENGTHS)).all()
