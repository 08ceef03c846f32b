from fractions import Fraction

import av
import numpy as np
import pytest
import soundfile

from kerasemo.corpora.synthetic.media import write_mp4, write_wav

RATE = 48_000
FRAME_RATE = Fraction(30000, 1001)


@pytest.fixture(scope="module")
def sound():
    return 0.3 * np.sin(2 * np.pi * np.linspace(200, 900, RATE) * np.arange(RATE) / RATE).astype(np.float32)


@pytest.fixture(scope="module")
def frames():
    frames = np.full((30, 48, 64, 3), 200, np.uint8)
    for index, frame in enumerate(frames):
        frame[:, 2 * index : 2 * index + 4] = (180, 20, 20)
    return frames


@pytest.mark.parametrize("channels", [1, 2])
def test_wav_holds_16_bit_samples(tmp_path, sound, channels):
    samples = sound if channels == 1 else np.stack([sound, -sound], axis=1)
    write_wav(tmp_path / "a.wav", samples, RATE)
    info = soundfile.info(tmp_path / "a.wav")
    assert (info.samplerate, info.channels, info.subtype, info.format) == (RATE, channels, "PCM_16", "WAV")
    read, _ = soundfile.read(tmp_path / "a.wav")
    np.testing.assert_allclose(read, samples, atol=1 / 2**15)


def test_mp4_holds_the_frames_and_the_sound_in_step(tmp_path, sound, frames):
    write_mp4(tmp_path / "a.mp4", frames, sound, size=(64, 48), frame_rate=FRAME_RATE, sampling_rate=RATE)
    with av.open(str(tmp_path / "a.mp4")) as container:
        picture, track = container.streams.video[0], container.streams.audio[0]
        assert (picture.codec_context.name, track.codec_context.name) == ("h264", "aac")
        assert (picture.average_rate, track.rate) == (FRAME_RATE, RATE)
        read = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
        container.seek(0)
        heard = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
    assert len(read) == len(frames)
    assert np.abs(np.array(read, float) - frames).mean() < 12
    assert np.corrcoef(heard[:RATE], sound)[0, 1] > 0.99


def test_same_content_gives_the_same_bytes(tmp_path, sound, frames):
    for name in ("a.mp4", "b.mp4"):
        write_mp4(tmp_path / name, iter(frames), sound, size=(64, 48), frame_rate=FRAME_RATE, sampling_rate=RATE)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()
