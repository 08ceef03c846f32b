"""`kerasemo train` on a small corpus whose truth is known: loudness shows the arousal, pitch the emotion."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from browser import WIDTH, WIDTHS, serious

from kerasemo import manifest
from kerasemo.corpora.ravdess import Ravdess
from kerasemo.corpora.synthetic import SyntheticRavdess
from kerasemo.export import ServedModel
from kerasemo.reporting.report import write_report

RATE = 16_000
PITCHES = {"calm": 200.0, "angry": 400.0, "happy": 800.0}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> Path:
    """A manifest and 36 wavs of three speakers; a sixth of the clips has no label of arousal."""
    root = tmp_path_factory.mktemp("own")
    generator = np.random.default_rng(0)
    rows = []
    for number in range(36):
        emotion, arousal = list(PITCHES)[number // 3 % 3], generator.uniform(1, 5)
        time = np.arange(RATE) / RATE
        sound = 0.02 * arousal * np.sin(2 * np.pi * PITCHES[emotion] * time * generator.uniform(0.97, 1.03))
        soundfile.write(root / f"{number}.wav", sound + 1e-3 * generator.standard_normal(RATE), RATE)
        labels = {"emotion": emotion, "arousal": arousal if number % 6 else None, "same": "yes"}
        labels["partition"] = ["train", "Devel", "test"][number % 3] if number else None
        rows.append({"clip": f"c{number}", "audio": f"{number}.wav", "speaker": f"s{number % 3}", **labels})
    columns = ["clip", "audio", "video", "start_s", "end_s", "speaker", "gender", "dialogue", *labels]
    pd.DataFrame(rows).reindex(columns=columns).to_csv(root / "manifest.csv", index=False)
    return root


@pytest.fixture(scope="module")
def run_folder(kerasemo, corpus, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("runs")
    arguments = ["--tasks", "emotion,arousal", "--features", "mfcc_functionals,mfcc", "--jobs", 1]
    arguments += ["--batch-size", 4]
    arguments += ["--tune", 2, "--final", "--epochs", 12, "--protocol", "speaker", "--licence", "CC0", "--out", out]
    done = kerasemo("train", corpus / "manifest.csv", "--root", corpus, *arguments)
    assert done.exit_code == 0, done.output
    (folder,) = (out / "train").iterdir()
    return folder


def test_classes_and_numbers_are_learnt_and_stand_beside_a_linear_baseline(run_folder):
    results = pd.DataFrame(json.loads((run_folder / "results.json").read_text())).set_index(["row", "metric"])
    assert results.loc[("Dense network", "test UAR"), "measured"] > 0.8
    assert results.loc[("Logistic regression", "test UAR"), "measured"] > 0.8
    assert results.loc[("Dense network", "test CCC of arousal"), "measured"] > 0.3
    assert results.loc[("Ridge regression", "test CCC of arousal"), "n"] == 30  # clips with a label
    assert set(results["protocol"]) == {"speaker"}


def test_every_clip_is_tested_once_by_a_network_that_was_chosen_on_other_speakers(run_folder):
    splits = [pd.read_csv(path) for path in (run_folder / "splits").glob("speaker.*.csv")]
    assert len(splits) == 3
    for split in splits:
        speakers = {side: set(part["clip"].str[1:].astype(int) % 3) for side, part in split.groupby("partition")}
        assert not speakers["test"] & (speakers["train"] | speakers["validation"])
        assert not speakers["validation"] & speakers["train"]


def test_the_page_that_a_run_writes_has_no_recordings_of_a_real_corpus(run_folder):
    assert "<audio" not in (run_folder / "report.html").read_text()


def test_the_final_network_predicts_and_has_a_card(kerasemo, run_folder, corpus):
    saved_model = run_folder / "saved_model" / "final.final"
    assert ServedModel(saved_model).predict(corpus / "0.wav").sum() == pytest.approx(1, abs=1e-5)
    done = kerasemo("predict", saved_model, "--card")
    assert done.exit_code == 0, done.output
    for text in ("# Model card", "CC0", "speakers held out", "calm, happy", "arousal**: a number", "not for"):
        assert text in done.stdout
    assert "Model card" in (run_folder / "report.html").read_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_everybody_can_read_the_page(browser, run_folder, tmp_path, width, scheme):
    page = write_report([run_folder], tmp_path / "with_recordings.html")
    with browser.open(page, width, scheme) as opened:
        assert opened.locator(".matrix").count() == 3  # the baseline and two settings
        assert opened.locator("audio").count() == 36
        opened.evaluate("document.querySelectorAll('details').forEach(box => box.open = true)")
        assert serious(opened) == []
        assert opened.evaluate(WIDTH) <= width
        assert browser.complaints == []


GIVEN = ["{corpus}/manifest.csv", "--root", "{corpus}"]
EMODAL = [*GIVEN, "--network", "emodal", "--features", "mfcc_functionals,mfcc"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "give a manifest and --root"),
        (["{corpus}/manifest.csv", "--root", "{corpus}", "--features", "waveform"], "dense cannot read waveform"),
        (["{corpus}/manifest.csv", "--root", "{corpus}", "--features", "mfcc,mfcc"], "given twice"),
        (["{corpus}/manifest.csv", "--root", "{corpus}", "--features", "mfccs"], "feature set 'mfccs' is unknown"),
        (["{corpus}/manifest.csv", "--root", "{corpus}", "--network", "spectrogram_cnn"], "give --features waveform"),
        (["{corpus}/manifest.csv", "--root", "{corpus}", "--tasks", "emotions"], "no labels of emotions"),
        (["{corpus}/manifest.csv", "--root", "{corpus}", "--tune", "9", "--network", "spectrogram_cnn"], "more than"),
        (["{corpus}/manifest.csv", "--root", "{corpus}", "--balance", "--tasks", "arousal"], "--balance needs classes"),
        ([*GIVEN, "--tasks", "same"], "same has only one class, 'yes'"),
        ([*GIVEN, "--partitions", "split"], "has no column split"),
        ([*GIVEN, "--partitions", "emotion"], "the partition 'angry' is unknown; the names are train, training,"),
        ([*GIVEN, "--partitions", "partition", "--protocol", "speaker"], "for the protocol paper"),
        ([*GIVEN, "--features", "{{feature_set: mfcc"], "--features cannot be read"),
        ([*GIVEN, "--features", "{{name: mfcc}}"], "--features takes names or {feature_set: NAME"),
        ([*GIVEN, "--features", "{{feature_set: mfcc, n: 3}}"], "mfcc has no parameter 'n'"),
        ([*GIVEN, "--features", "{{feature_set: onnx, model: none.onnx}}"], "the model none.onnx is not there"),
        ([*GIVEN, "--features", "onnx"], "onnx needs a model"),
        ([*GIVEN, "--network", "crossmodal", "--features", "mfcc,frames"], "no clip of the manifest has video"),
        ([*GIVEN, "--network", "crossmodal", "--features", "frames,mfcc"], "crossmodal cannot read frames, mfcc"),
        ([*GIVEN, "--network", "emodal"], "it reads features of two modalities"),
        ([*EMODAL, "--tasks", "emotion,arousal"], "emodal learns one task with classes"),
        ([*EMODAL, "--tasks", "arousal"], "emodal learns classes, but arousal is a number"),
        ([*EMODAL, "--weighting", "gradnorm"], "emodal has none"),
        ([*GIVEN, "--network", "end_to_end", "--features", "mfcc"], "it reads sound, or sound and video of a face"),
    ],
)
def test_wrong_calls_give_one_error_message(kerasemo, corpus, tmp_path, arguments, sentence):
    given = [argument.format(corpus=corpus) for argument in arguments]
    done = kerasemo("train", *given, "--out", tmp_path / "runs", "--jobs", 1)
    assert done.exit_code in (1, 2) and sentence in " ".join(done.stderr.split())
    assert not any(tmp_path.rglob("config.json"))


def test_options_are_written_to_yaml_and_read_again(kerasemo, corpus, tmp_path):
    first, second = tmp_path / "first.yaml", tmp_path / "second.yaml"
    done = kerasemo(
        "train", corpus / "manifest.csv", "--root", corpus, "--tune", 3, "--balance", "--write-config", first
    )
    assert done.exit_code == 0 and "tune: 3\n" in first.read_text() and "# " in first.read_text()
    assert kerasemo("train", "--config", first, "--tune", 4, "--write-config", second).exit_code == 0
    assert second.read_text() == first.read_text().replace("tune: 3", "tune: 4")


def test_every_wrong_entry_of_a_yaml_file_is_reported(kerasemo, tmp_path):
    path = tmp_path / "wrong.yaml"
    path.write_text("epochs: many\nnetworks: dense\nnetwork: dens\nmax-bad: 2\ntune: 3\n")
    done = kerasemo("train", "--config", path)
    assert done.exit_code == 2
    for fault in ("epochs: ", "networks: there is no such option", "network: ", "max_bad: "):
        assert fault in done.stderr
    assert "tune" not in done.stderr
    path.write_text("epochs: [")
    assert "cannot be read as YAML" in kerasemo("train", "--config", path).stderr


def only_run(out: Path) -> Path:
    (folder,) = (out / "train").iterdir()
    return folder


def test_the_published_partitions_are_the_split_of_the_paper_and_feature_sets_have_parameters(
    kerasemo, corpus, tmp_path
):
    config = tmp_path / "options.yaml"
    config.write_text("partitions: partition\nfeatures:\n- mfcc\n- {feature_set: mfcc, n_mfcc: 13}\n")
    arguments = ["--config", config, "--root", corpus, "--protocol", "paper", "--epochs", 1, "--seeds", 2]
    done = kerasemo("train", corpus / "manifest.csv", *arguments, "--jobs", 1, "--out", tmp_path / "runs")
    assert done.exit_code == 0, done.output
    folder = only_run(tmp_path / "runs")
    split = pd.read_csv(folder / "splits" / "paper.csv").set_index("clip")["partition"]
    numbers = split.index.str[1:].astype(int)
    assert split.tolist() == [["train", "validation", "test"][number % 3] for number in numbers] and len(split) == 35
    assert "0 of its 1 test speakers are in training" in (folder / "results.md").read_text()
    results = pd.DataFrame(json.loads((folder / "results.json").read_text()))
    of_network = results[results["row"] == "Dense network, mean of 2 seeds"].set_index("metric")
    assert of_network.loc["test accuracy", "n"] == 24 and of_network.loc["test accuracy", "measured"] * 24 % 1 < 1e-9
    assert of_network.loc["standard deviation over seeds of test UAR", "n"] == 2
    (model,) = (folder / "checkpoints").glob("*seed1*.json")
    assert json.loads(model.read_text())["inputs"]["mfcc_2"]["n_mfcc"] == 13


@pytest.mark.slow
def test_a_killed_run_resumes_to_the_same_numbers(kerasemo, corpus, tmp_path, interruptible, same_results):
    options = ["--root", corpus, "--tune", 2, "--seeds", 2, "--epochs", 3, "--tasks", "emotion,arousal", "--final"]
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    done = kerasemo("train", corpus / "manifest.csv", *options, "--jobs", 1, "--out", whole)
    assert done.exit_code == 0, done.output
    command = ["-m", "kerasemo", "train", corpus / "manifest.csv", *options, "--jobs", 2, "--out", killed]
    process = subprocess.Popen([sys.executable, *map(str, command)], stderr=subprocess.DEVNULL, **interruptible)
    while len(list(killed.glob("train/*/checkpoints/*.keras"))) < 3:
        assert process.poll() is None
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    folder = only_run(killed)
    assert not (folder / "results.json").exists()
    done = kerasemo("train", "--resume", folder, "--jobs", 1)
    assert done.exit_code == 0, done.output
    same_results(only_run(whole), folder)


@pytest.fixture(scope="module")
def filmed(tmp_path_factory) -> Path:
    """Three actors of synthetic RAVDESS with sound and video, and their manifest."""
    folder = tmp_path_factory.mktemp("filmed")
    SyntheticRavdess(actors=range(1, 4), channels=["speech"], clips_per_emotion=1).write(folder)
    manifest.save(Ravdess().read(folder), folder / "manifest.csv")
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(
    ("network", "sets"),
    [
        ("crossmodal", "mfcc,frames"),
        ("emodal", "mfcc_functionals,faces"),
        ("end_to_end", "waveform"),
    ],
)
def test_a_network_of_a_paper_trains_resumes_and_predicts(kerasemo, filmed, tmp_path, same_results, network, sets):
    options = ["--root", filmed, "--network", network, "--features", sets, "--epochs", 1, "--final", "--jobs", 1]
    options += ["--protocol", "paper", "--out", tmp_path]
    done = kerasemo("train", filmed / "manifest.csv", *options)
    assert done.exit_code == 0, done.output
    folder = only_run(tmp_path)
    shutil.copytree(folder, tmp_path / "whole")
    for file in [*(folder / "checkpoints").glob(f"{network}*"), folder / "results.json"]:
        file.unlink()
    done = kerasemo("train", "--resume", folder)
    assert done.exit_code == 0, done.output
    same_results(tmp_path / "whole", folder)
    mp4 = next(filmed.rglob("*.mp4"))
    done = kerasemo("predict", folder / "saved_model" / "final.final", mp4, "--json")
    assert done.exit_code == 0 and "surprised" in done.output
