import audmetric
import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import balanced_accuracy_score, log_loss, precision_recall_fscore_support

from kerasemo.evaluation.scores import by_clip, ccc, negative_log_likelihood, unweighted_average_recall
from kerasemo.evaluation.tables import AVERAGED


def test_decision_for_a_clip_is_the_mean_over_its_items():
    items = pd.DataFrame(
        {
            "clip": ["a", "b", "a", "a"],
            "speaker": ["1", "2", "1", "1"],
            "emotion": ["sad", "happy", "sad", "sad"],
            "predicted": ["happy", "happy", "happy", "sad"],
            "happy": [0.6, 0.7, 0.6, 0.0],
            "sad": [0.4, 0.3, 0.4, 1.0],
        }
    )
    clips = by_clip(items, "emotion")
    assert clips["clip"].tolist() == ["a", "b"]
    assert clips["predicted"].tolist() == ["sad", "happy"]
    assert list(clips.columns) == list(items.columns)


def test_the_number_of_a_clip_is_the_mean_of_its_items():
    items = pd.DataFrame(
        {"clip": list("aab"), "speaker": "s", "valence": [2.0, 2.0, 4.0], "predicted": [1.0, 2.0, 5.0]}
    )
    clips = by_clip(items, "valence")
    assert (
        list(clips) == list(items) and clips["predicted"].tolist() == [1.5, 5] and clips["valence"].tolist() == [2, 4]
    )


def test_recall_and_likelihood_equal_scikit_learn():
    generator = np.random.default_rng(0)
    names = ["angry", "happy", "sad"]
    probabilities = pd.DataFrame(generator.dirichlet([1, 1, 1], size=50), columns=names)
    true = pd.Series(generator.choice(names, size=50, p=[0.6, 0.3, 0.1]))
    items = probabilities.assign(emotion=true, predicted=probabilities.idxmax(axis=1))
    expected = balanced_accuracy_score(items["emotion"], items["predicted"])
    assert unweighted_average_recall(items["emotion"], items["predicted"]) == pytest.approx(expected)
    losses = negative_log_likelihood(items, "emotion")
    assert losses.mean() == pytest.approx(log_loss(items["emotion"], items[names], labels=names))


def test_probability_0_of_the_true_class_gives_a_finite_likelihood():
    items = pd.DataFrame({"emotion": ["sad"], "predicted": ["happy"], "happy": [1.0], "sad": [0.0]})
    assert np.isfinite(negative_log_likelihood(items, "emotion")).all()


@pytest.mark.parametrize("offset", [0.0, 1000.0, -1e6])
def test_ccc_equals_audmetric(offset):
    true, noise = np.random.default_rng(0).normal(size=(2, 1000))
    predicted = 0.6 * true + 0.5 * noise + 0.1
    expected = audmetric.concordance_cc(true, predicted)
    assert ccc(true + offset, predicted + offset) == pytest.approx(expected, abs=1e-9)


def test_ccc_with_ddof_1_equals_the_formula_of_the_challenge():
    true, predicted = np.random.default_rng(0).normal([[0.0], [0.3]], size=(2, 50))
    expected = 2 * np.cov(true, predicted, ddof=0)[0, 1]
    expected /= true.var(ddof=1) + predicted.var(ddof=1) + (true.mean() - predicted.mean()) ** 2
    assert ccc(true, predicted, ddof=1) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("constant", [0.0, 0.1, 1000.1])
def test_ccc_of_a_constant_is_zero(constant):
    values = np.full(10, constant)
    assert ccc(values, values) == 0
    assert ccc(np.arange(10.0), values) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(("true", "predicted"), [([1.0, 2.0], [1.0]), ([[1.0, 2.0]], [[1.0, 2.0]]), ([], [])])
def test_ccc_of_mismatched_or_empty_arrays_is_an_error(true, predicted):
    with pytest.raises(ValueError, match="Received"):
        ccc(np.array(true), np.array(predicted))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("average", ["macro", "weighted"])
def test_precision_recall_and_f1_equal_scikit_learn(average, seed):
    generator = np.random.default_rng(seed)
    # "c" never occurs and is sometimes predicted; "d" occurs and is never predicted.
    true = pd.Series(generator.choice(list("aaabd"), 40))
    predicted = pd.Series(generator.choice(list("abc"), 40)).where(generator.uniform(size=40) < 0.5, true)
    predicted = predicted.replace("d", "a")
    labels = sorted(set(true))
    expected = precision_recall_fscore_support(true, predicted, labels=labels, average=average, zero_division=0)
    for name, value in zip(("precision", "recall", "F1"), expected, strict=False):
        assert AVERAGED[f"{average} {name}"](true, predicted) == pytest.approx(value)
