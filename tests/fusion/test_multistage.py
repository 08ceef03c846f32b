import numpy as np
import pytest
from sklearn.svm import LinearSVR

from kerasemo.evaluation.scores import ccc
from kerasemo.fusion.multistage import MultistageSVR, MultistageSVRCV, fit_grid
from kerasemo.fusion.windows import offsets

EXACT = {"tol": 1e-5, "max_iter": 20_000}


def looked_around(inputs, lengths, context, quirk):
    """The window as a plain loop."""
    rows = []
    for recording in np.split(inputs, np.cumsum(lengths)[:-1]):
        for frame in range(len(recording)):
            around = np.clip(frame + offsets(context, quirk), 0, len(recording) - 1)
            rows.append(recording[around].ravel())
    return np.array(rows)


@pytest.mark.parametrize("quirk", [True, False])
def test_each_stage_is_linear_svr_on_the_stage_before(data, quirk):
    estimator = MultistageSVR(context=2, C=1.0, n_stages=3, quirk=quirk, **EXACT)
    estimator.fit(data.inputs, data.labels, data.lengths)
    here = data.inputs
    for stage in estimator.staged_predict(data.inputs, data.lengths):
        table = looked_around(here, data.lengths, 2, quirk)
        for column in range(3):
            svr = LinearSVR(C=1.0, random_state=0, max_iter=1_000_000, tol=1e-7).fit(table, data.labels[:, column])
            np.testing.assert_allclose(stage[:, column], svr.predict(table), atol=2e-3)
        here = np.hstack([data.inputs, stage])


def test_the_last_stage_is_the_prediction(data):
    estimator = MultistageSVR(context=2, n_stages=3).fit(data.inputs, data.labels, data.lengths)
    stages = list(estimator.staged_predict(data.inputs, data.lengths))
    assert len(stages) == len(estimator.stages()) == 3
    np.testing.assert_array_equal(estimator.predict(data.inputs, data.lengths), stages[-1])
    assert (np.array(estimator.gaps_) <= estimator.tol).all()


def test_kernels_say_which_lag_and_input_a_weight_is_of(data):
    """Labels are one input two frames before: the kernel must find it there."""
    inputs = np.random.default_rng(0).normal(size=data.inputs.shape)
    labels = np.concatenate([np.roll(part, 2) for part in np.split(inputs[:, 4], np.cumsum(data.lengths)[:-1])])
    estimator = MultistageSVR(context=3, C=1.0, n_stages=1, quirk=False).fit(inputs, labels, data.lengths)
    (stage,) = estimator.stages()
    assert stage.kernel.shape == (7, 9, 1) and stage.reach == 3
    assert np.unravel_index(np.abs(stage.kernel).argmax(), stage.kernel.shape) == (1, 4, 0)
    assert stage.kernel[1, 4, 0] > 0.9


def test_a_grid_is_its_cells(data):
    cells = [MultistageSVR(context, C, n_stages=2, **EXACT) for context in (2, 4) for C in (0.1, 1.0)]
    fit_grid(cells, data.inputs, data.labels, data.lengths)
    for cell in cells:
        alone = MultistageSVR(cell.context, cell.C, 2, **EXACT).fit(data.inputs, data.labels, data.lengths)
        for ours, theirs in zip(cell.stages_, alone.stages_, strict=True):
            np.testing.assert_allclose(ours.kernel, theirs.kernel, atol=5e-3)


@pytest.mark.parametrize("inner_folds", [0, 2])
def test_the_cell_chosen_has_the_best_score(data, groups, inner_folds):
    contexts, Cs = (1, 3), (1e-4, 1.0)
    chosen = MultistageSVRCV(contexts, Cs, n_stages=1, inner_folds=inner_folds, tol=1e-4)
    chosen.fit(data.inputs, data.labels, data.lengths, groups)
    best = chosen.best_estimator_
    assert best.C == 1.0
    if not inner_folds:
        scores = {}
        for context in contexts:
            fused = MultistageSVR(context, 1.0, 1, tol=1e-4).fit(data.inputs, data.labels, data.lengths)
            fused = fused.predict(data.inputs, data.lengths)
            scores[context] = np.mean([ccc(*pair) for pair in zip(data.labels.T, fused.T, strict=True)])
        assert best.context == max(scores, key=scores.get)
