"""A small run folder with the files that an experiment writes."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from kerasemo import manifest
from kerasemo.reporting import curves, figures, write_report

CLASSES = ["neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised"]
NOTICE = "synthetic corpus: not comparable with the paper"
MODELS = [
    "architecture_1.paper",
    "architecture_1.paper.train50",
    "architecture_4.paper",
    "architecture_4.speaker.fold1",
    "architecture_4.speaker.fold2",
]


def result(
    table: str,
    row: str,
    model: str,
    protocol: str,
    published: float | None,
    measured: float | None,
    metric: str = "test accuracy",
) -> dict:
    """Return a row of results.json with an interval of 0.0625 on each side."""
    low, high, n = (None, None, None) if measured is None else (measured - 0.0625, measured + 0.0625, 288)
    return {
        "table": table, "row": row, "model": model, "metric": metric, "protocol": protocol,
        "corpus": "synthetic RAVDESS", "published": published, "measured": measured, "low": low, "high": high, "n": n,
    }  # fmt: skip


RESULTS = [
    result("Experiment 1", "Image CNN", "image_cnn", "paper", 0.85, None),
    result("Experiment 1", "Architecture 1", "architecture_1.paper", "paper", 0.90, 0.871),
    result("Experiment 1", "Architecture 1", "architecture_1.speaker", "speaker", 0.90, 0.412),
    result("Experiment 1", "Architecture 1", "architecture_1.paper", "paper", None, 0.981, "train accuracy"),
    result("Experiment 1", "Architecture 4", "architecture_4.paper", "paper", 0.91, 0.923),
    result("Experiment 1", "Architecture 4", "architecture_4.speaker", "speaker", 0.91, 0.467),
    result("Experiment 2", "Architecture 1 (50 %)", "architecture_1.paper.train50", "paper", 0.84, 0.755),
]
CONFIG = {
    "experiment": "goswami2018",
    "title": "Cross-modal learning from sound and image",
    "citation": "Goswami and Moe, 2018",
    "corpus": "synthetic RAVDESS",
    "notice": NOTICE,
    "classes": {"emotion": CLASSES},
    "notes": ["left out: Image CNN on song, because only six of the eight classes are sung"],
    "options": {"epochs": 25, "protocol": "both", "quick": False, "seed": 1},
}


def history(epochs: int, seed: int) -> pd.DataFrame:
    """Return decreasing losses of a joint output and two probes, and constant weights."""
    noise = np.random.default_rng(seed).normal(0, 0.03, (epochs, 3))
    table = pd.DataFrame({"epoch": np.arange(1, epochs + 1)})
    for number, task in enumerate(["joint", "audio_probe", "image_probe"]):
        table[f"{task}_loss"] = 2.08 * np.exp(-table["epoch"] / (6 + 4 * number)) + 0.1 + noise[:, number]
        table[f"val_{task}_loss"] = table[f"{task}_loss"] + 0.02 * table["epoch"]
        table[f"{task}_accuracy"] = 1 - table[f"{task}_loss"] / 2.5
        table[f"{task}_weight"] = 1.0
    table["loss"] = table[["joint_loss", "audio_probe_loss", "image_probe_loss"]].sum(axis=1)
    table["val_loss"] = table["loss"] + 0.06 * table["epoch"]
    return table


def predictions(clips: int, right: float, seed: int) -> pd.DataFrame:
    """Return predictions of which about the share `right` is correct, with a probability column per class."""
    rng = np.random.default_rng(seed)
    labels = np.arange(clips) % len(CLASSES)
    predicted = np.where(rng.random(clips) < right, labels, rng.integers(0, len(CLASSES), clips))
    table = pd.DataFrame(
        {
            "clip": [f"clip_{number:03d}" for number in range(clips)],
            "speaker": [f"{1 + number % 4:02d}" for number in range(clips)],
            "emotion": np.array(CLASSES)[labels],
            "predicted": np.array(CLASSES)[predicted],
        }
    )
    return table.join(pd.DataFrame(rng.dirichlet(np.ones(len(CLASSES)), clips), columns=CLASSES).round(4))


def write_run(path: Path, models: list[str], results: list[dict]) -> Path:
    """Write a run folder of these models and results."""
    for folder in ["history", "figures", "predictions"]:
        (path / folder).mkdir(parents=True)
    (path / "config.json").write_text(json.dumps(CONFIG))
    environment = {"python": "3.11.9", "packages": {"keras": "3.15.1"}, "git": {"commit": "0123abc"}, "cpu": "2 cores"}
    (path / "environment.json").write_text(json.dumps(environment))
    (path / "results.json").write_text(json.dumps(results))
    (path / "log.txt").write_text("".join(f"{model}: epoch 25 of 25\n" for model in models))
    (path / "set_aside.csv").write_text(
        "clip,file,feature_set,reason\n"
        "03-01-05-01-02-01-07,Actor_07/03-01-05-01-02-01-07.wav,mfcc,the file is empty\n"
        'NA,Actor_08/NA.wav,mfcc,"<script>alert(1)</script> & worse"\n'
    )
    for seed, model in enumerate(models):
        history(25, seed).to_csv(path / "history" / f"{model}.csv", index=False)
        (path / "predictions" / model).mkdir()
        table = predictions(48, 0.9 if "paper" in model else 0.4, seed)
        table.to_csv(path / "predictions" / model / "test.csv", index=False)
    probes = {"joint": "joint_accuracy", "audio probe": "audio_probe_accuracy"}
    figure = curves.chosen(history(25, 0), probes, "Experiment 3: Architecture 4", "validation accuracy", NOTICE)
    figures.save(figure, path / "figures" / "experiment_3.png", "Accuracy of the joint network and the audio probe")
    return path


def write_corpus(run: Path, root: Path) -> None:
    """Write a sound for each clip of a run, and where the run finds them."""
    root.mkdir()
    rows = [{"clip": f"clip_{number:03d}", "audio": f"{number}.wav", "speaker": "a"} for number in range(48)]
    for row in rows:
        soundfile.write(root / row["audio"], np.sin(np.arange(4800) / 20), 48_000)
    pd.DataFrame(rows, columns=manifest.COLUMNS).to_csv(run / "clips.csv", index=False)
    (run / "config.json").write_text(json.dumps(CONFIG | {"corpus_root": str(root)}))


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A finished run with five models."""
    return write_run(tmp_path / "20260101-120000-abcd", MODELS, RESULTS)


