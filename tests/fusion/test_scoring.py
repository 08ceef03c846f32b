import numpy as np
import pytest

from kerasemo.evaluation.scores import ccc, ccc_of_sums, ccc_sums
from kerasemo.fusion.scoring import group_sums, score_rows


@pytest.mark.parametrize("ddof", [0, 1])
def test_rows_contain_the_ccc_over_all_frames(data, groups, ddof):
    fused = data.inputs[:, 3:6]
    rows = score_rows(group_sums(data, fused, groups), ddof, seed=0)
    expected = [ccc(data.labels[:, column], fused[:, column], ddof) for column in range(3)]
    assert [row["target"] for row in rows] == ["arousal", "valence", "liking", "average"]
    np.testing.assert_allclose([row["ccc"] for row in rows], [*expected, np.mean(expected)], atol=1e-12)
    assert all(row["n"] == len(fused) and row["low"] <= row["ccc"] <= row["high"] for row in rows)


def test_intervals_draw_whole_groups(data):
    """With two groups, half of the draws contain only one of them: the ends are the scores of the single groups."""
    groups = ["a", "a", "a", "b", "b", "b"]
    fused = data.inputs[:, 3:6]
    rows = score_rows(group_sums(data, fused, groups), 0, seed=0)
    frames = np.repeat(groups, data.lengths)
    for column, row in enumerate(rows[:3]):
        scores = [ccc(data.labels[frames == group, column], fused[frames == group, column]) for group in "ab"]
        assert [row["low"], row["high"]] == pytest.approx(sorted(scores))


def test_one_group_has_no_interval(data):
    rows = score_rows(group_sums(data, data.labels, ["a"] * 6), 0, seed=0)
    assert [row["ccc"] for row in rows] == pytest.approx([1.0] * 4)
    assert {(row["low"], row["high"]) for row in rows} == {(None, None)}


def test_ccc_of_sums_accepts_several_sets():
    generator = np.random.default_rng(0)
    true, predicted = generator.normal(size=(2, 30, 4))
    sums = ccc_sums(true, predicted)
    assert sums.shape == (4, 6)
    np.testing.assert_allclose(ccc_of_sums(sums), [ccc(true[:, k], predicted[:, k]) for k in range(4)])
