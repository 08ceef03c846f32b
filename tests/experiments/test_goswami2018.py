"""Tests of the command with a tiny synthetic corpus."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kerasemo.corpora import ravdess
from kerasemo.corpora.synthetic import SyntheticRavdess
from kerasemo.evaluation.audit import audit, read_split
from kerasemo.experiment.session import locked
from kerasemo.export import ServedModel
from kerasemo.training.audiovisual import AudioVisual

SCRIPT = Path(__file__).parents[2] / "experiments" / "goswami2018.py"
VOLATILE = {"log.txt", "report.html", "environment.json", "config.json"}


def command(*arguments: object) -> list[str]:
    return [sys.executable, str(SCRIPT), *map(str, arguments)]


def only_run(out: Path) -> Path:
    (folder,) = (out / "goswami2018").glob("[0-9]*")
    return folder


@pytest.fixture(scope="module")
def sound_only(tmp_path_factory) -> Path:
    """A corpus of three actors with one recording of each emotion, without video."""
    root = tmp_path_factory.mktemp("corpus") / "ravdess"
    SyntheticRavdess(actors=range(1, 4), channels=["speech"], modalities=["audio"], clips_per_emotion=1).write(root)
    return root


@pytest.fixture(scope="module")
def finished(run, sound_only, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("finished")
    done = run("--root", sound_only, "--epochs", 2, "--out", out)
    assert done.returncode == 0, done.stderr
    assert "Report: " in done.stderr
    return only_run(out)


def test_without_video_the_audio_network_runs_and_a_note_lists_the_others(finished):
    results = pd.DataFrame(json.loads((finished / "results.json").read_text()))
    assert set(results["row"]) == {"Audio CNN"} and set(results["protocol"]) == {"paper", "speaker"}
    assert results.set_index(["metric", "protocol"])["published"].loc[("test accuracy", "paper")] == 0.72
    notes = " ".join(json.loads((finished / "config.json").read_text())["notes"])
    assert "Left out, because no video was read: Image CNN, Architecture 1" in notes


@pytest.fixture
def sound_and_video() -> AudioVisual:
    """Two speeches of each of eight emotions, one song of each of six, two images per clip."""
    numbers = {name: number for number, name in enumerate(ravdess.EMOTIONS.values())}
    codes = [
        f"{channel}-0{emotion}-01-01-0{repetition}-01"
        for channel, emotions, repetitions in [("01", "12345678", "12"), ("02", "123456", "1")]
        for emotion in emotions
        for repetition in repetitions
    ]
    emotions = [numbers[ravdess.EMOTIONS[code[3:5]]] for code in codes]
    recordings = pd.DataFrame({"clip": codes, "speaker": "actor_01", "emotion": emotions})
    images = recordings.loc[recordings.index.repeat(2)].reset_index(drop=True)
    arrays = {"audio_mean": np.zeros((len(recordings), 40)), "image": np.zeros((len(images), 2, 4, 3))}
    return AudioVisual(list(numbers), recordings, images, arrays, {}, pd.DataFrame({"clip": []}))


def test_under_paper_images_are_sung_where_they_can_be_and_recordings_are_repeated(script, sound_and_video):
    pairs, audio, once = (
        script.items_of(sound_and_video, network, "paper", script.Options())
        for network in ("architecture_4", "audio_cnn", "audio_cnn_once")
    )
    sung = ravdess.is_sung(pairs["clip"])
    assert sung.sum() == 12 and set(pairs["emotion"][~sung]) == {6, 7}
    # The Audio CNN is trained on the recordings of the pairs, in the same order, so its random split is the same.
    assert audio["clip"].tolist() == pairs["audio_clip"].tolist()
    assert audio["clip"].duplicated().any() and not once["clip"].duplicated().any()


def test_with_actors_held_out_every_image_has_its_own_recording(script, sound_and_video):
    pairs = script.items_of(sound_and_video, "architecture_4", "speaker", script.Options())
    assert (pairs["clip"] == pairs["audio_clip"]).all() and len(pairs) == len(sound_and_video.images)


def test_without_video_recordings_are_repeated_as_often_as_the_user_says(script, sound_and_video):
    sound = replace(sound_and_video, images=sound_and_video.images.iloc[:0])
    options = script.Options(copies=3)
    copied, once, held_out = (
        script.items_of(sound, network, protocol, options)
        for network, protocol in [("audio_cnn", "paper"), ("audio_cnn_once", "paper"), ("audio_cnn", "speaker")]
    )
    assert set(copied["clip"].value_counts()) == {3} and set(copied["clip"]) == set(once["clip"])
    assert not once["clip"].duplicated().any() and not held_out["clip"].duplicated().any()


def test_results_of_a_synthetic_corpus_have_a_notice(finished):
    for name in ["results.md", "report.html"]:
        assert "synthetic corpus: not comparable with the paper" in (finished / name).read_text()


def test_the_run_folder_is_complete_and_clean(finished):
    names = {path.name for path in finished.iterdir()}
    assert names == {
        "checkpoints", "clips.csv", "config.json", "environment.json", "figures", "history", "log.txt", "predictions",
        "report.html", "results.json", "results.md", "saved_model", "set_aside.csv", "splits",
    }  # fmt: skip
    assert not list(finished.rglob(".unfinished*")) and not list(finished.rglob("*.npz"))


def test_held_out_speakers_are_held_out_and_the_paper_leaks(finished, sound_only):
    manifest = ravdess.Ravdess().read(sound_only)
    for split in (finished / "splits").glob("*.csv"):
        leaks = audit(manifest, read_split(split), sound_only)
        assert leaks.empty == (".speaker." in split.name), split.name


@pytest.mark.parametrize("stop", [signal.SIGKILL, pytest.param(signal.SIGINT, marks=pytest.mark.slow)])
def test_a_run_stopped_in_training_and_resumed_with_other_jobs_gives_the_same_numbers(
    run, finished, sound_only, tmp_path, stop, interruptible, same_results
):
    arguments = command("--root", sound_only, "--epochs", 2, "--jobs", 2, "--out", tmp_path)
    process = subprocess.Popen(
        arguments,
        stderr=subprocess.PIPE,
        text=True,
        **interruptible,
    )
    while not list(tmp_path.glob("goswami2018/2*/checkpoints/*.keras")):
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.02)
    os.killpg(process.pid, stop)
    errors = process.communicate()[1]
    folder = only_run(tmp_path)
    assert not (folder / "results.json").exists()
    if stop == signal.SIGINT:
        assert process.returncode == 1
        assert re.search(r"Interrupted\. .* continue with: .*--resume ", errors) and "Traceback" not in errors
        assert not list(tmp_path.rglob(".unfinished*"))
    done = run("--resume", folder)
    assert done.returncode == 0, done.stderr
    same_results(finished, folder)
    assert not list(tmp_path.rglob(".unfinished*"))


def test_the_saved_model_predicts_for_a_wav(finished, sound_only):
    (saved_model,) = (finished / "saved_model").iterdir()
    wav = next(sound_only.rglob("*.wav"))
    assert ServedModel(saved_model).predict(wav).sum() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        (["--root", "absent"], 2, "does not exist"),
        (["--epochs", "0"], 2, "greater than or equal to 1"),
        (["--weighting", "gradnorm"], 2, "needs a layer that all losses share"),
        (["--weighting", "dwa", "--beta", "2"], 2, "--beta is a static weight"),
        (["--protocol", "both?"], 2, "is not one of"),
        (["--beta", "inf"], 2, "less than or equal to 1000000"),
        (["--resume", "{finished}", "--seed", "1"], 2, "keeps the options with which it was started; leave out --seed"),
        (["--resume", "{corpus}"], 1, "is no run folder"),
        (["--root", "{empty}"], 1, "is empty; the root of RAVDESS holds"),
        (["--root", "{corpus}", "--out", "/proc/runs"], 1, "no run folder can be created in /proc/runs"),
    ],
)
def test_wrong_calls_give_one_error_message(
    run, finished, sound_only, tmp_path, monkeypatch, arguments, status, sentence
):
    places = {"finished": finished, "corpus": sound_only, "empty": tmp_path / "empty"}
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    done = run(*[argument.format(**places) for argument in arguments])
    assert done.returncode == status
    assert sentence in " ".join(done.stderr.split()) and "Traceback" not in done.stderr
    assert not any(tmp_path.rglob("config.json"))


def test_a_run_folder_is_used_by_one_process_at_a_time(run, finished):
    with locked(finished):
        done = run("--resume", finished)
    assert done.returncode == 1 and f"is in use by process {os.getpid()}" in done.stderr


@pytest.mark.slow
def test_every_table_and_figure_with_sound_and_video(run, tmp_path):
    root = tmp_path / "ravdess"
    SyntheticRavdess(actors=range(1, 7), channels=["speech"], clips_per_emotion=1).write(root, jobs=2)
    done = run("--root", root, "--epochs", 1, "--out", tmp_path / "runs")
    assert done.returncode == 0, done.stderr
    folder = only_run(tmp_path / "runs")
    results = pd.DataFrame(json.loads((folder / "results.json").read_text()))
    rows = results.groupby(["table", "protocol"])["row"].nunique().unstack()
    assert rows.to_dict("index") == {
        "Distillation": {"paper": 2, "speaker": 2},
        "Experiment 1": {"paper": 8, "speaker": 7},
        "Experiment 2": {"paper": 6, "speaker": 6},
        "Experiment 3": {"paper": 3, "speaker": 3},
    }
    assert {path.name for path in (folder / "figures").glob("*.png")} == {
        "distillation.png", "experiment_1.png", "experiment_2.png", "experiment_3.png",
        "experiment_3_curves_paper.png", "experiment_3_curves_speaker.png",
    }  # fmt: skip
    assert [path.name for path in (folder / "saved_model").iterdir()] == ["architecture_4.paper"]
