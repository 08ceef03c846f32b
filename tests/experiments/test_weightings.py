"""Tests of the command with a tiny synthetic corpus."""

import json
from pathlib import Path

import pandas as pd
import pytest

from kerasemo.corpora.synthetic import SyntheticRavdess
from kerasemo.weighting import WEIGHTINGS

SCRIPT = Path(__file__).parents[2] / "experiments" / "weightings.py"


def test_two_actors_cannot_be_held_out(run, tmp_path):
    SyntheticRavdess(actors=[1, 2], channels=["speech"], modalities=["audio"], clips_per_emotion=2).write(
        tmp_path / "ravdess"
    )
    done = run("--root", tmp_path / "ravdess", "--out", tmp_path / "runs")
    assert done.returncode == 1 and "needs at least 3 speakers" in done.stderr
    assert not any((tmp_path / "runs").rglob("config.json"))


@pytest.mark.slow
def test_every_weighting_has_its_rows_and_a_resumed_run_gives_the_same(run, tmp_path):
    corpus = {"channels": ["speech"], "modalities": ["audio"], "clips_per_emotion": 2}
    SyntheticRavdess(actors=[1, 2], **corpus).write(tmp_path / "ravdess")
    options = ["--protocol", "paper", "--seeds", 2, "--epochs", 2]
    done = run("--root", tmp_path / "ravdess", *options, "--out", tmp_path / "runs")
    assert done.returncode == 0, done.stderr
    (folder,) = (tmp_path / "runs" / "weightings").glob("[0-9]*")
    table = pd.DataFrame(json.loads((folder / "results.json").read_text()))
    assert list(dict.fromkeys(table["row"])) == list(WEIGHTINGS)
    rows = table.pivot_table(index="row", columns="metric", values="measured")
    tasks = rows[["test UAR", "test UAR of gender", "test UAR of intensity"]]
    assert tasks.stack().between(0, 1).all()
    # The mean of the ranks from 1 to 8 is 4.5, even with ties.
    assert rows["mean rank over seeds"].mean() == pytest.approx(4.5)
    for weighting in WEIGHTINGS:
        history = pd.read_csv(folder / "history" / f"{weighting}.seed1.paper.csv")
        assert history.filter(like="_weight").shape == (2, 3)
    assert {path.stem for path in (folder / "figures").glob("*.png")} >= {"recalls", "task_weights_paper"}
    before = (folder / "results.json").read_bytes()
    (folder / "checkpoints" / "softmax.seed1.paper.keras").unlink()
    assert run("--resume", folder).returncode == 0
    assert (folder / "results.json").read_bytes() == before
