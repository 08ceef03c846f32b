"""The experiment on real recordings: a few of each of six actors."""

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

SCRIPT = Path(__file__).parents[2] / "experiments" / "goswami2018.py"


@pytest.mark.slow
def test_real_speech_gives_tables_and_a_model_that_answers(ravdess_root, tmp_path):
    for wav in sorted(ravdess_root.rglob("03-01-*-01-0[12]-01-0[1-6].wav")):
        link = tmp_path / "root" / wav.relative_to(ravdess_root)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(wav)
    arguments = ["--root", tmp_path / "root", "--epochs", "5", "--out", tmp_path / "runs"]
    done = subprocess.run([sys.executable, SCRIPT, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (run,) = (tmp_path / "runs" / "goswami2018").iterdir()
    results = pd.DataFrame(json.loads((run / "results.json").read_text()))
    assert set(results["corpus"]) == {"RAVDESS"} and set(results["protocol"]) == {"paper", "speaker"}
    assert "synthetic" not in (run / "report.html").read_text()
    assert results.query("protocol == 'speaker' and metric == 'test accuracy'")["n"].tolist() == [96]
    (saved_model,) = (run / "saved_model").iterdir()
    wav = next((tmp_path / "root").rglob("*.wav"))
    done = subprocess.run(
        [sys.executable, "-m", "kerasemo", "predict", saved_model, wav], capture_output=True, text=True
    )
    assert done.returncode == 0 and wav.name in done.stdout, done.stderr
