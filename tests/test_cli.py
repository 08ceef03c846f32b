"""Each command as a user meets it: what it says, what it leaves, how it ends."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import soundfile
from typer.testing import CliRunner

from kerasemo import manifest
from kerasemo.cli import app
from kerasemo.corpora import avec2019
from kerasemo.corpora.synthetic import SyntheticRavdess

runner = CliRunner()


def kerasemo(*arguments: object):
    return runner.invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """Two actors of synthetic RAVDESS, sound only, and its manifest."""
    folder = tmp_path_factory.mktemp("corpus")
    SyntheticRavdess(actors=[1, 2], channels=["song"], modalities=["audio"], clips_per_emotion=1).write(folder / "root")
    done = kerasemo("manifest", "ravdess", "--root", folder / "root", "-o", folder / "manifest.csv")
    assert done.exit_code == 0 and done.output.endswith("manifest.csv: 12 clips of 2 speakers\n")
    return folder


def test_manifest_is_written_and_valid(corpus):
    assert len(manifest.load(corpus / "manifest.csv")) == 12


def test_manifest_of_a_folder_says_what_is_not_known_of_it(tmp_path):
    for path in ("root/sad/a__1.wav", "root/sad/b__1.wav", "root/happy/a__2.wav", "root/happy/3.wav"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    done = kerasemo("manifest", "folder", "--root", tmp_path / "root", "-o", tmp_path / "m.csv")
    assert done.exit_code == 0, done.output
    first, note = done.output.splitlines()
    assert first.endswith("m.csv: 4 clips of 3 groups") and note.startswith("Of 1 of 4 clips neither source nor")
    (tmp_path / "c.csv").write_text("audio,emotion,source\nsad/a__1.wav,sad,a\nhappy/a__2.wav,sad,b\n")
    csv = ("--root", tmp_path / "root", "-o", tmp_path / "m.csv", "--clips", tmp_path / "c.csv")
    assert kerasemo("manifest", "folder", *csv).output.endswith("m.csv: 2 clips of 2 groups\n")
    done = kerasemo("manifest", "ravdess", *csv)
    assert done.exit_code == 2 and "ravdess has no --clips" in done.stderr


def test_synth_writes_a_corpus_once(tmp_path):
    arguments = ("synth", "ravdess", "-o", tmp_path / "r", "--actors", 1, "--clips-per-emotion", 1, "--jobs", 2)
    assert kerasemo(*arguments).exit_code == 0
    written = {path: path.stat().st_mtime_ns for path in (tmp_path / "r").rglob("*.*")}
    assert len([path for path in written if path.suffix == ".mp4"]) == 14
    assert kerasemo(*arguments).exit_code == 0
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "r").rglob("*.*")} == written


def test_synth_films_are_a_folder_of_classes(tmp_path):
    arguments = ("synth", "films", "-o", tmp_path / "f", "--films", 1, "--clips", 1, "--lean", 1, "--faceless", 1)
    assert kerasemo(*arguments, "--jobs", 1).exit_code == 0
    done = kerasemo("manifest", "folder", "--root", tmp_path / "f", "-o", tmp_path / "m.csv")
    assert done.exit_code == 0 and "1 clips of 1 groups\nAll clips of the class angry (1)" in done.output
    assert kerasemo("synth", "films", "-o", tmp_path / "g", "--actors", 1).exit_code == 2


def test_synth_leaves_other_folders_alone(tmp_path):
    (tmp_path / "precious.txt").touch()
    done = kerasemo("synth", "ravdess", "-o", tmp_path)
    assert done.exit_code == 1 and done.stderr.startswith("Error: ")
    assert [path.name for path in tmp_path.iterdir()] == ["precious.txt"]


def test_features_are_written_and_broken_clips_listed(corpus, tmp_path):
    root = tmp_path / "root"
    root.symlink_to(corpus / "root")
    table = manifest.load(corpus / "manifest.csv")
    table.loc[0, "audio"] = "absent.wav"
    manifest.save(table, tmp_path / "m.csv")
    call = ("features", "mfcc", tmp_path / "m.csv", "--root", root, "-o", tmp_path / "mfcc.npz", "--jobs", 1)
    done = kerasemo(*call)
    assert done.exit_code == 1 and "1 of 12 clips are broken, more than --max-bad 0.05 allows" in done.stderr
    assert not (tmp_path / "mfcc.npz").exists()
    done = kerasemo(*call, "--max-bad", 0.1)
    assert done.exit_code == 0, done.output
    features = np.load(tmp_path / "mfcc.npz", allow_pickle=False)
    assert sorted(features.files) == sorted(table["clip"][1:]) and features[table["clip"][1]].shape[1] == 40
    (row,) = pd.read_csv(tmp_path / "mfcc.set_aside.csv").to_dict("records")
    assert row["clip"] == table["clip"][0] and "absent.wav does not exist" in row["reason"]


def test_a_place_that_cannot_be_written_is_said_before_the_work(corpus, tmp_path):
    (tmp_path / "file").touch()
    done = kerasemo(
        "features", "mfcc", corpus / "manifest.csv", "--root", corpus / "root", "-o", tmp_path / "file" / "a.npz"
    )
    assert done.exit_code == 1 and done.stderr.startswith("Error: ") and "Extracting" not in done.stderr


def test_any_clip_name_is_kept(corpus, tmp_path):
    table = manifest.load(corpus / "manifest.csv").iloc[:2]
    manifest.save(table.assign(clip=["allow_pickle", "file"]), tmp_path / "m.csv")
    call = ("features", "mfcc", tmp_path / "m.csv", "--root", corpus / "root", "--jobs", 1, "-o")
    assert kerasemo(*call, tmp_path / "mfcc.npz").exit_code == 0
    assert np.load(tmp_path / "mfcc.npz", allow_pickle=False).files == ["allow_pickle", "file"]
    done = kerasemo(*call, tmp_path / "ravdess.mfcc")
    assert done.exit_code == 2 and "give a name that ends in .npz" in done.stderr


def test_audit_finds_leaks_and_exits_1(corpus, tmp_path):
    table = manifest.load(corpus / "manifest.csv")
    split = table[["clip"]].assign(partition=["train", "test"] * 6)
    split.to_csv(tmp_path / "split.csv", index=False)
    done = kerasemo("audit", corpus / "manifest.csv", "--split", tmp_path / "split.csv", "--root", corpus / "root")
    assert done.exit_code == 1 and "On two sides or more: 2 speaker." in done.output
    table[["speaker"]].drop_duplicates().assign(fold=[0, 1]).to_csv(tmp_path / "split.csv", index=False)
    done = kerasemo("audit", corpus / "manifest.csv", "--split", tmp_path / "split.csv", "--root", corpus / "root")
    assert (done.exit_code, done.output) == (0, "Nothing stands on two sides.\n")
    table[["clip"]].head(5).assign(partition="train").to_csv(tmp_path / "split.csv", index=False)
    done = kerasemo("audit", corpus / "manifest.csv", "--split", tmp_path / "split.csv")
    assert (done.exit_code, done.output) == (0, "7 of 12 clips stand on no side.\nNothing stands on two sides.\n")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["manifest", "iemocapp", "--root", "."], "is not"),
        (["manifest", "ravdess", "--root", "absent", "-o", "m.csv"], "does not exist"),
        (["features", "mfcc", "absent.csv", "--root", ".", "-o", "x"], "does not exist"),
        (["predict", "absent", "a.wav"], "does not exist"),
        (["report"], "Missing argument"),
    ],
)
def test_wrong_calls_exit_2(arguments, sentence):
    done = kerasemo(*arguments)
    assert done.exit_code == 2 and sentence in " ".join(done.stderr.split())


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["manifest", "ravdess", "--root", "{tmp}", "-o", "{tmp}/m.csv"], "is empty"),
        (["manifest", "ravdess", "--root", "{corpus}/root", "-o", "/proc/m.csv"], "/proc"),
        (["export", "{tmp}", "audio_cnn", "-o", "{tmp}/out"], "has no trained model audio_cnn; it has: none"),
        (["predict", "{tmp}", "a.wav"], "is no SavedModel"),
        (["plot", "{tmp}"], "is no run folder"),
        (["report", "{tmp}"], "is no run folder"),
    ],
)
def test_work_that_cannot_be_done_exits_1_with_one_sentence(corpus, tmp_path, arguments, sentence):
    done = kerasemo(*[argument.format(tmp=tmp_path, corpus=corpus) for argument in arguments])
    assert done.exit_code == 1
    assert sentence in done.stderr and done.stderr.count("\n") == 1 and done.stderr.startswith("Error: ")
    assert not any(tmp_path.iterdir())


def test_debug_shows_the_traceback(tmp_path):
    done = kerasemo("--debug", "plot", tmp_path)
    assert done.exit_code == 1 and isinstance(done.exception, ValueError)


def test_a_clip_that_cannot_be_used_does_not_hide_the_others(tmp_path, monkeypatch):
    from kerasemo.errors import BrokenClip

    asked = []

    class Served:
        def __init__(self, folder, moved):
            pass

        def predict(self, path, start_s, end_s, gender):
            asked.append((start_s, end_s, gender))
            if path.name == "bad.wav":
                raise BrokenClip("bad.wav is empty (0 bytes).")
            return pd.Series({"happy": 0.25, "sad": 0.75})

    monkeypatch.setattr("kerasemo.export.ServedModel", Served)
    done = kerasemo("predict", tmp_path, "a.wav", "bad.wav", "--json")
    assert done.exit_code == 1 and done.stderr == "Error: bad.wav is empty (0 bytes).\n"
    assert json.loads(done.stdout) == [
        {"file": "a.wav", "predicted": "sad", "probabilities": {"happy": 0.25, "sad": 0.75}}
    ]
    done = kerasemo("predict", tmp_path, "a.wav", "b.wav", "--start", 1, "--end", 2.5, "--gender", "female")
    header, *rows = done.stdout.splitlines()
    assert header.split() == ["predicted", "happy", "sad"]
    assert [row.split() for row in rows] == [[name, "sad", "0.250", "0.750"] for name in ("a.wav", "b.wav")]
    assert asked[-1] == (1.0, 2.5, "female")


def test_predict_over_time_writes_a_table_and_a_picture_of_each_file(tmp_path, monkeypatch):
    from kerasemo.features import Waveform
    from kerasemo.features.network_input import NetworkInput

    class Served:
        def __init__(self, folder, moved):
            self.classes = ["happy", "sad"]
            self.inputs = {"waveform": NetworkInput(Waveform(sampling_rate=100), segment_length=100, segment_hop=50)}

        def probabilities(self, batch):
            return np.tile([0.25, 0.75], (len(batch["waveform"]), 1))

    monkeypatch.setattr("kerasemo.export.ServedModel", Served)
    for name in ("a.wav", "other/a.wav"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        soundfile.write(tmp_path / name, np.sin(np.arange(350.0)), 100)
    (tmp_path / "bad.wav").touch()
    call = ("predict", tmp_path, tmp_path / "a.wav", tmp_path / "bad.wav", "-o", tmp_path / "out", "--timeline")
    done = kerasemo(*call, "--every", 1, "--start", 0.5)
    assert done.exit_code == 1 and "bad.wav is empty (0 bytes)." in done.stderr
    assert done.stdout.startswith(f"{tmp_path}/out/a.wav.timeline.csv: 3 windows\n")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.wav.timeline.csv", "a.wav.timeline.png"]
    assert pd.read_csv(tmp_path / "out" / "a.wav.timeline.csv")["time_s"].tolist() == [1, 2, 3]
    done = kerasemo(*call)  # every 2 s
    assert done.exit_code == 1 and "begin every 1 s at most" in done.stderr
    for arguments, sentence in (
        ((*call, "--json"), "leave --json out"),
        ((*call[:3], "--every", 1), "are for --timeline"),
        ((*call, tmp_path / "other" / "a.wav"), "have one name"),
        ((*call, "--start", 3, "--end", 2), "--end lies before --start"),
    ):
        done = kerasemo(*arguments)
        assert done.exit_code == 2 and sentence in done.stderr


def test_the_module_runs_as_a_command():
    done = subprocess.run([sys.executable, "-m", "kerasemo", "--help"], capture_output=True, text=True)
    assert done.returncode == 0 and "audit" in done.stdout


@pytest.fixture(scope="module")
def predictions(tmp_path_factory):
    """Labels of three dialogues and the predictions of two models."""
    folder = tmp_path_factory.mktemp("predictions")
    generator = np.random.default_rng(0)
    names = ["Devel_DE_01", "Devel_DE_12", "Devel_DE_02", "Devel_DE_05", "Devel_DE_03", "Devel_DE_08"]
    labels = {name: generator.standard_normal((50, 3)).cumsum(axis=0) for name in names}
    avec2019.write_traces(folder / "labels", labels)
    for model, noise in {"near": 0.5, "far": 5.0}.items():
        traces = {name: trace + noise * generator.standard_normal(trace.shape) for name, trace in labels.items()}
        avec2019.write_predictions(folder / model, traces)
    return folder


def test_fuse_scores_both_protocols_and_writes_what_it_found(predictions, tmp_path):
    call = ("fuse", predictions / "near", predictions / "far", "--labels", predictions / "labels", "--jobs", 1)
    call += ("--folds", 3, "--method", "mean", "--method", "within-between-ridge", "-o", tmp_path / "fused")
    done = kerasemo(*call)
    assert done.exit_code == 0, done.output
    assert "Recommended by its held-out scores: within-between-ridge" in done.output
    assert "95 % of the average" in done.output
    rows = pd.DataFrame(json.loads((tmp_path / "fused" / "results.json").read_text()))
    assert set(rows["protocol"]) == {"in-sample", "held-out"} and len(rows) == 2 * 2 * 4
    assert (tmp_path / "fused" / "figures" / "ccc_per_stage.png").exists()
    assert avec2019.read_traces(tmp_path / "fused" / "predictions" / "mean.held-out").keys() == set(
        avec2019.read_traces(predictions / "labels")
    )
    again = kerasemo(*call)
    assert again.exit_code == 1 and "holds something already" in again.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        (["--folds", "4"], 2, "4 folds of 3 dialogues cannot be made"),
        (["--stages", "99"], 2, "99 stages make no sense"),
        (["--method", "median"], 2, "there is no fusion method 'median'"),
        (["--groups", "{folder}/groups.csv"], 1, "names Devel_DE_99, which the labels do not have"),
    ],
)
def test_fuse_says_what_is_wrong(predictions, tmp_path, arguments, status, sentence):
    (predictions / "groups.csv").write_text("recording,dialogue\nDevel_DE_99,a\n")
    call = ("fuse", predictions / "near", predictions / "far", "--labels", predictions / "labels", "-o", tmp_path / "f")
    done = kerasemo(*call, *(argument.format(folder=predictions) for argument in arguments))
    assert done.exit_code == status and sentence in done.stderr
    assert not any(tmp_path.iterdir())


def test_options_of_another_corpus_or_feature_set_are_refused(corpus, tmp_path):
    done = kerasemo("synth", "avec2019", "-o", tmp_path / "s", "--actors", 3, "--audio-share", 0.5)
    assert done.exit_code == 2 and "avec2019 has no --actors, --audio-share" in done.stderr
    done = kerasemo("manifest", "ravdess", "--root", corpus / "root", "-o", tmp_path / "m.csv", "--improvised-only")
    assert done.exit_code == 2 and "ravdess has no --improvised-only" in done.stderr
    call = ("features", "vgg16", corpus / "manifest.csv", "--root", tmp_path, "-o", tmp_path / "a.npz")
    done = kerasemo(*call)
    assert done.exit_code == 2 and "need --weights" in done.stderr
    done = kerasemo("features", "mfcc", *call[2:], "--crop", "track")
    assert done.exit_code == 2 and "mfcc has no --crop" in done.stderr
    assert not any(tmp_path.iterdir())


@pytest.fixture(scope="module")
def dialogues(tmp_path_factory):
    """Two turns of synthetic IEMOCAP as the command writes it, and their manifest."""
    folder = tmp_path_factory.mktemp("dialogues")
    call = ("synth", "iemocap", "-o", folder / "root", "--sessions", 1, "--dialogues", 1, "--turns", 2, "--jobs", 1)
    done = kerasemo(*call)
    assert done.exit_code == 0, done.output
    done = kerasemo("manifest", "iemocap", "--root", folder / "root", "-o", folder / "m.csv")
    assert done.exit_code == 0 and done.output.endswith("m.csv: 2 clips of 2 speakers\n")
    return folder


@pytest.mark.parametrize(
    ("feature_set", "shape"),
    [
        (["waveform", "--scale", "variance"], (None,)),
        (["face_video"], (None, 96, 96, 3)),
        (["face_video", "--crop", "track"], (None, 96, 96, 3)),
    ],
)
def test_features_of_dialogues(dialogues, tmp_path, feature_set, shape):
    name, *options = feature_set
    call = ("features", name, dialogues / "m.csv", "--root", dialogues / "root", "-o", tmp_path / "a.npz", "--jobs", 1)
    done = kerasemo(*call, *options)
    assert done.exit_code == 0, done.output
    table = manifest.load(dialogues / "m.csv")
    features = np.load(tmp_path / "a.npz", allow_pickle=False)
    for clip, length_s in zip(table["clip"], table["end_s"] - table["start_s"], strict=True):
        assert features[clip].shape[1:] == shape[1:]
        rate = 16_000 if name == "waveform" else 25
        assert len(features[clip]) == int(length_s * rate + 1e-6)


def test_the_manifest_of_dialogues_heeds_its_options(dialogues, tmp_path):
    call = ("manifest", "iemocap", "--root", dialogues / "root", "-o", tmp_path / "m.csv", "--emotion")
    assert kerasemo(*call, "neu", "--ties", "drop", "--merge-excited", "--improvised-only").exit_code == 0
    table = manifest.load(tmp_path / "m.csv")
    assert list(table["emotion"]) == ["neu"] and set(table["scenario"]) == {"improvised"}
    done = kerasemo(*call, "happy")
    assert done.exit_code == 1 and "emotions must be one of neu, ang" in done.stderr


def test_synth_writes_the_other_corpus(tmp_path):
    done = kerasemo("synth", "avec2019", "-o", tmp_path / "s", "--train", 2, "--devel", 2, "--width", 8, "--jobs", 2)
    assert done.exit_code == 0, done.output
    assert len(avec2019.read_traces(tmp_path / "s" / "labels")) == 8
