"""Files that are damaged, that lie about themselves, or that try to take memory: no failure, no ended process."""

import io
import json
import struct

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kerasemo.corpora.synthetic import media

from .test_interface import problem_of
from .test_live import jpeg, opened, send_picture

ALLOWED = {200, 413, 422}
FUZZED = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
KINDS = {"wav": "PCM_16", "flac": "PCM_16", "ogg": "VORBIS", "mp3": "MPEG_LAYER_III"}
NAMES = [
    "a.wav",
    "a.flac",
    "a.ogg",
    "a.mp3",
    "a.mp4",
    "a.mov",
    "a.avi",
    "a.mkv",
    "a.webm",
    "a.raw",
    "a.au",
    "a",
    "a.txt",
]


def sound_file(samples: np.ndarray, rate: int, kind: str, subtype: str | None = None) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, rate, subtype or KINDS[kind], format=kind.upper())
    return file.getvalue()


@pytest.fixture(scope="module")
def whole_files(tmp_path_factory) -> dict[str, bytes]:
    """Name -> a file that can be read."""
    generator = np.random.default_rng(0)
    sound = generator.uniform(-0.3, 0.3, 8000).astype("float32")
    files = {f"a.{kind}": sound_file(sound, 16_000, kind) for kind in KINDS}
    frames = [generator.integers(0, 256, (48, 64, 3), dtype=np.uint8) for _ in range(13)]
    for kind in ("mp4", "mov", "mkv", "avi"):
        path = tmp_path_factory.mktemp("whole") / f"a.{kind}"
        media.write_mp4(path, frames, np.tile(sound, 3), size=(64, 48), frame_rate=25, sampling_rate=48_000)
        files[path.name] = path.read_bytes()
    return files


@pytest.fixture
def survives(server, tones):
    """A function that sends a file to a model; at the end the processes are those of the beginning, and still work."""
    before = server.processes()
    client = server.client()

    def send(name: str, content: bytes) -> set[int]:
        statuses = set()
        for path, model in (("predict", "clips"), ("predict", "pictures"), ("timeline", "segments")):
            answer = server.post(path, (name, content), client, model=model)
            assert answer.status_code in ALLOWED, answer.text
            assert answer.status_code == 200 or problem_of(answer)["detail"].endswith(".")
            statuses.add(answer.status_code)
        return statuses

    yield send
    assert server.processes() == before and len(before) == 1
    assert server.post("predict", tones).status_code == 200


@pytest.mark.slow
@FUZZED
@given(st.data())
def test_truncated_files(survives, whole_files, data):
    name = data.draw(st.sampled_from(sorted(whole_files)))
    content = whole_files[name]
    survives(name, content[: data.draw(st.integers(0, len(content)))])


@pytest.mark.slow
@FUZZED
@given(st.data())
def test_files_with_changed_bytes(survives, whole_files, data):
    name = data.draw(st.sampled_from(sorted(whole_files)))
    content = bytearray(whole_files[name])
    early = st.integers(0, 300)
    for place in data.draw(st.lists(early | st.integers(0, len(content) - 1), min_size=1, max_size=8)):
        content[min(place, len(content) - 1)] = data.draw(st.integers(0, 255))
    survives(name, bytes(content))


@pytest.mark.slow
@FUZZED
@given(st.sampled_from(NAMES), st.sampled_from([*KINDS, "mp4", "mkv"]), st.binary(max_size=400))
def test_wrong_types_and_bytes_of_no_format(survives, whole_files, name, kind, noise):
    survives(name, whole_files[f"a.{kind}"])
    survives(name, noise)


@pytest.mark.slow
@FUZZED
@given(
    rate=st.integers(0, 2**32 - 1) | st.sampled_from([0, 1, 2**31 - 1, 2**32 - 1]),
    channels=st.integers(0, 65_535) | st.sampled_from([0, 1, 1024, 65_535]),
    bits=st.sampled_from([0, 1, 8, 16, 24, 32, 64, 65_535]),
    kind=st.sampled_from([0, 1, 2, 3, 6, 7, 17, 85, 0xFFFE]),
    size=st.integers(0, 2**32 - 1) | st.sampled_from([0, 0x7FFFF000, 2**32 - 1]),
    n=st.integers(0, 20_000),
)
def test_wav_headers_that_lie(survives, rate, channels, bits, kind, size, n):
    align = channels * bits // 8
    form = struct.pack("<HHIIHH", kind, channels, rate, (rate * align) % 2**32, align % 2**16, bits)
    chunks = b"fmt " + struct.pack("<I", 16) + form + b"data" + struct.pack("<I", size) + bytes(range(200)) * (n // 200)
    survives("a.wav", b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks)


@pytest.mark.slow
@FUZZED
@given(n=st.integers(0, 2**36 - 1) | st.just(2**36 - 1), rate=st.integers(0, 2**20 - 1), channels=st.integers(0, 7))
def test_flac_headers_that_lie(survives, whole_files, n, rate, channels):
    content = bytearray(whole_files["a.flac"])
    start = content.index(b"fLaC") + 8 + 10
    content[start : start + 8] = (rate << 44 | channels << 41 | 15 << 36 | n).to_bytes(8, "big")
    survives("a.flac", bytes(content))


@pytest.mark.slow
@FUZZED
@given(st.data())
def test_damaged_pictures_while_a_recording_is_made(survives, server, data):
    picture = bytearray(jpeg(200))
    for place in data.draw(st.lists(st.integers(0, len(picture) - 1), max_size=8)):
        picture[place] = data.draw(st.integers(0, 255))
    kept = picture[: data.draw(st.integers(1, len(picture)))]
    with opened(server, model="pictures", frame_rate=2) as socket:
        for content in (kept, jpeg(200)):
            send_picture(socket, bytes(content))
            assert {"problem", "probabilities"} & set(json.loads(socket.recv(timeout=20)))


def test_a_flac_bomb_is_too_long(survives):
    hours = np.zeros(3600 * 8000, "int16")
    content = sound_file(np.concatenate([hours] * 4), 8000, "flac")
    assert len(content) < 2**20
    assert survives("bomb.flac", content) == {413}


def test_a_short_flac_with_many_channels_and_a_high_rate_is_read_or_refused(survives):
    content = sound_file(np.zeros((29 * 655_350, 8), "int16"), 655_350, "flac")
    assert len(content) < 2 * 2**20
    assert 413 in survives("bomb.flac", content)


@pytest.mark.parametrize("rate", [1, 7, 2_000_000, 2**31 - 1])
def test_rates_of_no_microphone(survives, rate):
    samples = np.random.default_rng(0).uniform(-0.3, 0.3, 29 if rate < 10 else 20_000)
    survives("a.wav", sound_file(samples, rate, "wav"))


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_files_without_a_frame(survives, kind):
    assert 200 not in survives(f"a.{kind}", sound_file(np.zeros(0), 16_000, kind))


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e38])
def test_numbers_that_are_no_sound(survives, value):
    survives("a.wav", sound_file(np.full(8000, value, "float32"), 16_000, "wav", "FLOAT"))
