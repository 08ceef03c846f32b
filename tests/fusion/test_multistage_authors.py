"""The authors' multistage fusion against a plain implementation of its description, with scikit-learn's `LinearSVR`."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.svm import LinearSVR

from kerasemo.evaluation.scores import ccc
from kerasemo.fusion.mean import Mean
from kerasemo.fusion.multistage_authors import AuthorsMultistageSVR
from kerasemo.fusion.protocols import held_out, in_sample
from kerasemo.fusion.selection import BestModels

PADDED = 110
EXACT = {"tol": 1e-6, "max_iter": 50_000}


def table_of(frames, context):
    """The current frame, then `context` frames back and `context` frames on, both from the current one; ends clamp."""
    rows = []
    for current in range(len(frames)):
        past = [max(current - step, 0) for step in range(context)]
        future = [min(current + step, len(frames) - 1) for step in range(context)]
        rows.append(np.concatenate([frames[number] for number in [current, *past, *future]]))
    return np.array(rows)


def reference(recordings, labels, contexts, Cs, n_stages):
    """Fit on all recordings as one, predict each padded recording, and give the output to the next stage.

    Args:
        recordings: the padded inputs of each recording.
        labels: the traces of each recording, shorter than its inputs.
    """
    truth, stages, chosen = np.concatenate(labels), [], []
    inputs = recordings
    for _ in range(n_stages):
        joined = np.concatenate([frames[: len(trace)] for frames, trace in zip(inputs, labels, strict=True)])
        columns, cells = [], []
        for target in truth.T:
            best = (-np.inf,)
            for context in contexts:
                table = table_of(joined, context)
                for C in Cs:
                    svr = LinearSVR(C=C, random_state=0, max_iter=1_000_000, tol=1e-8).fit(table, target)
                    score = ccc(target, svr.predict(table), ddof=1)
                    if score > best[0]:
                        best = score, context, C, svr
            _, context, C, svr = best
            columns.append([svr.predict(table_of(frames, context)) for frames in inputs])
            cells.append((context, C))
        outputs = [np.stack(columns_of, axis=1) for columns_of in zip(*columns, strict=True)]
        stages.append(np.concatenate([out[: len(trace)] for out, trace in zip(outputs, labels, strict=True)]))
        chosen.append(cells)
        inputs = [np.hstack([frames, out]) for frames, out in zip(recordings, outputs, strict=True)]
    return stages, chosen


@pytest.fixture
def padded(data):
    """The recordings, continued to `PADDED` frames by other values than the last one."""
    generator = np.random.default_rng(5)
    padding = [0.2 * generator.normal(size=(PADDED - length, data.inputs.shape[1])) for length in data.lengths]
    return replace(data, padding=padding)


def test_stages_and_choices_are_those_of_the_plain_implementation(padded, groups):
    contexts, Cs = (1, 3), (0.01, 1.0)
    inputs = padded.split(padded.inputs).values()
    recordings = [np.concatenate(parts) for parts in zip(inputs, padded.padding, strict=True)]
    expected, chosen = reference(recordings, list(padded.split(padded.labels).values()), contexts, Cs, n_stages=2)
    svr = AuthorsMultistageSVR(contexts, Cs, n_stages=2, **EXACT)
    svr.fit(padded.inputs, padded.labels, padded.lengths, padding=padded.padding)
    assert svr.chosen_ == chosen
    stages = list(svr.staged_predict(padded.inputs, padded.lengths, padded.padding))
    np.testing.assert_allclose(stages, expected, atol=2e-3)
    for stage, other in zip(stages, in_sample(svr, padded, groups), strict=True):
        np.testing.assert_array_equal(stage, other)


def test_targets_and_stages_have_choices_of_their_own():
    """The first target is a sum over a long window, the second the current frame, the third noise."""
    generator = np.random.default_rng(0)
    lengths = [150, 150]
    inputs = generator.normal(size=(300, 3))
    summed = np.convolve(inputs[:, 0], np.ones(9) / 3, mode="same")
    labels = np.stack([summed, inputs[:, 1], generator.normal(size=300)], axis=1)
    svr = AuthorsMultistageSVR((2, 5), (0.001, 10.0), n_stages=1).fit(inputs, labels, lengths)
    ((first, second, _),) = svr.chosen_
    assert first == (5, 10.0) and second[1] == 10.0
    (stage,) = svr.stages()
    assert stage.kernel.shape == (9, 3, 3)
    np.testing.assert_allclose(stage.kernel[:, 0, 0], 1 / 3, atol=0.02)


def test_windows_cross_borders_in_fitting_only(data):
    """One frame per recording: in fitting, a frame is its neighbour's label; in predicting there is no neighbour."""
    inputs = np.random.default_rng(0).normal(size=(200, 1))
    labels = np.roll(inputs, 1)
    svr = AuthorsMultistageSVR((2,), (10.0,), n_stages=1).fit(inputs, labels)
    np.testing.assert_allclose(svr.stages()[0].kernel[:, 0, 0], [1, 0, 0], atol=0.02)
    np.testing.assert_allclose(svr.predict(inputs), inputs, atol=0.02)


def test_padding_changes_the_last_frames_of_a_recording_only(padded, groups):
    svr = BestModels(AuthorsMultistageSVR((3,), (1.0,), n_stages=1), n_models=2)
    folds = np.arange(len(padded.lengths)) % 2
    (with_padding,) = held_out(svr, padded, groups, folds)
    (without,) = held_out(svr, replace(padded, padding=[part[:0] for part in padded.padding]), groups, folds)
    from_end = np.concatenate([np.arange(length)[::-1] for length in padded.lengths])
    changed = (with_padding != without).any(axis=1)
    assert changed[from_end < 2].all()
    np.testing.assert_allclose(with_padding[from_end >= 2], without[from_end >= 2], atol=1e-12)


def test_fusions_without_padding_ignore_it(padded, groups):
    (fused,) = in_sample(BestModels(Mean(), n_models=3), padded, groups)
    np.testing.assert_allclose(fused, padded.inputs.reshape(len(fused), 3, 3).mean(axis=1))
