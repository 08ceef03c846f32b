"""Tests of the command with the sound of a tiny synthetic IEMOCAP and, marked as slow, also with its video."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kerasemo.corpora.synthetic import SyntheticIemocap
from kerasemo.export import ServedModel

SCRIPT = Path(__file__).parents[2] / "experiments" / "chae2018.py"


def only_run(out: Path) -> Path:
    (folder,) = (out / "chae2018").glob("[0-9]*")
    return folder


def results(folder: Path) -> pd.DataFrame:
    return pd.DataFrame(json.loads((folder / "results.json").read_text()))


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("corpus") / "iemocap"
    SyntheticIemocap(sessions=(1, 2), scenarios=["improvised"], modalities=["audio"], dialogues=1, turns=10).write(root)
    return root


@pytest.fixture(scope="module")
def finished(run, root, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("finished")
    done = run("--root", root, "--quick", "--protocol", "paper", "--batch-size", 4, "--epochs", 1, "--out", out)
    assert done.returncode == 0, done.stderr
    return only_run(out)


def test_without_video_the_table_has_the_rows_of_the_audio_networks(finished):
    table = results(finished)
    assert list(dict.fromkeys(table["row"])) == ["UM-static-A", "UM-dynamic-A", "UM-uncertainty-A"]
    dynamic = table[table["row"] == "UM-dynamic-A"].set_index("metric")
    published = dynamic["published"].dropna().to_dict()
    assert published == {
        "final weight of emotion": 0.3232,
        "final weight of gender": 0.6768,
        "validation NLL, sum": 158.38,
    }
    for metric in ("test accuracy", "test UAR", "test accuracy of gender", "test UAR of gender"):
        assert 0 <= dynamic.loc[metric, "measured"] <= 1
    assert dynamic.loc["validation NLL, sum", "measured"] == pytest.approx(
        dynamic.loc["validation NLL per clip", "measured"] * dynamic.loc["validation NLL per clip", "n"]
    )
    assert "Left out, because no video was read: UM-dynamic-V, MM-static" in (finished / "results.md").read_text()


def test_static_weights_stay_and_softmax_weights_drift(finished):
    histories = {
        name: pd.read_csv(finished / "history" / f"um_{name}_a.paper.csv")
        for name in ("static", "dynamic", "uncertainty")
    }
    assert (histories["static"][["emotion_weight", "gender_weight"]] == 0.5).all(axis=None)
    dynamic = histories["dynamic"]
    np.testing.assert_allclose(dynamic["emotion_weight"] + dynamic["gender_weight"], 1, rtol=1e-6)
    # Gender, with two classes, is easier than emotion with four classes from the start.
    assert (dynamic["emotion_weight"] < 0.5).all() and dynamic["emotion_weight"].is_monotonic_decreasing


def test_losses_in_the_table_equal_those_in_the_history(finished):
    last = pd.read_csv(finished / "history" / "um_dynamic_a.paper.csv").iloc[-1]
    rows = results(finished).query("row == 'UM-dynamic-A'").set_index("metric")["measured"]
    equal = (last["val_emotion_loss"] + last["val_gender_loss"]) / 2
    assert rows["validation NLL per clip, equal weights"] == pytest.approx(equal, rel=1e-4)
    weighted = sum(last[f"{task}_weight"] * last[f"val_{task}_loss"] for task in ("emotion", "gender"))
    assert rows["validation NLL per clip"] == pytest.approx(weighted, rel=1e-4)


def test_figures_exist_and_the_saved_model_accepts_wavs_of_any_length(finished, root):
    names = {path.stem for path in (finished / "figures").glob("*.png")}
    assert {"recalls", "figure_2_paper", "equal_weights_paper", "task_weights_paper"} <= names
    served = ServedModel(finished / "saved_model" / "um_dynamic_a.paper")
    for wav in sorted(root.rglob("*.wav"))[:2]:
        probabilities = served.predict(wav)
        assert list(probabilities.index) == ["neu", "ang", "hap", "sad"]
        assert probabilities.sum() == pytest.approx(1)


@pytest.mark.slow
def test_a_resumed_run_gives_the_same_numbers(run, finished):
    before = (finished / "results.json").read_bytes()
    (finished / "results.json").unlink()
    (finished / "checkpoints" / "um_dynamic_a.paper.keras").unlink()
    done = run("--resume", finished)
    assert done.returncode == 0, done.stderr
    assert (finished / "results.json").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        (["--corpus", "ravdess"], 2, "--corpus ravdess needs --root"),
        (["--corpus", "ravdess", "--crop", "track"], 2, "are for IEMOCAP"),
        (["--protocol", "speaker"], 1, "needs at least 3 speakers"),
        (["--corpus", "ravdess", "--protocol", "paper"], 1, "holds no file named like"),
    ],
)
def test_wrong_options_or_corpora_give_one_error_message_before_any_work(
    run, root, tmp_path, arguments, status, sentence
):
    root_options = [] if status == 2 else ["--root", root]
    done = run(*arguments, *root_options, "--out", tmp_path / "runs")
    assert done.returncode == status and sentence in done.stderr and "Traceback" not in done.stderr
    assert not any((tmp_path / "runs").rglob("config.json"))


def test_weights_of_another_network_are_rejected_immediately(run, root, tmp_path):
    import keras

    network = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    network.save_weights(tmp_path / "other.weights.h5")
    done = run("--root", root, "--imagenet", tmp_path / "other.weights.h5", "--out", tmp_path / "runs")
    assert done.returncode == 1 and "does not hold the weights of resnet50" in done.stderr


@pytest.mark.slow
def test_every_model_under_both_protocols_with_pictures(run, tmp_path):
    SyntheticIemocap(sessions=(1, 2, 3), scenarios=["improvised"], dialogues=1, turns=5).write(tmp_path / "iemocap")
    arguments = ["--root", tmp_path / "iemocap", "--quick", "--epochs", 1, "--batch-size", 4]
    done = run(*arguments, "--out", tmp_path / "runs")
    assert done.returncode == 0, done.stderr
    folder = only_run(tmp_path / "runs")
    table = results(folder)
    assert set(table["row"]) == {
        "UM-dynamic-A", "UM-dynamic-V", "MM-static", "MM-dynamic", "UM-uncertainty-A", "MM-uncertainty",
    }  # fmt: skip
    assert set(table["protocol"]) == {"paper", "speaker"}
    assert (folder / "figures" / "figure_2_speaker.png").exists()
    assert (folder / "saved_model" / "mm_dynamic.paper" / "saved_model.pb").exists()
