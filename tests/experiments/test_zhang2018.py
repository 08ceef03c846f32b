"""Tests of the command with small sound files and, marked as slow, with synthetic films."""

import json
from pathlib import Path

import av
import numpy as np
import pandas as pd
import pytest
import soundfile

from kerasemo.corpora.synthetic import SyntheticFilms
from kerasemo.errors import InputError
from kerasemo.export import ServedModel
from kerasemo.training.run import Run

SCRIPT = Path(__file__).parents[2] / "experiments" / "zhang2018.py"
EMOTIONS = {"neutral": "01", "happy": "03", "sad": "04", "angry": "05"}


def only_run(out: Path) -> Path:
    (folder,) = (out / "zhang2018").glob("[0-9]*")
    return folder


def results(folder: Path) -> pd.DataFrame:
    return pd.DataFrame(json.loads((folder / "results.json").read_text()))


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        (["--corpus", "ravdess"], 2, "--corpus ravdess needs --root"),
        (["--clips", "A_FILE"], 2, "--clips needs --root"),
        (["--weighting", "gradnorm"], 2, "needs a layer that all losses share"),
        (["--weighting", "equal"], 2, "equal"),
        (["--root", "EMPTY"], 1, "holds no media file"),
        (["--root", "EMPTY", "--modality", "audio", "--detector", "A_FILE"], 2, "are for images; leave them out"),
        (["--root", "EMPTY", "--landmarks", "A_FILE"], 1, "holds no media file"),
    ],
)
def test_wrong_options_or_corpora_give_one_error_message_before_any_work(run, tmp_path, arguments, status, sentence):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty.csv").write_text("clip\n")
    places = {"A_FILE": tmp_path / "empty.csv", "EMPTY": tmp_path / "empty"}
    done = run(*[places.get(argument, argument) for argument in arguments], "--out", tmp_path / "runs")
    assert done.returncode == status and sentence in done.stderr and "Traceback" not in done.stderr
    assert not any((tmp_path / "runs").rglob("config.json"))


def test_images_cannot_be_read_from_a_corpus_without_video(script, tmp_path):
    for emotion in ("angry", "sad"):
        (tmp_path / "clips" / emotion).mkdir(parents=True)
        (tmp_path / "clips" / emotion / "a.wav").touch()
    run = Run.create(tmp_path / "runs", script.PAPER.key, {"notes": []})
    options = script.Options(root=tmp_path / "clips", modality="image", jobs=1)
    with pytest.raises(InputError, match="no clip of these classes has video: angry, sad"):
        script.read(run, options)


@pytest.mark.slow
def test_odd_names_silence_short_sounds_and_a_class_of_one_clip(run, tmp_path):
    """Recordings of three speakers are processed from the CSV to the SavedModel."""
    rng = np.random.default_rng(0)
    rows = [(f"{i}.wav", ["angry/fearful", "快乐"][i % 2], "abc"[i % 3]) for i in range(24)]
    rows += [("lone.wav", "sad", "a"), ("short.wav", "sad", "b"), ("silent.wav", "快乐", "c")]
    lengths = {"short.wav": 0.03}
    for name, emotion, _ in rows:
        level = {"silent.wav": 0}.get(name, 0.1 + 0.2 * (emotion == "快乐"))
        soundfile.write(tmp_path / name, level * rng.normal(size=round(16_000 * lengths.get(name, 0.5))), 16_000)
    pd.DataFrame(rows, columns=["audio", "emotion", "speaker"]).to_csv(tmp_path / "clips.csv", index=False)
    done = run(*("--root", tmp_path, "--clips", tmp_path / "clips.csv", "--epochs", 1, "--out", tmp_path / "runs"))
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


def test_a_class_without_usable_clips_is_dropped(script, tmp_path):
    rng = np.random.default_rng(0)
    rows = [(f"{i}.wav", ["happy", "sad"][i % 2], f"s{i % 3}") for i in range(12)] + [("cut.wav", "angry", "s0")]
    for name, *_ in rows[:-1]:
        soundfile.write(tmp_path / name, 0.1 * rng.normal(size=8000), 16_000)
    (tmp_path / "cut.wav").write_bytes(b"RIFF")
    pd.DataFrame(rows, columns=["audio", "emotion", "speaker"]).to_csv(tmp_path / "clips.csv", index=False)
    options = script.Options(root=tmp_path, clips=tmp_path / "clips.csv", max_bad=0.9, protocol="paper", jobs=1)
    run = Run.create(tmp_path / "runs", script.PAPER.key, {"notes": []})
    data = script.read(run, options)
    assert data.classes["emotion"] == run.config["classes"]["emotion"] == ["happy", "sad"]
    assert data.table["emotion"].tolist() == [i % 2 for i in range(12)]
    assert "There are no usable clips of angry; the remaining classes are happy, sad." in run.config["notes"]
    assert pd.read_csv(run.path / "set_aside.csv")["clip"].tolist() == ["cut"]
    for number in range(0, 12, 2):
        (tmp_path / f"{number}.wav").write_bytes(b"RIFF")
    with pytest.raises(InputError, match="the corpus has only one class, sad; at least two are needed"):
        script.read(run, options)


@pytest.mark.slow
def test_silent_videos_run_as_images_alone(run, tmp_path):
    SyntheticFilms(films=3, clips=4).write(tmp_path / "films", jobs=2)
    for path in (tmp_path / "films").rglob("*.mp4"):
        silent = path.with_name("silent.mp4")
        with av.open(str(path)) as film, av.open(str(silent), "w") as container:
            video = film.streams.video[0]
            stream = container.add_stream_from_template(video)
            for packet in film.demux(video):
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
def test_films_under_both_protocols(run, tmp_path):
    SyntheticFilms(films=4, clips=4).write(tmp_path / "films", jobs=2)
    done = run("--root", tmp_path / "films", "--epochs", 1, "--out", tmp_path / "runs", "--max-bad", 0.2)
    assert done.returncode == 0, done.stderr
    folder = only_run(tmp_path / "runs")
    table = results(folder)
    assert set(table["protocol"]) == {"paper", "speaker"}
    assert table.query("row == 'Audio+Image' and metric == 'test accuracy'")["published"].eq(0.6602).all()
    clips = table.query("row == 'Audio+Image' and metric == 'test accuracy'").set_index("protocol")["n"]
    # A fifth of three copies of each clip is tested; with films held out, each clip is tested once.
    assert clips["paper"] == round(0.2 * 3 * clips["speaker"])
    sides = pd.read_csv(folder / "splits" / "paper.csv")
    assert sides["clip"].duplicated().any(), "copies of a clip are in several partitions"
    before = (folder / "results.json").read_bytes()
    (folder / "checkpoints" / "both.paper.keras").unlink()
    assert run("--resume", folder).returncode == 0
    assert (folder / "results.json").read_bytes() == before
    video = next((tmp_path / "films").rglob("*.mp4"))
    assert ServedModel(folder / "saved_model" / "both.paper").predict(video).sum() == pytest.approx(1)
