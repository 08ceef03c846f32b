"""AlexNet on a tiny synthetic corpus with labels that are not known; slow: the whole experiment as a user runs it."""

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from kerasemo import manifest
from kerasemo.corpora import iemocap
from kerasemo.corpora.synthetic import write_iemocap
from kerasemo.errors import InputError, WrongCall
from kerasemo.export import ServedModel
from kerasemo.timeline import timeline
from kerasemo.training.run import Run

SCRIPT = Path(__file__).parents[2] / "experiments" / "ryabinov2021.py"
OPTIONS = {
    "architecture": "alexnet", "augment": ["spectrogram", "speed", "noise"], "batch_size": 8, "corpus": "iemocap",
    "epochs": 1, "imagenet": None, "jobs": 1, "manifest": None, "max_bad": 0.05, "merge_excited": False,
    "protocol": "paper", "quick": False, "root": None, "seed": 0, "task": None, "weighting": "uncertainty",
}  # fmt: skip


def run(*arguments: object) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, str(SCRIPT), *map(str, arguments)], capture_output=True, text=True)


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("corpus") / "iemocap"
    write_iemocap(root, sessions=(1, 2, 3), modalities=["audio"], dialogues=1, turns=10)
    return root


@pytest.fixture(scope="module")
def with_gaps(root) -> Path:
    """A manifest of the corpus in which two clips have no emotion and every second one no gender."""
    table = iemocap.read(root, "drop")
    table.loc[[0, 5], "emotion"] = None
    table.loc[::2, "gender"] = None
    path = root.parent / "gaps.csv"
    manifest.save(table.drop(columns=["dialogue"]).assign(dialogue=None), path)
    return path


@pytest.fixture(scope="module")
def trained(script, root, with_gaps, tmp_path_factory):
    """AlexNet of both tasks, trained on what is known."""
    options = SimpleNamespace(**OPTIONS | {"root": str(root), "manifest": str(with_gaps)})
    run = Run.create(tmp_path_factory.mktemp("runs"), script.KEY, {"options": vars(options), "notes": []})
    data = script.read_corpus(run, options)
    cell = next(cell for cell in script.plan(run, data, options) if cell.task == script.MULTITASK)
    script.train_cell(run.path, data, options, cell)
    return run, data, cell, options


def test_a_missing_label_is_neither_learnt_nor_scored(trained, with_gaps):
    run, data, cell, _ = trained
    table = manifest.load(with_gaps).set_index("clip")
    assert len(data.table) == len(table) == 24  # none is dropped
    sides = {side: data.table["clip"].iloc[rows] for side, rows in cell.split.partitions().items()}
    for side, clips in sides.items():
        for task, file in (("emotion", f"{side}.csv"), ("gender", f"{side}.gender.csv")):
            predictions = pd.read_csv(run.path / "predictions" / cell.model / file).set_index("clip")
            known = table.loc[clips, task].dropna()
            assert set(predictions.index) == set(known.index)  # a row a clip, whatever its segments
            assert (predictions[task] == known[predictions.index]).all()
            np.testing.assert_allclose(predictions[data.classes[task]].sum(axis=1), 1, atol=1e-5)
    history = pd.read_csv(run.path / "history" / f"{cell.model}.csv")
    assert np.isfinite(history).all(axis=None)
    assert "12 clips have no label of gender: they train the other tasks, and are not scored" in str(
        run.config["notes"]
    )


def test_figures_of_what_it_sees(script, trained):
    run, data, cell, _ = trained
    script.draw_curves(run, data, cell, [cell.model])
    script.draw_sight(run, data, cell)
    assert {path.stem for path in (run.path / "figures").glob("*.png")} == {
        "losses_alexnet_paper", "confusion_alexnet_paper", "tsne_alexnet_paper", "grad_cam_alexnet_paper",
    }  # fmt: skip


def test_ratings_become_three_levels_and_one_class_is_refused(script, root):
    table = iemocap.read(root, "drop")
    levels = script.labels_of(table, "valence", "iemocap")
    assert ((levels == "low") == (table["valence"] <= 2.5)).all()
    assert ((levels == "high") == (table["valence"] > 3.5)).all()
    none = pd.DataFrame(columns=["reason"])
    assert script.classes_of(pd.Series(["high", "low", None]), "valence", "iemocap", none) == ["low", "high"]
    with pytest.raises(InputError, match="gender has one class, 'female'; two classes or more are needed"):
        script.classes_of(pd.Series(["female", None]), "gender", "iemocap", none)
    with pytest.raises(InputError, match="gender has no label"):
        script.classes_of(pd.Series([None, None]), "gender", "iemocap", none)
    silent = pd.DataFrame({"reason": ["a.wav is silent"] * 3})
    with pytest.raises(InputError, match=r"no label in the clips that can be used \(3 cannot: a\.wav is silent\)"):
        script.classes_of(pd.Series([None, None]), "gender", "iemocap", silent)
    with pytest.raises(InputError, match="the corpus has no labels of accent"):
        script.labels_of(table, "accent", "iemocap")
    for column in ("speaker", "clip", "group"):
        with pytest.raises(InputError, match=f"the corpus has no labels of {column}; give one of gender, "):
            script.labels_of(table.assign(group="x"), column, "manifest")


