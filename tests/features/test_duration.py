import re

import av
import numpy as np
import pytest
import soundfile

from kerasemo.errors import BrokenClip
from kerasemo.features.duration import duration_s
from kerasemo.features.media import read_audio


def test_length_of_a_sound_in_any_encoding_is_that_of_its_samples(encode):
    path = encode(np.random.default_rng(0).uniform(-0.3, 0.3, 24_000).astype("float32"), 16_000)
    samples, rate = read_audio(path)
    assert duration_s(path) == pytest.approx(len(samples) / rate, abs=0.06)  # a packet of AAC


def test_length_of_a_video(write_mp4):
    assert duration_s(write_mp4(seconds=1.2, size=(64, 48))) == pytest.approx(1.2, abs=0.06)


def test_length_of_a_recording_that_does_not_state_it(tmp_path):
    path = tmp_path / "a.webm"
    with av.open(str(path), "w", options={"live": "1"}) as container:
        stream = container.add_stream("libopus", rate=48_000, layout="mono")
        for number in range(50):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 960), np.int16), format="s16", layout="mono")
            frame.sample_rate, frame.pts = 48_000, number * 960
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with av.open(str(path)) as container:
        assert container.duration is None
    assert duration_s(path) == pytest.approx(1, abs=0.05)


def test_a_playlist_is_no_recording(tmp_path):
    soundfile.write(tmp_path / "secret.wav", np.zeros(8000), 8000)
    path = tmp_path / "list.mp4"
    path.write_text("#EXTM3U\n#EXTINF:1,\nsecret.wav\n#EXT-X-ENDLIST\n")
    with pytest.raises(BrokenClip, match="is no media file or is damaged"):
        duration_s(path)


@pytest.mark.parametrize(("name", "sentence"), [("a.wav", "is no sound file"), ("a.mp4", "is no media file")])
def test_a_broken_file_is_a_broken_clip(tmp_path, name, sentence):
    (tmp_path / name).write_bytes(b"nothing that can be decoded")
    with pytest.raises(BrokenClip, match=re.escape(f"{name} {sentence}")):
        duration_s(tmp_path / name)
    (tmp_path / name).write_bytes(b"")
    with pytest.raises(BrokenClip, match="is empty"):
        duration_s(tmp_path / name)
