"""Tests of the example that CONTRIBUTING.md refers to."""

import json
from pathlib import Path

import pandas as pd

from kerasemo.corpora.synthetic import SyntheticRavdess


def test_a_new_paper_writes_its_table_figure_and_saved_model(run, tmp_path):
    corpus = {"channels": ["speech"], "modalities": ["audio"], "clips_per_emotion": 1}
    SyntheticRavdess(actors=range(1, 4), **corpus).write(tmp_path / "ravdess")
    done = run("--root", tmp_path / "ravdess", "--epochs", 2, "--out", tmp_path / "runs")
    assert done.returncode == 0, done.stderr
    (folder,) = (tmp_path / "runs" / "new_paper").glob("[0-9]*")
    table = pd.DataFrame(json.loads((folder / "results.json").read_text()))
    assert table["protocol"].tolist() == ["paper", "speaker"] and table["measured"].between(0, 1).all()
    assert (folder / "figures" / "table_1.png").exists()
    assert (folder / "saved_model" / "dense.paper" / "saved_model.pb").exists()


def test_it_is_short(script):
    assert len(Path(script.__file__).read_text().splitlines()) < 80
