"""Recordings of a small corpus in the page of a run."""

import base64
import io
import json
import shutil
from pathlib import Path

import pytest
import soundfile
from typer.testing import CliRunner

from kerasemo.cli import app
from kerasemo.reporting import recordings as module
from kerasemo.reporting import run_folder


def found(run: Path) -> dict:
    return module.recordings([run_folder.read(run)])


def test_each_test_clip_is_embedded_once(run: Path, corpus: Path):
    recordings = module.recordings([run_folder.read(run)] * 2)
    assert set(recordings) == {(str(corpus), f"clip_{number:03d}") for number in range(48)}
    kind, content = recordings[str(corpus), "clip_007"].source.split(",")
    assert kind == "data:audio/mpeg;base64"
    assert soundfile.info(io.BytesIO(base64.b64decode(content))).samplerate == 16_000


def test_missing_and_broken_recordings_are_left_out(run: Path, corpus: Path):
    (corpus / "7.wav").unlink()
    (corpus / "8.wav").write_bytes(b"RIFF")
    assert len(found(run)) == 46
    shutil.rmtree(corpus)
    assert found(run) == {}


def test_large_corpora_are_not_embedded(run: Path, corpus: Path, monkeypatch):
    size = sum(len(base64.b64decode(each.source.split(",")[1])) for each in found(run).values())
    monkeypatch.setattr(module, "MAX_BYTES", size)
    assert len(found(run)) == 48
    monkeypatch.setattr(module, "MAX_BYTES", size - 1)
    assert found(run) == {}
    monkeypatch.undo()
    monkeypatch.setattr(module, "MAX_CLIPS", 47)
    assert found(run) == {}


def test_small_videos_are_embedded_as_they_are_and_otherwise_their_sound(run: Path, corpus: Path, monkeypatch):
    clips = (run / "clips.csv").read_text().replace("clip_000,0.wav,", "clip_000,0.wav,0.mp4")
    (run / "clips.csv").write_text(clips)
    (corpus / "0.mp4").write_bytes(bytes(100_000))
    video = found(run)[str(corpus), "clip_000"]
    assert (video.medium, len(video.source)) == ("video", len("data:video/mp4;base64,") + 133_336)
    monkeypatch.setattr(module, "MAX_BYTES", 99_999)
    assert found(run)[str(corpus), "clip_000"].medium == "audio"


def test_only_the_span_of_a_clip_is_embedded(run: Path, corpus: Path):
    soundfile.write(corpus / "0.wav", [0.1] * 480_000, 48_000)
    clips = (run / "clips.csv").read_text().replace("clip_000,0.wav,,,", "clip_000,0.wav,,9.9,10.0")
    (run / "clips.csv").write_text(clips)
    content = found(run)[str(corpus), "clip_000"].source.split(",")[1]
    assert soundfile.info(io.BytesIO(base64.b64decode(content))).duration == pytest.approx(0.1, abs=0.1)


def test_a_page_without_recordings_and_a_run_without_a_corpus(run: Path, corpus: Path):
    for options, n in (([], 48), (["--no-recordings"], 0)):
        done = CliRunner().invoke(app, ["report", str(run), *options])
        assert done.exit_code == 0, done.output
        assert (run / "report.html").read_text().count("<audio") == n
    config = json.loads((run / "config.json").read_text())
    del config["corpus_root"]
    (run / "config.json").write_text(json.dumps(config))
    assert found(run) == {}
