"""Held out means held out: at every stage, and for everything that is chosen."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.base import BaseEstimator, RegressorMixin

from kerasemo.errors import WrongCall
from kerasemo.fusion.methods import METHODS, estimator
from kerasemo.fusion.multistage import MultistageSVR, MultistageSVRCV
from kerasemo.fusion.protocols import HELD_OUT, fold_of_recordings, held_out, in_sample

# Small grids and windows: what is tested here does not depend on them.
QUICK = {
    "multistage-svr": MultistageSVRCV(contexts=(2,), Cs=(0.1, 1.0), n_stages=3, inner_folds=2),
}


def test_groups_stay_whole_and_folds_are_even():
    groups = [f"dialogue {number // 2}" for number in range(28)]
    fold_of = fold_of_recordings(groups, folds=7, seed=3)
    assert all(fold_of[::2] == fold_of[1::2])
    assert np.bincount(fold_of).tolist() == [4] * 7
    assert (fold_of != fold_of_recordings(groups, folds=7, seed=4)).any()


@pytest.mark.parametrize("folds", [1, 4])
def test_too_few_or_too_many_folds_are_a_wrong_call(folds):
    with pytest.raises(WrongCall, match="give 2 to 3 folds"):
        fold_of_recordings(["a", "b", "c", "c"], folds, seed=0)


@pytest.mark.parametrize("method", METHODS)
def test_no_stage_sees_the_labels_that_it_is_scored_on(method, data, groups):
    """Other labels in a fold leave that fold's predictions as they are, to the bit, at every stage.

    The leaky shortcut, out-of-fold outputs of one stage as inputs of the next over the same folds, fails this: there
    the labels of a fold reach its own second stage by way of the outputs for the other folds.
    """
    fold_of = fold_of_recordings(groups, folds=3, seed=0)
    fusion = QUICK.get(method) or estimator(method, HELD_OUT)
    before = held_out(fusion, data, groups, fold_of)
    for fold in range(3):
        in_fold = np.repeat(fold_of == fold, data.lengths)
        labels = np.where(in_fold[:, None], 1 - 3 * data.labels, data.labels)
        after = held_out(fusion, replace(data, labels=labels), groups, fold_of)
        for one, other in zip(before, after, strict=True):
            np.testing.assert_array_equal(one[in_fold], other[in_fold])
        if method != "mean":
            assert (before[-1][~in_fold] != after[-1][~in_fold]).any()


def test_the_leaky_shortcut_does_see_them(data, groups):
    """The same check on the shortcut, built by hand: it must find the leak."""
    fold_of = fold_of_recordings(groups, folds=3, seed=0)
    svr = MultistageSVR(context=2, C=1.0, n_stages=1)

    def shortcut(labels):
        there = replace(data, labels=labels)
        (first,) = held_out(svr, there, groups, fold_of)
        return held_out(svr, replace(there, inputs=np.hstack([data.inputs, first])), groups, fold_of)[0]

    in_fold = np.repeat(fold_of == 0, data.lengths)
    changed = np.where(in_fold[:, None], 1 - 3 * data.labels, data.labels)
    assert np.abs(shortcut(data.labels)[in_fold] - shortcut(changed)[in_fold]).max() > 1e-3


class Witness(RegressorMixin, BaseEstimator):
    """Predicts zeros and notes what it was given."""

    seen = []  # noqa: RUF012

    def fit(self, X, y, lengths, groups):
        self.seen.append((X, y, lengths, list(groups)))
        return self

    def predict(self, X, lengths):
        self.seen.append((X, lengths))
        return np.zeros((len(X), 3))


def test_each_fit_gets_the_other_folds_and_nothing_else(data, groups):
    Witness.seen.clear()
    fold_of = fold_of_recordings(groups, folds=2, seed=0)
    held_out(Witness(), data, groups, fold_of)
    for fold, (fitted, asked) in enumerate(zip(Witness.seen[::2], Witness.seen[1::2], strict=True)):
        test = np.repeat(fold_of == fold, data.lengths)
        for given, expected in zip(fitted[:2], (data.inputs[~test], data.labels[~test]), strict=True):
            np.testing.assert_array_equal(given, expected)
        np.testing.assert_array_equal(fitted[2], data.lengths[fold_of != fold])
        assert not set(fitted[3]) & set(np.array(groups)[fold_of == fold])
        np.testing.assert_array_equal(asked[0], data.inputs[test])


def test_in_sample_is_fitted_on_what_it_is_asked(data, groups):
    fusion = MultistageSVR(context=2, n_stages=2)
    stages = in_sample(fusion, data, groups)
    expected = fusion.fit(data.inputs, data.labels, data.lengths).staged_predict(data.inputs, data.lengths)
    for ours, theirs in zip(stages, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize(("method", "stages"), [("median", 5), ("multistage-svr", 0), ("multistage-svr", 11)])
def test_no_such_method_and_more_stages_than_sense_are_wrong_calls(method, stages):
    with pytest.raises(WrongCall):
        estimator(method, HELD_OUT, stages)
