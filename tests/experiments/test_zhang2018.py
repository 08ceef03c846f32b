"""The experiment as a user runs it, on a small table of features; slow: on synthetic films."""

import itertools
import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import av
import numpy as np
import pandas as pd
import pytest
import soundfile

from kerasemo.corpora.synthetic import write_films
from kerasemo.errors import InputError
from kerasemo.export import ServedModel
from kerasemo.training.run import Run

SCRIPT = Path(__file__).parents[2] / "experiments" / "zhang2018.py"
EMOTIONS = {"neutral": "01", "happy": "03", "sad": "04", "angry": "05"}


OPTIONS = {
    "clips": None, "corpus": "folder", "detector": None, "emotions": "all", "epochs": 1, "features": None, "jobs": 1,
    "landmarks": None, "max_bad": 0.5, "modality": "both", "protocol": "paper", "quick": False, "root": None,
    "seed": 0, "weighting": "static",
}  # fmt: skip


def run(*arguments: object) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, str(SCRIPT), *map(str, arguments)], capture_output=True, text=True)


def only_run(out: Path) -> Path:
    (folder,) = (out / "zhang2018").glob("[0-9]*")
    return folder


def results(folder: Path) -> pd.DataFrame:
    return pd.DataFrame(json.loads((folder / "results.json").read_text()))


def write_features(path: Path, modalities=("audio", "au"), actors=range(1, 5)) -> Path:
    """Features that show the emotion through some noise."""
    generator = np.random.default_rng(0)
    clips = [
        f"01-01-{code}-01-{statement}-{repetition}-{actor:02d}"
        for actor, code, statement, repetition in itertools.product(
            actors, EMOTIONS.values(), ("01", "02"), ("01", "02")
        )
    ]
    emotion = np.array([list(EMOTIONS.values()).index(clip.split("-")[2]) for clip in clips])
    columns = {"clip": clips}
    for modality in modalities:
        shown = np.eye(4)[emotion] + generator.normal(0, 0.4, (len(clips), 4))
        columns |= {f"{modality}_{i:02d}": shown[:, i] for i in range(4)}
    pd.DataFrame(columns).to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def features(tmp_path_factory) -> Path:
    return write_features(tmp_path_factory.mktemp("features") / "features.csv")


