from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import soundfile

from kerasemo.errors import BrokenClip, InputError
from kerasemo.features import Mfcc, Waveform
from kerasemo.features.network_input import NetworkInput
from kerasemo.timeline import timeline, write_timeline

RATE = 8000
CLASSES = ["low", "high"]
SEGMENTED = NetworkInput(Waveform(sampling_rate=RATE), segment_length=RATE, segment_hop=RATE // 2)


def served(network_input=SEGMENTED):
    """Return a replacement for a SavedModel: the share of samples above the mean is the probability of `high`."""
    batches = []

    def probabilities(batch):
        batches.append(batch["waveform"])
        share = (batch["waveform"] > 0).mean(axis=1)
        return np.stack([1 - share, share], axis=1)

    return SimpleNamespace(
        inputs={"waveform": network_input}, classes=CLASSES, probabilities=probabilities, batches=batches
    )


@pytest.fixture
def recording(tmp_path):
    """One second each of short pulses, silence and long pulses, then half a second of short pulses."""
    times = np.arange(RATE) / RATE
    short, long = (0.2 * ((50 * times) % 1 < share).astype("float32") for share in (0.25, 0.75))
    soundfile.write(tmp_path / "a.wav", np.concatenate([short, 0 * short, long, short[: RATE // 2]]), RATE, "FLOAT")
    return tmp_path / "a.wav"


def test_each_window_has_a_row_and_silence_has_no_probabilities(recording):
    table = timeline(served(), recording, every_s=1)
    assert list(table.columns) == ["time_s", *CLASSES]
    np.testing.assert_allclose(table["time_s"], [0.5, 1.5, 2.5, 3.0])  # the last window ends with the recording
    np.testing.assert_allclose(table["high"], [0.25, np.nan, 0.75, 0.5], atol=0.01)
    np.testing.assert_allclose(table["low"] + table["high"], [1, np.nan, 1, 1], atol=1e-6)


def test_each_window_is_standardised_like_a_separate_clip(recording):
    recorder = served()
    timeline(recorder, recording, every_s=1)
    windows = np.concatenate(recorder.batches)
    for window, start_s in zip(windows, [0, 2, 2.5], strict=True):
        np.testing.assert_array_equal(window, Waveform(sampling_rate=RATE).extract(recording, start_s, start_s + 1))


def test_result_does_not_depend_on_blocks_and_batches(recording, monkeypatch):
    expected = timeline(served(), recording, every_s=0.1)
    monkeypatch.setattr("kerasemo.features.media.BLOCK_S", 1)
    monkeypatch.setattr("kerasemo.export.windows.SERVED_BATCH_SIZE", 3)
    recorder = served()
    pd.testing.assert_frame_equal(timeline(recorder, recording, every_s=0.1), expected)
    assert len(expected) == 26 and max(map(len, recorder.batches)) == 3


def test_times_of_a_part_refer_to_the_file(recording):
    table = timeline(served(), recording, 2.0, 3.0, every_s=1)
    assert table["time_s"].tolist() == [2.5] and table["high"][0] == pytest.approx(0.75, abs=0.01)


def test_a_short_recording_is_repeated(recording):
    table = timeline(served(), recording, 0.0, 0.2, every_s=1)
    assert len(table) == 1 and table["high"][0] == pytest.approx(0.25, abs=0.01)
    assert table["time_s"].tolist() == [pytest.approx(0.1)]


def test_timeline_is_written_as_a_table_and_a_picture(recording, tmp_path):
    table = timeline(served(), recording, every_s=1)
    write_timeline(table, "a.wav", tmp_path / "a.csv", tmp_path / "a.png")
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "a.csv"), table, atol=1e-6)
    assert (tmp_path / "a.csv").read_text().splitlines()[2] == "1.500000,,"
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    "network_input", [NetworkInput(Mfcc()), NetworkInput(Waveform(), frame_length=640)], ids=["mfcc", "frames"]
)
def test_a_network_of_whole_clips_is_an_error(recording, network_input):
    with pytest.raises(InputError, match="needs a network that reads segments of sound"):
        timeline(served(network_input), recording)


@pytest.mark.parametrize("every_s", [0.0, 1.01])
def test_a_step_longer_than_a_window_is_an_error(recording, every_s):
    with pytest.raises(InputError, match="begin every 1 s at most"):
        timeline(served(), recording, every_s=every_s)


def test_an_empty_recording_is_a_broken_clip(tmp_path):
    (tmp_path / "empty.wav").touch()
    with pytest.raises(BrokenClip, match="is empty"):
        timeline(served(), tmp_path / "empty.wav", every_s=1)
