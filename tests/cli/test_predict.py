"""`kerasemo predict`."""

import json
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
import soundfile

from kerasemo.export import export
from kerasemo.features import Waveform
from kerasemo.features.network_input import NetworkInput

SOUND = NetworkInput(Waveform(sampling_rate=100), segment_length=100, segment_hop=50)


def saved_model(folder: Path, classes: list[str], outputs: list[float], activation: str | None) -> Path:
    """Export a network with the same outputs for all sounds."""
    head = keras.layers.Dense(len(classes), activation, kernel_initializer="zeros", name="emotion")
    sound = keras.Input((100,), name="audio")
    network = keras.Model({"audio": sound}, {"emotion": head(sound)})
    head.bias.assign(outputs)
    network.save(folder / "network.keras")
    description = {"inputs": {"audio": SOUND.get_config()}, "decision": "emotion", "classes": classes}
    export(folder / "network.keras", description, folder / "saved")
    return folder / "saved"


@pytest.fixture(scope="module")
def of_classes(tmp_path_factory):
    """A SavedModel that predicts `happy` with a probability of .25."""
    folder = tmp_path_factory.mktemp("classes")
    return saved_model(folder, ["happy", "sad"], np.log([0.25, 0.75]).tolist(), "softmax")


def write(path: Path) -> Path:
    """Write stereo sound of two seconds, of which the first one is silent, and the left channel completely."""
    sound = np.random.default_rng(0).uniform(-0.5, 0.5, (200, 2))
    sound[:100], sound[:, 0] = 0, 0
    soundfile.write(path, sound, 100)
    return path


def test_a_clip_that_cannot_be_used_does_not_hide_the_others(kerasemo, of_classes, tmp_path):
    good, bad = write(tmp_path / "a.wav"), tmp_path / "bad.wav"
    bad.touch()
    done = kerasemo("predict", of_classes, bad, good, "--json")
    assert done.exit_code == 1 and done.stderr == f"Error: {bad} is empty (0 bytes).\n"
    (answer,) = json.loads(done.stdout)
    assert (answer["file"], answer["predicted"]) == (str(good), "sad")
    assert answer["probabilities"] == pytest.approx({"happy": 0.25, "sad": 0.75})


def test_files_stand_in_their_order_in_the_table(kerasemo, of_classes, tmp_path):
    files = [write(tmp_path / f"{number}.wav") for number in range(5)]
    header, *rows = kerasemo("predict", of_classes, *files).stdout.splitlines()
    assert header.split() == ["predicted", "happy", "sad"]
    assert [row.split() for row in rows] == [[str(file), "sad", "0.250", "0.750"] for file in files]


def test_the_part_and_the_gender_choose_what_is_read(kerasemo, of_classes, tmp_path):
    file = write(tmp_path / "a.wav")
    assert kerasemo("predict", of_classes, file, "--start", 1, "--end", 2, "--gender", "male").exit_code == 0
    for arguments in (("--end", 1), ("--gender", "female")):
        done = kerasemo("predict", of_classes, file, *arguments)
        assert done.exit_code == 1 and "is silent" in done.stderr


def test_a_folder_that_is_no_saved_model_is_refused(kerasemo, tmp_path):
    done = kerasemo("predict", tmp_path, write(tmp_path / "a.wav"))
    assert done.exit_code == 1 and done.stderr.startswith(f"Error: {tmp_path} is no SavedModel;")


def test_predict_over_time_writes_a_table_and_a_picture_of_each_file(kerasemo, tmp_path, monkeypatch):
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


def test_a_number_has_no_class(kerasemo, tmp_path):
    folder, file = saved_model(tmp_path, ["valence"], [2.5], None), write(tmp_path / "a.wav")
    assert json.loads(kerasemo("predict", folder, file, "--json").stdout) == [{"file": str(file), "valence": 2.5}]
    assert kerasemo("predict", folder, file).stdout.split() == ["valence", str(file), "2.500"]