@pytest.fixture(scope="module")
def finished(features, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("finished")
    done = run("--features", features, "--protocol", "paper", "--epochs", 30, "--jobs", 1, "--out", out)
    assert done.returncode == 0, done.stderr
    return only_run(out)


def test_the_tables_have_their_rows(finished):
    table = results(finished)
    of_table = {name: list(dict.fromkeys(rows["row"])) for name, rows in table.groupby("table")}
    assert of_table == {
        "Table 1": [
            "Audio-only",
            "Image-only",
            "Audio+Image",
            "Logistic regression, audio",
            "Logistic regression, image",
            "Logistic regression, both",
        ],
        "Table 2": ["neutral", "happy", "sad", "angry"],
        "Ablation": [
            "all losses",
            "without the common loss",
            "without the classify loss",
            "without the specific loss of audio",
            "without the specific loss of images",
        ],
    }
    assert table["published"].isna().all(), "the paper's numbers are of another corpus"
    known = table.query("table == 'Table 1' and metric == 'test accuracy'").set_index("row")["measured"]
    assert known["Audio+Image"] > 0.6 and known["Logistic regression, both"] > 0.8


def test_rows_of_table_2_add_up_and_differences_are_those_of_the_accuracies(finished):
    table = results(finished)
    sums = table[table["table"] == "Table 2"].groupby("row")["measured"].sum()
    np.testing.assert_allclose(sums, 100)
    ablation = table[table["table"] == "Ablation"].pivot_table(index="row", columns="metric", values="measured")
    without = ablation.drop(index="all losses")
    np.testing.assert_allclose(
        without["test accuracy minus that of all losses"],
        without["test accuracy"] - ablation.loc["all losses", "test accuracy"],
        atol=1e-12,
    )


def test_a_loss_that_is_switched_off_is_not_in_the_history(finished):
    losses = {"emotion", "emotion_audio", "emotion_image", "common"}
    for network, off in {
        "both": None,
        "no_common": "common",
        "no_classify": "emotion",
        "no_audio": "emotion_audio",
        "no_image": "emotion_image",
    }.items():
        history = pd.read_csv(finished / "history" / f"{network}.paper.csv")
        assert {name for name in losses if f"{name}_loss" in history} == losses - {off}
        assert len(pd.read_csv(finished / "predictions" / f"{network}.paper" / "test.csv"))


def test_without_a_classifier_of_both_the_other_two_decide_together(finished):
    folder = finished / "predictions" / "no_classify.paper"
    tables = [pd.read_csv(folder / f"test{name}.csv") for name in ("", ".emotion_audio", ".emotion_image")]
    joint, audio, image = (table[list(EMOTIONS)].to_numpy() for table in tables)
    np.testing.assert_allclose(joint, (audio + image) / 2, atol=1e-6)


def test_figures_and_a_saved_model_that_says_that_it_takes_features(finished, write_mp4):
    names = {path.stem for path in (finished / "figures").glob("*.png")}
    assert {"table_1", "table_2_paper", "ablation", "losses_paper"} <= names
    served = ServedModel(finished / "saved_model" / "both.paper")
    with pytest.raises(InputError, match="takes features, not media files"):
        served.predict(write_mp4(seconds=0.4, size=(64, 48)))


def test_one_modality_alone_is_run_on_folds_of_speakers(tmp_path):
    features = write_features(tmp_path / "sound.csv", modalities=["audio"], actors=range(1, 4))
    done = run("--features", features, "--protocol", "speaker", "--epochs", 1, "--jobs", 1, "--out", tmp_path / "runs")
    assert done.returncode == 0, done.stderr
    table = results(only_run(tmp_path / "runs"))
    assert set(table["row"]) == {"Audio-only", "Logistic regression, audio"} and (table["n"] == 48).all()
    assert "Left out, because no video was read: Image-only, Audio+Image" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        (["--corpus", "ravdess"], 2, "--corpus ravdess needs --root"),
        (["--clips", "FEATURES"], 2, "--clips needs --root"),
        (["--features", "FEATURES", "--corpus", "ravdess"], 2, "--features stands for a corpus"),
        (["--features", "EMPTY_CSV"], 1, "needs a row a clip"),
        (["--weighting", "gradnorm"], 2, "no layer is shared"),
        (["--weighting", "equal"], 2, "equal"),
        (["--root", "EMPTY"], 1, "holds no media file"),
        (["--features", "FEATURES", "--modality", "image"], 2, "are for media files; --features has none"),
        (["--root", "EMPTY", "--modality", "audio", "--detector", "FEATURES"], 2, "are for images; leave them out"),
        (["--root", "EMPTY", "--landmarks", "FEATURES"], 1, "holds no media file"),
    ],
)
def test_what_cannot_work_is_one_sentence_before_any_work(features, tmp_path, arguments, status, sentence):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty.csv").write_text("clip\n")
    places = {"FEATURES": features, "EMPTY": tmp_path / "empty", "EMPTY_CSV": tmp_path / "empty.csv"}
    done = run(*[places.get(argument, argument) for argument in arguments], "--out", tmp_path / "runs")
    assert done.returncode == status and sentence in done.stderr and "Traceback" not in done.stderr
    assert not any((tmp_path / "runs").rglob("config.json"))


def test_sound_alone_has_no_images_to_read(script, tmp_path):
    for emotion in ("angry", "sad"):
        (tmp_path / "clips" / emotion).mkdir(parents=True)
        (tmp_path / "clips" / emotion / "a.wav").touch()
    run = Run.create(tmp_path / "runs", script.KEY, {"options": OPTIONS, "notes": []})
    options = SimpleNamespace(**OPTIONS | {"root": tmp_path / "clips", "modality": "image"})
    with pytest.raises(InputError, match="no clip of these classes has video: angry, sad"):
        script.read_data(run, options)


def test_odd_names_silence_short_sounds_and_a_class_of_one_clip(tmp_path):
    """The recordings of three speakers, from the CSV to the SavedModel."""
    rng = np.random.default_rng(0)
    rows = [(f"{i}.wav", ["angry/fearful", "快乐"][i % 2], "abc"[i % 3]) for i in range(24)]
    rows += [("lone.wav", "sad", "a"), ("short.wav", "sad", "b"), ("silent.wav", "快乐", "c")]
    lengths = {"short.wav": 0.03}
    for name, emotion, _ in rows:
        level = {"silent.wav": 0}.get(name, 0.1 + 0.2 * (emotion == "快乐"))
        soundfile.write(tmp_path / name, level * rng.normal(size=round(16_000 * lengths.get(name, 0.5))), 16_000)
    pd.DataFrame(rows, columns=["audio", "emotion", "speaker"]).to_csv(tmp_path / "clips.csv", index=False)
    done = run(
        *("--root", tmp_path, "--clips", tmp_path / "clips.csv", "--epochs", 2, "--jobs", 1, "--out", tmp_path / "runs")
    )
    assert done.returncode == 0, done.stderr
    assert "All clips of the class sad (1) are of one group" in done.stderr
    folder = only_run(tmp_path / "runs")
    assert pd.read_csv(folder / "set_aside.csv")["clip"].tolist() == ["short"]
    table = results(folder)
    held_out = table.query("protocol == 'speaker' and metric == 'test accuracy'")
    assert held_out["n"].tolist() == [26] and held_out["row"].tolist() == ["Audio-only"]
    test = pd.read_csv(folder / "predictions" / "audio.paper" / "test.csv")
    assert {"angry/fearful", "快乐", "sad"} <= {*test.columns}
    served = ServedModel(folder / "saved_model" / "audio.paper")
    np.testing.assert_allclose(served.predict(tmp_path / "silent.wav").sum(), 1, rtol=1e-5)


