"""`fuse`, from folders to scores, fused traces and a fitted fusion."""

import json
from itertools import pairwise

import numpy as np
import pytest

from kerasemo.corpora.avec2019 import TARGETS
from kerasemo.corpora.avec2019_files import read_traces
from kerasemo.errors import InputError, WrongCall
from kerasemo.evaluation.scores import ccc
from kerasemo.fusion import fuse as module
from kerasemo.fusion import saved
from kerasemo.fusion.fuse import fuse
from kerasemo.fusion.methods import METHODS
from kerasemo.fusion.multistage import MultistageSVRCV
from kerasemo.fusion.predictions import load
from kerasemo.fusion.stage import apply

COLUMNS = ["method", "stage", "protocol", "target", "ccc", "low", "high", "n", "default"]
FAST_METHODS = ("mean", "equal-weights-ridge", "auto")


@pytest.fixture(scope="module")
def quick_svr():
    """Use a small grid: that of the paper is for recordings of several minutes."""
    with pytest.MonkeyPatch.context() as patch:
        original = module.estimator

        def small(method, protocol, n_stages=5):
            if method != "multistage-svr":
                return original(method, protocol, n_stages)
            return MultistageSVRCV(contexts=(2,), Cs=(0.1, 1.0), n_stages=n_stages)

        patch.setattr(module, "estimator", small)
        yield


def test_results_and_predictions_of_all_methods_are_written(folders, tmp_path, quick_svr):
    models, labels = folders
    fused = fuse(models, labels, methods=METHODS, stages=2, folds=3, out=tmp_path / "out")
    rows = json.loads((tmp_path / "out" / "results.json").read_text())
    assert rows == fused.rows and all(list(row) == COLUMNS for row in rows)
    # Five methods with one stage and one with two, two protocols, three targets and the average.
    assert len(rows) == 7 * 2 * 4
    assert {row["method"] for row in rows if row["default"]} == {fused.default} == {"auto"}
    truth = read_traces(labels)
    for method, protocol in fused.traces:
        written = read_traces(tmp_path / "out" / "predictions" / f"{method}.{protocol}")
        for column, target in enumerate(TARGETS):
            pairs = [(truth[name][:, column], written[name][: len(truth[name]), column]) for name in truth]
            (value,) = [
                row["ccc"]
                for row in rows
                if (row["method"], row["protocol"], row["target"]) == (method, protocol, target)
                and row["stage"] == (2 if method == "multistage-svr" else 1)
            ]
            assert ccc(*map(np.concatenate, zip(*pairs, strict=True))) == pytest.approx(value, abs=1e-4)


def test_in_sample_scores_increase_with_the_stages(folders, quick_svr):
    rows = fuse(*folders, methods=["multistage-svr"], stages=4, protocol="in-sample").rows
    averages = [row["ccc"] for row in rows if row["target"] == "average"]
    assert all(previous < following for previous, following in pairwise(averages))
    assert not any(row["default"] for row in rows)


def test_fused_traces_cannot_be_fused_again(folders, tmp_path):
    """Out-of-fold outputs as the input of another fusion would leak labels."""
    models, labels = folders
    fuse(models, labels, methods=FAST_METHODS, folds=3, out=tmp_path / "out")
    for folder in (tmp_path / "out" / "predictions").iterdir():
        with pytest.raises(InputError, match="was made by a fusion"):
            fuse([*models, folder], labels, methods=FAST_METHODS, folds=3)


def test_results_do_not_depend_on_jobs(folders, quick_svr):
    one, two = (fuse(*folders, methods=METHODS, stages=2, folds=3, jobs=jobs) for jobs in (1, 2))
    assert one.rows == two.rows


def test_saved_fusion_is_the_recommended_method_fitted_on_all_recordings(folders, tmp_path):
    fused = fuse(*folders, methods=FAST_METHODS, folds=3, out=tmp_path / "out")
    models, stages = saved.load(tmp_path / "out" / "fusion.npz")
    data = load(*folders)
    assert models == data.models
    traces = data.split(apply(stages, data.inputs, data.lengths)[-1])
    for recording, expected in fused.traces[fused.default, "in-sample"].items():
        np.testing.assert_allclose(traces[recording], expected, atol=1e-12)


def test_without_the_recommended_method_the_first_one_is_saved(folders, tmp_path):
    fused = fuse(*folders, methods=["equal-weights-ridge", "mean"], folds=3, out=tmp_path / "out")
    assert fused.default is None and not any(row["default"] for row in fused.rows)
    data = load(*folders)
    _, stages = saved.load(tmp_path / "out" / "fusion.npz")
    traces = apply(stages, data.inputs, data.lengths)[-1]
    expected = np.concatenate(list(fused.traces["equal-weights-ridge", "in-sample"].values()))
    np.testing.assert_allclose(traces, expected, atol=1e-12)


def test_avec_scoring_divides_by_n_minus_one(folders):
    plain, avec = (fuse(*folders, methods=["mean"], protocol="in-sample", scoring=s) for s in ("plain", "avec"))
    assert all(a["ccc"] < p["ccc"] < a["ccc"] * 1.01 for a, p in zip(avec.rows, plain.rows, strict=True))


def test_a_groups_file_changes_the_folds(folders, tmp_path):
    file = tmp_path / "groups.csv"
    file.write_text("recording,dialogue\n" + "".join(f"{name},{name}\n" for name in read_traces(folders[1])))
    default, with_file = (fuse(*folders, methods=["equal-weights-ridge"], folds=3, groups=g) for g in (None, file))
    assert default.rows != with_file.rows and default.notes == with_file.notes == []


@pytest.mark.parametrize(
    "options",
    [
        {"methods": ["median"]},
        {"methods": []},
        {"methods": ["mean", "mean"]},
        {"stages": 0},
        {"stages": 99},
        {"protocol": "paper"},
        {"scoring": "mse"},
        {"folds": 9},
    ],
)
def test_invalid_options_are_a_wrong_call(folders, options):
    with pytest.raises(WrongCall, match=r"[^.]\.$"):
        fuse(*folders, **{"methods": ["mean"], **options})


def test_a_folder_that_is_not_empty_is_kept(folders, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("mine")
    with pytest.raises(InputError, match="holds something already"):
        fuse(*folders, methods=["mean"], folds=3, out=tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["thesis.txt"]
