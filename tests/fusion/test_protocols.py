"""The held-out protocol must not use the labels of the held-out fold, in any stage and for any choice."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.base import BaseEstimator, RegressorMixin

from kerasemo.errors import WrongCall
from kerasemo.fusion.methods import METHODS, estimator
from kerasemo.fusion.multistage import MultistageSVR, MultistageSVRCV
from kerasemo.fusion.protocols import HELD_OUT, fold_of_recordings, held_out, in_sample

# Small grids and windows are sufficient for these tests.
QUICK = {
    "multistage-svr": MultistageSVRCV(contexts=(2,), Cs=(0.1, 1.0), n_stages=3, inner_folds=2),
}


def test_groups_are_not_divided_and_folds_have_equal_sizes():
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
def test_no_stage_uses_the_labels_of_the_held_out_fold(method, data):
    """Changing the labels of a fold must not change the predictions of this fold, in any stage.

    A common mistake fails this test: if out-of-fold outputs of one stage are inputs of the next with the same folds,
    the labels of a fold affect its second stage through the outputs for the other folds.
    """
    # Each recording is a group, so that the training folds have enough groups for inner choices.
    groups = data.recordings
    fold_of = fold_of_recordings(groups, folds=6, seed=0)
    fusion = QUICK.get(method) or estimator(method, HELD_OUT)
    before = held_out(fusion, data, groups, fold_of)
    for fold in range(6):
        in_fold = np.repeat(fold_of == fold, data.lengths)
        labels = np.where(in_fold[:, None], 1 - 3 * data.labels, data.labels)
        after = held_out(fusion, replace(data, labels=labels), groups, fold_of)
        for old, new in zip(before, after, strict=True):
            np.testing.assert_array_equal(old[in_fold], new[in_fold])
        if method != "mean":
            assert (before[-1][~in_fold] != after[-1][~in_fold]).any()


def test_out_of_fold_outputs_as_inputs_leak_labels(data, groups):
    """The check of the test above must find the leak of this mistake."""
    fold_of = fold_of_recordings(groups, folds=3, seed=0)
    svr = MultistageSVR(context=2, C=1.0, n_stages=1)

    def second_stage(labels):
        changed_data = replace(data, labels=labels)
        (first,) = held_out(svr, changed_data, groups, fold_of)
        return held_out(svr, replace(changed_data, inputs=np.hstack([data.inputs, first])), groups, fold_of)[0]

    in_fold = np.repeat(fold_of == 0, data.lengths)
    changed = np.where(in_fold[:, None], 1 - 3 * data.labels, data.labels)
    assert np.abs(second_stage(data.labels)[in_fold] - second_stage(changed)[in_fold]).max() > 1e-3


class Recorder(RegressorMixin, BaseEstimator):
    """Predicts zeros and records its arguments."""

    calls = []  # noqa: RUF012

    def fit(self, X, y, lengths, groups):
        self.calls.append((X, y, lengths, list(groups)))
        return self

    def predict(self, X, lengths):
        self.calls.append((X, lengths))
        return np.zeros((len(X), 3))


def test_each_fit_uses_only_the_other_folds(data, groups):
    Recorder.calls.clear()
    fold_of = fold_of_recordings(groups, folds=2, seed=0)
    held_out(Recorder(), data, groups, fold_of)
    for fold, (fit, predict) in enumerate(zip(Recorder.calls[::2], Recorder.calls[1::2], strict=True)):
        test = np.repeat(fold_of == fold, data.lengths)
        for array, expected in zip(fit[:2], (data.inputs[~test], data.labels[~test]), strict=True):
            np.testing.assert_array_equal(array, expected)
        np.testing.assert_array_equal(fit[2], data.lengths[fold_of != fold])
        assert not set(fit[3]) & set(np.array(groups)[fold_of == fold])
        np.testing.assert_array_equal(predict[0], data.inputs[test])


def test_in_sample_predicts_the_training_recordings(data, groups):
    fusion = MultistageSVR(context=2, n_stages=2)
    stages = in_sample(fusion, data, groups)
    expected_stages = fusion.fit(data.inputs, data.labels, data.lengths).staged_predict(data.inputs, data.lengths)
    for stage, expected in zip(stages, expected_stages, strict=True):
        np.testing.assert_array_equal(stage, expected)


@pytest.mark.parametrize(("method", "stages"), [("median", 5), ("multistage-svr", 0), ("multistage-svr", 11)])
def test_unknown_methods_and_numbers_of_stages_are_a_wrong_call(method, stages):
    with pytest.raises(WrongCall):
        estimator(method, HELD_OUT, stages)
