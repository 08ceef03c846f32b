"""Settings of all tests: temporary cache, one thread and two logical CPUs for TensorFlow; real data, if available."""

import os
import signal
import tempfile
from functools import partial
from pathlib import Path

import hypothesis
import pytest

pytest_plugins = ["browser"]

ROOT = Path(__file__).parents[1]
DATA = ROOT.parent / "shared" / "data"

# Tests do not depend on time.
hypothesis.settings.register_profile("kerasemo", deadline=None)
hypothesis.settings.load_profile("kerasemo")

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERASEMO_CACHE"] = tempfile.mkdtemp(prefix="kerasemo-tests-")


def pytest_addoption(parser):
    parser.addoption("--pictures", type=Path, help="Folder of the guides: tests of pages write their pictures there.")


def pytest_configure():
    from kerasemo.training.reproducible import one_thread

    one_thread()
    import tensorflow as tf

    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)


@pytest.fixture
def pictures(request, tmp_path) -> Path:
    """The folder for pictures of pages."""
    return request.config.getoption("--pictures") or tmp_path


@pytest.fixture(scope="session")
def interruptible():
    """Arguments for `Popen` of a process that a test interrupts: a separate process group that reacts to Ctrl-C.

    If the tests run in the background of a shell, child processes would otherwise ignore Ctrl-C.
    """
    return {"start_new_session": True, "preexec_fn": partial(signal.signal, signal.SIGINT, signal.SIG_DFL)}


@pytest.fixture(scope="session")
def same_results():
    """A function that checks that all numbers of two run folders are exactly equal."""

    def check(a: Path, b: Path) -> None:
        tables = {path.relative_to(a) for path in a.rglob("*.csv")}
        assert tables == {path.relative_to(b) for path in b.rglob("*.csv")}
        for table in [*tables, Path("results.json")]:
            assert (a / table).read_bytes() == (b / table).read_bytes(), table

    return check


@pytest.fixture(scope="session")
def ravdess_root() -> Path:
    """Real RAVDESS speech of eight actors."""
    folder = DATA / "ravdess"
    if not folder.is_dir():
        pytest.skip(f"needs real RAVDESS recordings in {folder}")
    return folder


@pytest.fixture
def write_mp4(tmp_path):
    """A function that writes a small mp4 with sound and a picture that becomes brighter.

    Call: `write_mp4(seconds=1.2, size=(64, 48)) -> path`.
    """
    import numpy as np

    from kerasemo.corpora.synthetic import media

    def write(seconds: float, size: tuple[int, int]) -> Path:
        path = tmp_path / "clip.mp4"
        times = np.arange(round(seconds * 48_000)) / 48_000
        frames = [np.full((size[1], size[0], 3), 5 * k, np.uint8) for k in range(round(seconds * 25))]
        sound = (0.3 * np.sin(2 * np.pi * 220 * times)).astype("float32")
        media.write_mp4(path, frames, sound, size=size, frame_rate=25, sampling_rate=48_000)
        return path

    return write


ENCODINGS = {
    "aac.m4a": ("aac", 48_000, 64_000),
    "aac.mp4": ("aac", 16_000, 32_000),
    "mp3.avi": ("mp3", 44_100, 96_000),
    "mp3.mp3": ("mp3", 44_100, 32_000),
    "opus.ogg": ("libopus", 48_000, 32_000),
    "flac.flac": ("flac", 48_000, None),
    "pcm.wav": ("pcm_s16le", 8_000, None),
    "law.wav": ("pcm_mulaw", 8_000, None),
}
"""Codec, sampling rate and bits a second."""


@pytest.fixture(params=ENCODINGS)
def encode(tmp_path, request):
    """A function that writes a mono sound in one of `ENCODINGS`; a test that uses it runs with each of them.

    Call: `encode(samples, sampling_rate) -> path`; a second call replaces the file.
    """
    import av
    import numpy as np
    import soxr

    codec, new_rate, bit_rate = ENCODINGS[request.param]

    def write(samples, sampling_rate):
        samples = soxr.resample(samples, sampling_rate, new_rate)
        path = tmp_path / request.param
        with av.open(str(path), "w") as container:
            stream = container.add_stream(codec, rate=new_rate, layout="mono")
            if bit_rate:
                stream.bit_rate = bit_rate
            wave = np.round(np.clip(samples, -1, 1) * 32767).astype(np.int16)[None]
            frame = av.AudioFrame.from_ndarray(wave, format="s16", layout="mono")
            frame.sample_rate, frame.pts = new_rate, 0
            resampler = av.AudioResampler(format=stream.format, layout="mono", rate=new_rate)
            for part in [*resampler.resample(frame), *resampler.resample(None)]:
                container.mux(stream.encode(part))
            container.mux(stream.encode(None))
        return path

    return write