@pytest.fixture
def bare_run(tmp_path: Path) -> Path:
    """A finished run without models, for which a report is fast."""
    return write_run(tmp_path / "20260101-130000-ef01", [], RESULTS)


@pytest.fixture
def corpus(run: Path) -> Path:
    """The folder of the recordings of `run`."""
    write_corpus(run, run.parent / "corpus")
    return run.parent / "corpus"


@pytest.fixture(scope="session")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a finished run with five models and recordings, in the run folder; tests must not change it."""
    run = write_run(tmp_path_factory.mktemp("runs") / "20260101-120000-abcd", MODELS, RESULTS)
    write_corpus(run, run.parent / "corpus")
    return write_report([run])


@pytest.fixture(scope="session")
def two_runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of two runs: the second is right for other clips, and has a different score and seed."""
    folder = tmp_path_factory.mktemp("two")
    runs = [write_run(folder / name, ["architecture_4.speaker.fold1"], RESULTS) for name in ("first", "second")]
    write_corpus(runs[0], folder / "corpus")
    predictions(48, 0.9, 7).to_csv(runs[1] / "predictions" / "architecture_4.speaker.fold1" / "test.csv", index=False)
    config = json.loads((runs[1] / "config.json").read_text())
    config["options"]["seed"] = 2
    (runs[1] / "config.json").write_text(json.dumps(config))
    (runs[1] / "results.json").write_text(json.dumps([row | {"measured": 0.5} for row in RESULTS]))
    return write_report(runs, folder / "page.html")
