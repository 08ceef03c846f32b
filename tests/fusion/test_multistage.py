import numpy as np
import pytest
from sklearn.svm import LinearSVR

from kerasemo.evaluation.scores import ccc
from kerasemo.fusion.multistage import MultistageSVR, MultistageSVRCV
from kerasemo.fusion.multistage_grid import fit_grid
from kerasemo.fusion.windows import offsets

EXACT = {"tol": 1e-5, "max_iter": 20_000}


def windows_by_loop(inputs, lengths, context, quirk):
    """Compute the windows with a plain loop."""
    rows = []
    for recording in np.split(inputs, np.cumsum(lengths)[:-1]):
        for frame in range(len(recording)):
            window = np.clip(frame + offsets(context, quirk), 0, len(recording) - 1)
            rows.append(recording[window].ravel())
    return np.array(rows)


@pytest.mark.parametrize("quirk", [True, False])
def test_each_stage_equals_linear_svr_on_the_previous_stage(data, quirk):
    estimator = MultistageSVR(context=2, C=1.0, n_stages=3, quirk=quirk, **EXACT)
    estimator.fit(data.inputs, data.labels, data.lengths)
    stage_inputs = data.inputs
    for stage in estimator.staged_predict(data.inputs, data.lengths):
        table = windows_by_loop(stage_inputs, data.lengths, 2, quirk)
        for column in range(3):
            svr = LinearSVR(C=1.0, random_state=0, max_iter=1_000_000, tol=1e-7).fit(table, data.labels[:, column])
            np.testing.assert_allclose(stage[:, column], svr.predict(table), atol=2e-3)
        stage_inputs = np.hstack([data.inputs, stage])


def test_the_last_stage_is_the_prediction(data):
    estimator = MultistageSVR(context=2, n_stages=3).fit(data.inputs, data.labels, data.lengths)
    stages = list(estimator.staged_predict(data.inputs, data.lengths))
    assert len(stages) == len(estimator.stages()) == 3
    np.testing.assert_array_equal(estimator.predict(data.inputs, data.lengths), stages[-1])
    assert (np.array(estimator.gaps_) <= estimator.tol).all()


def test_kernel_axes_are_lags_and_inputs(data):
    """The labels equal one input two frames before, where the kernel must have its largest weight."""
    inputs = np.random.default_rng(0).normal(size=data.inputs.shape)
    labels = np.concatenate([np.roll(part, 2) for part in np.split(inputs[:, 4], np.cumsum(data.lengths)[:-1])])
    estimator = MultistageSVR(context=3, C=1.0, n_stages=1, quirk=False).fit(inputs, labels, data.lengths)
    (stage,) = estimator.stages()
    assert stage.kernel.shape == (7, 9, 1) and stage.reach == 3
    assert np.unravel_index(np.abs(stage.kernel).argmax(), stage.kernel.shape) == (1, 4, 0)
    assert stage.kernel[1, 4, 0] > 0.9


def test_fit_grid_equals_single_fits(data):
    cells = [MultistageSVR(context, C, n_stages=2, **EXACT) for context in (2, 4) for C in (0.1, 1.0)]
    fit_grid(cells, data.inputs, data.labels, data.lengths)
    for cell in cells:
        single = MultistageSVR(cell.context, cell.C, 2, **EXACT).fit(data.inputs, data.labels, data.lengths)
        for stage, expected in zip(cell.stages_, single.stages_, strict=True):
            np.testing.assert_allclose(stage.kernel, expected.kernel, atol=5e-3)


@pytest.mark.parametrize("inner_folds", [0, 2])
def test_chosen_cell_has_the_best_score(data, groups, inner_folds):
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


@pytest.mark.parametrize("seed", range(3))
def test_inner_folds_score_recordings_that_the_cell_was_not_fitted_on(seed):
    """Each model is the label plus noise of its own; with few frames the weaker regularisation only fits that noise."""
    generator = np.random.default_rng(seed)
    lengths = [10, 10, 10, 10]
    labels = generator.normal(size=(sum(lengths), 1))
    inputs = labels + generator.normal(size=(len(labels), 6))
    chosen = [
        MultistageSVRCV((3,), (0.01, 0.1), n_stages=1, inner_folds=folds, tol=1e-3)
        .fit(inputs, labels, lengths, groups=list("abcd"))
        .best_estimator_.C
        for folds in (0, 4)
    ]
    assert chosen == [0.1, 0.01]