def test_a_class_of_which_no_clip_can_be_used_is_none(script, tmp_path):
    rng = np.random.default_rng(0)
    rows = [(f"{i}.wav", ["happy", "sad"][i % 2], f"s{i % 3}") for i in range(12)] + [("cut.wav", "angry", "s0")]
    for name, *_ in rows[:-1]:
        soundfile.write(tmp_path / name, 0.1 * rng.normal(size=8000), 16_000)
    (tmp_path / "cut.wav").write_bytes(b"RIFF")
    pd.DataFrame(rows, columns=["audio", "emotion", "speaker"]).to_csv(tmp_path / "clips.csv", index=False)
    given = {"root": tmp_path, "clips": tmp_path / "clips.csv", "max_bad": 0.9}
    options = SimpleNamespace(**OPTIONS | given)
    run = Run.create(tmp_path / "runs", script.KEY, {"options": OPTIONS, "notes": []})
    data = script.read_data(run, options)
    assert data.classes == run.config["classes"]["emotion"] == ["happy", "sad"]
    assert data.table["emotion"].tolist() == [i % 2 for i in range(12)]
    assert "No clip can be used of angry: the classes are happy, sad." in run.config["notes"]
    assert pd.read_csv(run.path / "set_aside.csv")["clip"].tolist() == ["cut"]
    for number in range(0, 12, 2):
        (tmp_path / f"{number}.wav").write_bytes(b"RIFF")
    with pytest.raises(InputError, match="there is one class, sad; two or more are needed"):
        script.read_data(run, options)


@pytest.mark.slow
def test_silent_videos_run_as_images_alone(tmp_path):
    write_films(tmp_path / "films", films=3, clips=4, jobs=2)
    for path in (tmp_path / "films").rglob("*.mp4"):
        silent = path.with_name("silent.mp4")
        with av.open(str(path)) as film, av.open(str(silent), "w") as container:
            pictures = film.streams.video[0]
            stream = container.add_stream_from_template(pictures)
            for packet in film.demux(pictures):
                if packet.dts is not None:
                    packet.stream = stream
                    container.mux(packet)
        silent.replace(path)
    options = ["--root", tmp_path / "films", "--epochs", 1, "--protocol", "paper", "--out", tmp_path / "runs"]
    done = run(*options)
    assert done.returncode == 1 and "has no sound stream" in done.stderr
    done = run(*options, "--modality", "image")
    assert done.returncode == 0, done.stderr
    assert set(results(max((tmp_path / "runs" / "zhang2018").iterdir()))["row"]) == {"Image-only"}


@pytest.mark.slow
def test_films_under_both_protocols(tmp_path):
    write_films(tmp_path / "films", films=4, clips=4, jobs=2)
    done = run("--root", tmp_path / "films", "--epochs", 1, "--out", tmp_path / "runs", "--max-bad", 0.2)
    assert done.returncode == 0, done.stderr
    folder = only_run(tmp_path / "runs")
    table = results(folder)
    assert set(table["protocol"]) == {"paper", "speaker"}
    assert table.query("row == 'Audio+Image' and metric == 'test accuracy'")["published"].eq(0.6602).all()
    clips = table.query("row == 'Audio+Image' and metric == 'test accuracy'").set_index("protocol")["n"]
    # Of three copies of each clip a fifth is tested; held out, each clip is tested once.
    assert clips["paper"] == round(0.2 * 3 * clips["speaker"])
    sides = pd.read_csv(folder / "splits" / "paper.csv")
    assert sides["clip"].duplicated().any(), "copies cross"
    before = (folder / "results.json").read_bytes()
    (folder / "checkpoints" / "both.paper.keras").unlink()
    assert run("--resume", folder).returncode == 0
    assert (folder / "results.json").read_bytes() == before
    video = next((tmp_path / "films").rglob("*.mp4"))
    assert ServedModel(folder / "saved_model" / "both.paper").predict(video).sum() == pytest.approx(1)