def test_labels_that_nothing_learns_or_tests_are_refused(script):
    table = pd.DataFrame({"gender": [0, 1, script.UNKNOWN, script.UNKNOWN]})
    data = script.Data(table, [], None, {"gender": ["female", "male"]}, pd.Series(dtype=int))

    def split(train, test):
        return script.Split("fold", np.array(train), np.array([], int), np.array(test))

    script.require_labels(data, [split([0, 2], [1, 3]), split([1], [2, 3])])
    with pytest.raises(InputError, match="no clip that trains under fold has a label of gender"):
        script.require_labels(data, [split([0, 2], [1, 3]), split([2, 3], [0, 1])])
    with pytest.raises(InputError, match="no clip that is tested has a label of gender"):
        script.require_labels(data, [split([0, 1], [2, 3])])


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"corpus": "ravdess"}, "need --root"),
        ({"manifest": "m.csv"}, "need --root"),
        ({"manifest": "m.csv", "root": ".", "corpus": "ravdess"}, "leave --corpus out"),
        ({"merge_excited": True, "manifest": "m.csv", "root": "."}, "--merge-excited is for IEMOCAP"),
        ({"imagenet": "vgg16.h5", "architecture": "alexnet"}, "--imagenet is for VGG-16"),
        ({"augment": ["speed", "pitch"]}, "--augment takes spectrogram, speed, noise. Received: pitch"),
    ],
)
def test_options_that_do_not_go_together_are_refused(script, given, sentence):
    with pytest.raises(WrongCall, match=sentence):
        script.check_options(SimpleNamespace(**OPTIONS | given))


def test_a_wrong_call_leaves_nothing(tmp_path):
    done = run("--corpus", "ravdess", "--out", tmp_path / "runs")
    assert done.returncode == 2 and "need --root" in done.stderr and "Traceback" not in done.stderr
    assert not any((tmp_path / "runs").rglob("config.json"))


@pytest.mark.slow
def test_weights_of_another_network_are_refused_at_once(tmp_path):
    done = run("--imagenet", SCRIPT, "--out", tmp_path / "runs")
    assert done.returncode == 1 and "does not hold the weights of vgg16" in done.stderr
    assert not any((tmp_path / "runs").rglob("config.json"))


@pytest.fixture(scope="module")
def finished(root, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("finished")
    call = ("--architecture", "alexnet", "--quick", "--epochs", 2, "--jobs", 1, "--protocol", "paper")
    done = run("--root", root, *call, "--out", out)
    assert done.returncode == 0, done.stderr
    (folder,) = (out / "ryabinov2021").glob("[0-9]*")
    return folder


@pytest.mark.slow
def test_every_task_has_its_table(finished):
    table = pd.DataFrame(json.loads((finished / "results.json").read_text()))
    assert table.groupby("table", sort=False)["row"].unique().map(list).to_dict() == {
        task: ["AlexNet, single task", "AlexNet, multitask"] for task in ("Emotion", "Gender")
    }
    assert table["measured"].between(0, 1).all() and table["published"].isna().all()
    wide = table.pivot(index=["table", "row"], columns="metric", values="measured")
    for of in ("", " of gender"):
        rows = wide[wide[f"test UAR{of}"].notna()]
        np.testing.assert_array_equal(rows[f"test macro recall{of}"], rows[f"test UAR{of}"])
        np.testing.assert_array_equal(rows[f"test weighted recall{of}"], rows[f"test accuracy{of}"])


@pytest.mark.slow
def test_the_saved_model_hears_a_file_at_once_and_over_time(finished, root):
    served = ServedModel(finished / "saved_model" / "alexnet_multitask.paper")
    wav = next(root.rglob("*.wav"))
    answer, over_time = served.predict(wav), timeline(served, wav, every_s=1.5)
    assert list(answer.index) == list(over_time.columns[1:]) == ["neu", "ang", "hap", "sad"]
    np.testing.assert_allclose(over_time[answer.index].sum(axis=1), 1, atol=1e-5)
    # Loudness is of no account: what is standardised as a whole and by the window is heard the same.
    np.testing.assert_allclose(over_time[answer.index].mean(), answer, atol=1e-4)


@pytest.mark.slow
def test_resumed_it_ends_with_the_same_numbers(finished):
    before = (finished / "results.json").read_bytes()
    weights = (finished / "history" / "alexnet_multitask.paper.csv").read_bytes()
    (finished / "results.json").unlink()
    (finished / "checkpoints" / "alexnet_multitask.paper.keras").unlink()
    done = run("--resume", finished, "--jobs", 1)
    assert done.returncode == 0, done.stderr
    assert (finished / "results.json").read_bytes() == before
    assert (finished / "history" / "alexnet_multitask.paper.csv").read_bytes() == weights


@pytest.mark.slow
def test_vgg_with_speakers_held_out(root, with_gaps, tmp_path):
    call = (
        "--architecture",
        "vgg16",
        "--protocol",
        "speaker",
        "--task",
        "emotion",
        "--epochs",
        1,
        "--weighting",
        "dwa",
    )
    done = run("--root", root, "--manifest", with_gaps, *call, "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    (folder,) = (tmp_path / "ryabinov2021").glob("[0-9]*")
    table = pd.DataFrame(json.loads((folder / "results.json").read_text()))
    assert set(table["protocol"]) == {"speaker"} and (table["n"] == 22).all()
