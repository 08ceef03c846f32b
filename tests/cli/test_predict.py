"""`kerasemo predict`."""

import json

import numpy as np
import pandas as pd
import soundfile


def test_a_clip_that_cannot_be_used_does_not_hide_the_others(kerasemo, tmp_path, monkeypatch):
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


def test_predict_over_time_writes_a_table_and_a_picture_of_each_file(kerasemo, tmp_path, monkeypatch):
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


def test_a_number_has_no_class(kerasemo, tmp_path, monkeypatch):
    class Served:
        def __init__(self, folder, moved):
            pass

        def predict(self, path, start_s, end_s, gender):
            return pd.Series({"valence": np.float32(2.5)})

    monkeypatch.setattr("kerasemo.export.ServedModel", Served)
    assert json.loads(kerasemo("predict", tmp_path, "a.wav", "--json").stdout) == [{"file": "a.wav", "valence": 2.5}]
    assert kerasemo("predict", tmp_path, "a.wav").stdout.split() == ["valence", "a.wav", "2.500"]
