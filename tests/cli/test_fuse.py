"""`kerasemo fuse`."""

import json

import numpy as np
import pandas as pd
import pytest

from kerasemo.corpora import avec2019_files


@pytest.fixture(scope="module")
def predictions(tmp_path_factory):
    """Labels of three dialogues and the predictions of two models."""
    folder = tmp_path_factory.mktemp("predictions")
    generator = np.random.default_rng(0)
    names = ["Devel_DE_01", "Devel_DE_12", "Devel_DE_02", "Devel_DE_05", "Devel_DE_03", "Devel_DE_08"]
    labels = {name: generator.standard_normal((50, 3)).cumsum(axis=0) for name in names}
    avec2019_files.write_traces(folder / "labels", labels)
    for model, noise in {"near": 0.5, "far": 5.0}.items():
        traces = {name: trace + noise * generator.standard_normal(trace.shape) for name, trace in labels.items()}
        avec2019_files.write_predictions(folder / model, traces)
    return folder


def test_fuse_scores_both_protocols_and_writes_what_it_found(kerasemo, predictions, tmp_path):
    call = ("fuse", predictions / "near", predictions / "far", "--labels", predictions / "labels", "--jobs", 1)
    call += ("--folds", 3, "--method", "mean", "--method", "auto", "-o", tmp_path / "fused")
    done = kerasemo(*call)
    assert done.exit_code == 0, done.output
    assert "Recommended: auto" in done.output
    assert "95 % of the average" in done.output
    rows = pd.DataFrame(json.loads((tmp_path / "fused" / "results.json").read_text()))
    assert set(rows["protocol"]) == {"in-sample", "held-out"} and len(rows) == 2 * 2 * 4
    assert (tmp_path / "fused" / "figures" / "ccc_per_stage.png").exists()
    assert avec2019_files.read_traces(tmp_path / "fused" / "predictions" / "mean.held-out").keys() == set(
        avec2019_files.read_traces(predictions / "labels")
    )
    again = kerasemo(*call)
    assert again.exit_code == 1 and "holds something already" in again.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        (["--folds", "4"], 2, "4 folds of 3 dialogues cannot be made"),
        (["--stages", "99"], 2, "99 stages make no sense"),
        (["--method", "median"], 2, "there is no fusion method 'median'"),
        (["--groups", "{folder}/groups.csv"], 1, "names Devel_DE_99, which the labels do not have"),
    ],
)
def test_fuse_says_what_is_wrong(kerasemo, predictions, tmp_path, arguments, status, sentence):
    (predictions / "groups.csv").write_text("recording,dialogue\nDevel_DE_99,a\n")
    call = ("fuse", predictions / "near", predictions / "far", "--labels", predictions / "labels", "-o", tmp_path / "f")
    done = kerasemo(*call, *(argument.format(folder=predictions) for argument in arguments))
    assert done.exit_code == status and sentence in done.stderr
    assert not any(tmp_path.iterdir())
