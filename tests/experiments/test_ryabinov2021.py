"""Tests with AlexNet on a tiny synthetic corpus with missing labels; marked as slow: tests of the whole command."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kerasemo import manifest
from kerasemo.corpora import iemocap
from kerasemo.corpora.synthetic import SyntheticIemocap
from kerasemo.errors import InputError, WrongCall
from kerasemo.experiment import Outcome
from kerasemo.export import ServedModel
from kerasemo.timeline import timeline
from kerasemo.training.run import Run

SCRIPT = Path(__file__).parents[2] / "experiments" / "ryabinov2021.py"


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("corpus") / "iemocap"
    SyntheticIemocap(sessions=(1, 2, 3), modalities=["audio"], dialogues=1, turns=10).write(root)
    return root


@pytest.fixture(scope="module")
def with_gaps(root) -> Path:
    """A manifest of the corpus: two clips have no emotion, every second no gender, every third no activation."""
    table = iemocap.Iemocap("drop").read(root)
    table.loc[[0, 5], "emotion"] = None
    table.loc[::2, "gender"] = None
    table.loc[::3, "activation"] = None
    path = root.parent / "gaps.csv"
    manifest.save(table.drop(columns=["dialogue"]).assign(dialogue=None), path)
    return path


@pytest.fixture(scope="module")
def trained(script, root, with_gaps, tmp_path_factory):
    """AlexNet for two tasks with classes and a number, trained with the labels that exist."""
    options = script.Options(
        root=root,
        manifest=with_gaps,
        task=["emotion", "gender", "activation"],
        numbers="mse",
        augment=["spectrogram", "speed", "noise"],
        architecture="alexnet",
        only=["alexnet_multitask"],
        batch_size=8,
        epochs=1,
        protocol="paper",
    )
    run = Run.create(tmp_path_factory.mktemp("runs"), script.PAPER.key, {"notes": []})
    corpus = script.read(run, options)
    ((_, [cell]),) = script.networks(run, corpus, options)
    script.STUDY.trainer(run, corpus, options)(cell)
    return Outcome(run, options, corpus, [cell])


def test_clips_without_a_label_are_not_scored_and_losses_stay_finite(trained, with_gaps):
    run, data, (cell,) = trained.run, trained.corpus, trained.cells
    table = manifest.load(with_gaps).set_index("clip")
    assert len(data.table) == len(table) == 24  # no clip is dropped
    sides = {side: data.table["clip"].iloc[rows] for side, rows in cell.split.partitions().items()}
    for side, clips in sides.items():
        for task, classes in data.classes.items():
            file = f"{side}.csv" if task == "emotion" else f"{side}.{task}.csv"
            predictions = pd.read_csv(run.path / "predictions" / cell.model / file).set_index("clip")
            known = table.loc[clips, task].dropna()
            assert set(predictions.index) == set(known.index)  # one row per clip, not per segment
            assert (predictions[task] == known[predictions.index]).all()
            assert list(predictions) == ["speaker", task, "predicted", *(classes or [])]
            if classes:
                np.testing.assert_allclose(predictions[classes].sum(axis=1), 1, atol=1e-5)
    history = pd.read_csv(run.path / "history" / f"{cell.model}.csv")
    assert np.isfinite(history).all(axis=None)
    notes = run.config["notes"]
    assert "12 clips have no label of gender: they are used for the other tasks only." in notes
    assert "8 clips have no label of activation: they are used for the other tasks only." in notes
    assert "Numbers: activation; loss: mean square error." in notes


def test_numbers_have_rows_of_their_own(script, trained):
    table = pd.DataFrame(script.rows(trained)).set_index("table")
    assert table.loc["Activation", "metric"].tolist() == ["test CCC of activation", "test RMSE of activation"]
    assert table.loc["Activation", "measured"].notna().all() and len(table.loc["Gender"]) == 8


def test_without_numbers_among_the_tasks_numbers_are_refused(script, root, run, tmp_path):
    done = run("--root", root, "--numbers", "ccc", "--out", tmp_path / "runs")
    assert done.returncode == 1 and "no label of emotion, gender is a number; add a task with numbers" in done.stderr
    assert not any((tmp_path / "runs").rglob("config.json"))


def test_figures_of_a_multitask_network(script, trained):
    script.figures(trained, [])
    assert {path.stem for path in (trained.run.path / "figures").glob("*.png")} == {
        "losses_alexnet_paper", "confusion_alexnet_paper", "tsne_alexnet_paper", "grad_cam_alexnet_paper",
        "agreement_activation_alexnet_paper",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"corpus": "ravdess"}, "need --root"),
        ({"manifest": "m.csv"}, "need --root"),
        ({"manifest": "m.csv", "root": ".", "corpus": "ravdess"}, "leave --corpus out"),
        ({"merge_excited": True, "manifest": "m.csv", "root": "."}, "--merge-excited is for IEMOCAP"),
        ({"imagenet": "vgg16.h5", "architecture": "alexnet"}, "--imagenet is for VGG-16"),
        ({"augment": ["speed", "pitch"]}, "--augment accepts spectrogram, speed, noise. Received: pitch"),
    ],
)
def test_options_that_exclude_each_other_are_refused(script, given, sentence):
    with pytest.raises(WrongCall, match=sentence):
        script.Options(**given).check()


def test_a_wrong_call_writes_nothing(run, tmp_path):
    done = run("--corpus", "ravdess", "--out", tmp_path / "runs")
    assert done.returncode == 2 and "need --root" in done.stderr and "Traceback" not in done.stderr
    assert not any((tmp_path / "runs").rglob("config.json"))


@pytest.mark.slow
def test_weights_of_another_network_are_rejected_immediately(run, tmp_path):
    done = run("--imagenet", SCRIPT, "--out", tmp_path / "runs")
    assert done.returncode == 1 and "does not hold the weights of vgg16" in done.stderr
    assert not any((tmp_path / "runs").rglob("config.json"))


@pytest.fixture(scope="module")
def finished(run, root, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("finished")
    arguments = ("--architecture", "alexnet", "--quick", "--epochs", 2, "--protocol", "paper")
    done = run("--root", root, *arguments, "--out", out)
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
    for suffix in ("", " of gender"):
        rows = wide[wide[f"test UAR{suffix}"].notna()]
        np.testing.assert_array_equal(rows[f"test macro recall{suffix}"], rows[f"test UAR{suffix}"])
        np.testing.assert_array_equal(rows[f"test weighted recall{suffix}"], rows[f"test accuracy{suffix}"])


@pytest.mark.slow
def test_the_saved_model_predicts_for_a_file_and_over_time(finished, root):
    served = ServedModel(finished / "saved_model" / "alexnet_multitask.paper")
    wav = next(root.rglob("*.wav"))
    probabilities, over_time = served.predict(wav), timeline(served, wav, every_s=1.5)
    assert list(probabilities.index) == list(over_time.columns[1:]) == ["neu", "ang", "hap", "sad"]
    np.testing.assert_allclose(over_time[probabilities.index].sum(axis=1), 1, atol=1e-5)
    # Loudness does not matter: standardising the whole file or each window gives the same probabilities.
    np.testing.assert_allclose(over_time[probabilities.index].mean(), probabilities, atol=1e-4)


@pytest.mark.slow
def test_a_resumed_run_gives_the_same_numbers(run, finished):
    before = (finished / "results.json").read_bytes()
    history = (finished / "history" / "alexnet_multitask.paper.csv").read_bytes()
    (finished / "results.json").unlink()
    (finished / "checkpoints" / "alexnet_multitask.paper.keras").unlink()
    done = run("--resume", finished)
    assert done.returncode == 0, done.stderr
    assert (finished / "results.json").read_bytes() == before
    assert (finished / "history" / "alexnet_multitask.paper.csv").read_bytes() == history


@pytest.mark.slow
def test_vgg_with_speakers_held_out(run, root, with_gaps, tmp_path):
    arguments = ("--architecture", "vgg16", "--protocol", "speaker", "--task", "emotion", "--epochs", 1)
    done = run("--root", root, "--manifest", with_gaps, *arguments, "--weighting", "dwa", "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    (folder,) = (tmp_path / "ryabinov2021").glob("[0-9]*")
    table = pd.DataFrame(json.loads((folder / "results.json").read_text()))
    assert set(table["protocol"]) == {"speaker"} and (table["n"] == 22).all()


@pytest.mark.slow
def test_a_single_number_has_its_table_and_its_saved_model(run, root, tmp_path):
    arguments = ("--architecture", "alexnet", "--task", "activation", "--numbers", "ccc", "--epochs", 1)
    done = run("--root", root, *arguments, "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    (folder,) = (tmp_path / "ryabinov2021").glob("[0-9]*")
    table = pd.DataFrame(json.loads((folder / "results.json").read_text()))
    assert set(table["table"]) == {"Activation"} and set(table["protocol"]) == {"paper", "speaker"}
    assert (folder / "figures" / "ccc_activation.png").exists()
    served = ServedModel(folder / "saved_model" / "alexnet_activation.paper")
    wav = next(root.rglob("*.wav"))
    assert list(served.predict(wav).index) == ["activation"]
    with pytest.raises(InputError, match="this network predicts a number, activation"):
        timeline(served, wav)
