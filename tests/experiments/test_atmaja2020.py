"""Tests of the command with saved predictions and, marked as slow, with a tiny synthetic corpus with features."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kerasemo.corpora import avec2019, avec2019_files
from kerasemo.corpora.synthetic import SyntheticSewa

SCRIPT = Path(__file__).parents[2] / "experiments" / "atmaja2020.py"


def only_run(out: Path) -> Path:
    (folder,) = (out / "atmaja2020").glob("[0-9]*")
    return folder


def results(folder: Path) -> pd.DataFrame:
    return pd.DataFrame(json.loads((folder / "results.json").read_text()))


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    """Labels and predictions for 14 dialogues: a good model, one with half the range, noise, the organisers' fusion."""
    root = tmp_path_factory.mktemp("corpus") / "avec"
    generator = np.random.default_rng(0)
    recordings = avec2019.recordings("Devel")
    labels = {r: 0.1 * generator.standard_normal((60, 3)).cumsum(axis=0) for r in recordings if "CN" not in r}
    avec2019_files.write_traces(root / "labels", labels)
    for model, share, noise in [("good", 1.0, 0.1), ("narrow", 0.5, 0.1), ("noise", 0.0, 0.3), ("svr", 1.0, 0.0)]:
        traces = {r: share * trace + noise * generator.standard_normal(trace.shape) for r, trace in labels.items()}
        avec2019_files.write_predictions(root / "predictions" / model, traces)
    return root


@pytest.fixture(scope="module")
def finished(run, root, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("finished")
    done = run("--root", root, "--out", out)
    assert done.returncode == 0, done.stderr
    return only_run(out)


def test_saved_predictions_are_fused_and_a_note_says_what_is_left_out(finished):
    table = results(finished)
    assert set(table["table"]) == {"Table 3", "Table 3, by language"}
    assert set(table["protocol"]) == {"paper", "speaker"}
    by_language = table[table["table"] == "Table 3, by language"]
    assert list(dict.fromkeys(by_language["row"])) == ["Unimodal, DE", "Unimodal, HU"]
    assert list(dict.fromkeys(table.loc[table["table"] == "Table 3", "row"])) == [
        "Baseline, FAU functionals", "Unimodal", "Bimodal early fusion", "Multimodal late fusion", "Multistage fusion",
        "Mean", "Variance-matched mean", "Within-between ridge", "Recommended fusion (auto)",
    ]  # fmt: skip
    published = table[table["metric"] == "CCC average"].dropna(subset="published").set_index("row")["published"]
    assert published["Multistage fusion"].tolist() == [0.593, 0.593]
    note, *_ = json.loads((finished / "config.json").read_text())["notes"]
    assert "no network is trained. The saved predictions of 3 models are fused" in note
    assert {path.name for path in (finished / "figures").glob("*.png")} == {"table_3.png", "figure_3.png"}


def test_the_best_model_is_found_and_the_organisers_fusion_is_not_used(finished):
    average = results(finished).query("metric == 'CCC average' and protocol == 'speaker'").set_index("row")["measured"]
    assert average["Unimodal"] == pytest.approx(0.98, abs=0.02)
    assert average["Within-between ridge"] > average["Mean"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda root: (root / "predictions").rename(root / "p"), "contains neither feature sets such as"),
        (
            lambda root: (root / "predictions" / "good" / "Devel_DE_01.csv").unlink(),
            "has no predictions of Devel_DE_01",
        ),
        (lambda root: (root / "visual_features").mkdir(), "holds no csv"),
        (lambda root: (root / "labels").rename(root / "l"), "labels is no folder"),
    ],
)
def test_an_incomplete_corpus_gives_one_error_message_before_any_work(run, root, tmp_path, change, sentence):
    copy = tmp_path / "root"
    subprocess.run(["cp", "-r", root, copy], check=True)
    change(copy)
    done = run("--root", copy, "--out", tmp_path / "runs")
    assert done.returncode == 1 and sentence in done.stderr and "Traceback" not in done.stderr
    assert not any((tmp_path / "runs").rglob("results.json"))


@pytest.mark.slow
def test_every_table_and_the_chain_on_a_corpus_with_features(run, tmp_path):
    sets = ["visual_features_functionals", "audio_features_egemaps_functionals"]
    SyntheticSewa(train=4, devel=4, frames=(60, 90), feature_sets=sets, width=8).write(tmp_path / "sewa")
    arguments = ["--root", tmp_path / "sewa", "--epochs", 1, "--trials", 2, "--seeds", 2]
    done = run(*arguments, "--out", tmp_path / "runs")
    assert done.returncode == 0, done.stderr
    folder = only_run(tmp_path / "runs")
    rows = results(folder).groupby("table")["row"].nunique().to_dict()
    # Seven losses, each with its mean and deviation over seeds; in each of two languages.
    assert rows == {
        "Table 2": 21, "Table 2, by language": 14, "Weight search": 1, "Weight search, by language": 2, "Table 3": 9,
        "Table 3, by language": 4,
    }  # fmt: skip
    first, second = (
        avec2019_files.read_traces(folder / "predictions" / f"fau_functionals{end}") for end in ("", "_seed-1")
    )
    assert any((first[recording] != second[recording]).any() for recording in first)
    assert "synthetic corpus: not comparable with the paper" in (folder / "results.md").read_text()
    assert (folder / "saved_model" / "fusion" / "saved_model.pb").exists()
    before = (folder / "results.json").read_bytes()
    (folder / "results.json").unlink()
    (folder / "checkpoints" / "fau_functionals.keras").unlink()
    done = run("--resume", folder)
    assert done.returncode == 0, done.stderr
    assert (folder / "results.json").read_bytes() == before


def test_targets_without_a_loss_are_predicted_too_unless_heads_start_at_zero():
    """With a weight of 0 a head gets no gradient: from zeros it never leaves them, and its CCC stays exactly 0."""
    from kerasemo.models.lstm_regressor import lstm_regressor

    features = np.random.default_rng(0).normal(size=(1, 5, 3)).astype("float32")
    for initializer, moves in (("glorot_uniform", True), ("zeros", False)):
        network = lstm_regressor({"fau": 3}, units=(4,), head_initializer=initializer)
        assert bool(network({"fau": features})["liking"].numpy().any()) == moves
