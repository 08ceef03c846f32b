"""Properties of all fusion estimators, and exact values of the simple ones."""

import numpy as np
import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from kerasemo.evaluation.scores import ccc
from kerasemo.fusion.auto import Auto
from kerasemo.fusion.mean import Mean, VarianceMatchedMean
from kerasemo.fusion.multistage import MultistageSVR, MultistageSVRCV
from kerasemo.fusion.multistage_authors import AuthorsMultistageSVR
from kerasemo.fusion.ridge import EqualWeightsRidge, WithinBetweenRidge
from kerasemo.fusion.stage import apply

ESTIMATORS = [
    Auto(smoothing=(4,)),
    Mean(),
    VarianceMatchedMean(),
    EqualWeightsRidge(),
    WithinBetweenRidge(smoothing=4),
    MultistageSVR(context=2, n_stages=2),
    MultistageSVRCV(contexts=(1, 2), Cs=(0.1, 1.0), n_stages=2, inner_folds=2),
    AuthorsMultistageSVR(contexts=(1, 2), Cs=(0.1, 1.0), n_stages=2),
]
every_estimator = pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda estimator: type(estimator).__name__)


@parametrize_with_checks(ESTIMATORS)
def test_scikit_learn(estimator, check):
    check(estimator)


@every_estimator
def test_stages_give_the_predictions_of_the_estimator(estimator, data, groups):
    estimator.fit(data.inputs, data.labels, data.lengths, groups)
    fused = estimator.predict(data.inputs, data.lengths)
    assert fused.shape == data.labels.shape
    np.testing.assert_allclose(apply(estimator.stages(), data.inputs, data.lengths)[-1], fused, atol=1e-12)


@every_estimator
def test_recordings_are_predicted_independently(estimator, data, groups):
    estimator.fit(data.inputs, data.labels, data.lengths, groups)
    first = data.lengths[0]
    expected = estimator.predict(data.inputs[:first], data.lengths[:1])
    np.testing.assert_allclose(estimator.predict(data.inputs, data.lengths)[:first], expected, atol=1e-12)


@every_estimator
def test_a_constant_prediction_gives_finite_results(estimator, data, groups):
    inputs = data.inputs.copy()
    inputs[:, 5] = 0.25
    estimator.fit(inputs, data.labels, data.lengths, groups)
    assert np.isfinite(estimator.predict(inputs, data.lengths)).all()


@pytest.mark.parametrize("estimator", [WithinBetweenRidge(), MultistageSVRCV()], ids=["ridge", "svr"])
def test_wrong_lengths_and_groups_are_an_error(estimator, data):
    with pytest.raises(ValueError, match="lengths must"):
        estimator.fit(data.inputs, data.labels, data.lengths[1:])
    with pytest.raises(ValueError, match="groups must"):
        estimator.fit(data.inputs, data.labels, data.lengths, ["one"])


def test_columns_of_incomplete_models_are_an_error(data):
    with pytest.raises(ValueError, match="whole models"):
        Mean().fit(data.inputs[:, 1:], data.labels)


def test_mean_is_the_mean_over_the_models(data):
    fused = Mean().fit(data.inputs, data.labels).predict(data.inputs)
    np.testing.assert_allclose(fused, (data.inputs[:, :3] + data.inputs[:, 3:6] + data.inputs[:, 6:]) / 3)


def test_variance_matched_mean_has_the_deviation_of_the_labels_and_its_own_mean(data):
    plain = Mean().fit(data.inputs, data.labels).predict(data.inputs)
    fused = VarianceMatchedMean().fit(data.inputs, data.labels).predict(data.inputs)
    np.testing.assert_allclose(fused.std(axis=0), data.labels.std(axis=0))
    np.testing.assert_allclose(fused.mean(axis=0), plain.mean(axis=0))


def test_a_strong_penalty_gives_equal_weights_of_standardised_models(data):
    ridge = EqualWeightsRidge(strengths=(1e12,)).fit(data.inputs, data.labels, data.lengths)
    weights = ridge.coef_[0] * data.inputs.std(axis=0)[:, None]
    expected = np.tile(np.diag(np.diag(weights[:3])), (3, 1))
    np.testing.assert_allclose(weights, expected, rtol=1e-6, atol=1e-9)


def test_a_weak_penalty_gives_least_squares_rescaled_to_the_labels(data):
    ridge = EqualWeightsRidge(strengths=(1e-10,)).fit(data.inputs, data.labels, data.lengths)
    fused = ridge.predict(data.inputs)
    np.testing.assert_allclose(fused.std(axis=0), data.labels.std(axis=0))
    table = np.hstack([data.inputs[:, ::3], np.ones((len(data.inputs), 1))])
    least_squares = table @ np.linalg.lstsq(table, data.labels[:, 0], rcond=None)[0]
    assert np.corrcoef(fused[:, 0], least_squares)[0, 1] == pytest.approx(1, abs=1e-6)


def test_within_between_ridge_uses_another_target_if_it_helps(data, groups):
    """The models' first target is noise, and its labels are the negative labels of the second target."""
    generator = np.random.default_rng(1)
    inputs, labels = data.inputs.copy(), data.labels.copy()
    labels[:, 0] = -labels[:, 1]
    inputs[:, ::3] = 0.1 * generator.normal(size=(len(inputs), 3))
    without_cross = EqualWeightsRidge().fit(inputs, labels, data.lengths, groups)
    ridge = WithinBetweenRidge(smoothing=1).fit(inputs, labels, data.lengths, groups)
    assert ridge.chosen_[0, 1] == 1.0
    assert ccc(labels[:, 0], without_cross.predict(inputs, data.lengths)[:, 0]) < 0.3
    assert ccc(labels[:, 0], ridge.predict(inputs, data.lengths)[:, 0]) > 0.5


def test_chosen_penalties_have_the_best_left_out_score(data, groups):
    strengths = (0.001, 1.0, 1000.0)
    ridge = EqualWeightsRidge(strengths).fit(data.inputs, data.labels, data.lengths, groups)
    frames = np.repeat(groups, data.lengths)
    scores = []
    for strength in strengths:
        fused = np.empty_like(data.labels)
        for group in set(groups):
            # The strengths differ so much that standardisation without the group does not change the choice.
            fitted = EqualWeightsRidge((strength,)).fit(data.inputs[frames != group], data.labels[frames != group])
            fused[frames == group] = fitted.predict(data.inputs[frames == group])
        scores.append([ccc(*pair) for pair in zip(data.labels.T, fused.T, strict=True)])
    np.testing.assert_array_equal(ridge.chosen_[:, 0], np.array(strengths)[np.argmax(scores, axis=0)])
