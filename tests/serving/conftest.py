"""Three small SavedModels, recordings, and the real server in a process."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import keras
import numpy as np
import pytest
import soundfile

from kerasemo.export import PREPROCESSING
from kerasemo.export.formats import SavedModel
from kerasemo.features import Frames, Mfcc, Waveform
from kerasemo.features.network_input import NetworkInput
from kerasemo.layers import LogMel
from kerasemo.models import crossmodal
from kerasemo.reporting.model_card import HELD_OUT, model_card
from kerasemo.training.run import MODEL_CARD

CLASSES = ["calm", "happy", "sad"]
RATE = 16_000
SCORE = {"row": "small", "metric": "test UAR", "measured": 0.512, "low": 0.4, "high": 0.6, "n": 48}
CARD = model_card(
    "small",
    {"Corpus": "noise <b>and</b> tones"},
    {"emotion": CLASSES},
    [{**SCORE, "protocol": "paper"}, {**SCORE, "measured": 0.345, "low": 0.3, "protocol": "speaker"}],
    {"paper": "random split", "speaker": HELD_OUT},
    [],
)


class Server:
    """A running server.

    Attributes:
        process: its process.
        address: where it is.
        temporary: its folder for temporary files.
    """

    def __init__(self, process: subprocess.Popen, address: str, temporary: Path):
        self.process, self.address, self.temporary = process, address, temporary

    def left_over(self) -> list[Path]:
        """Return the files of uploads, in the folders of the processes that decode."""
        return list(self.temporary.glob("kerasemo-serve-*/*"))

    def processes(self) -> list[int]:
        """Return the numbers of the processes that decode."""
        pid = self.process.pid
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def client(self, **options) -> httpx.Client:
        return httpx.Client(base_url=self.address, timeout=60, **options)

    def post(self, path: str, file: Path | tuple, client: httpx.Client | None = None, **fields) -> httpx.Response:
        """Send a file, or a name and its content."""
        name_and_content = (file.name, file.read_bytes()) if isinstance(file, Path) else file
        return (client or self.client()).post(f"/v1/{path}", files={"file": name_and_content}, data=fields)


@contextmanager
def running(*arguments: object) -> Iterator[Server]:
    """Run `kerasemo serve` with a port that is free."""
    command = [sys.executable, "-m", "kerasemo", "serve", *map(str, arguments), "--port", "0"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with (
        tempfile.TemporaryDirectory() as temporary,
        subprocess.Popen(command, env={**os.environ, "TMPDIR": temporary}, **pipes) as process,
    ):
        address = process.stdout.readline().strip()
        assert address.startswith("http://"), process.stderr.read()
        try:
            yield Server(process, address, Path(temporary))
        finally:
            process.terminate()
            process.communicate()


def _on_segments() -> tuple[keras.Model, NetworkInput]:
    """A network whose answer depends on the pitch: low tones are sad, high tones are happy."""
    sound = keras.Input((RATE,), name="waveform")
    bands = keras.layers.GlobalAveragePooling1D()(keras.ops.squeeze(LogMel(n_mels=16)(sound), -1))
    decision = keras.layers.Dense(3, "softmax", name="emotion")
    network = keras.Model({"waveform": sound}, {"emotion": decision(bands)}, name="segments")
    slope = np.linspace(-0.03, 0.03, 16)[:, np.newaxis]
    decision.set_weights([slope * [[0, 1, -1]], np.zeros(3)])
    return network, NetworkInput(Waveform(sampling_rate=RATE), segment_length=RATE, segment_hop=RATE // 2)


@pytest.fixture(scope="session")
def saved_models(tmp_path_factory) -> dict[str, Path]:
    """Name -> folder: `clips` reads MFCCs of whole clips, `segments` follows the pitch, `pictures` needs video."""
    keras.utils.set_random_seed(1)
    folder = tmp_path_factory.mktemp("saved_models")
    networks = {
        "clips": (crossmodal.audio_cnn(3), NetworkInput(Mfcc(resampler="soxr_hq"))),
        "segments": _on_segments(),
        "pictures": (crossmodal.image_cnn(3, image_shape=(16, 32, 3)), NetworkInput(Frames(height=16, width=16))),
    }

    for name, (network, network_input) in networks.items():
        (input_name,) = network.input
        SavedModel().write(network, folder / name)
        inputs = {input_name: network_input.get_config()}
        description = {"model": name, "inputs": inputs, "decision": "emotion", "classes": CLASSES}
        (folder / name / PREPROCESSING).parent.mkdir()
        (folder / name / PREPROCESSING).write_text(json.dumps(description))
        (folder / name / PREPROCESSING.parent / MODEL_CARD).write_text(CARD)
    return {name: folder / name for name in networks}


@pytest.fixture(scope="session")
def tones(tmp_path_factory) -> Path:
    """Two seconds each of a low tone, of silence and of a high tone; 44.1 kHz stereo."""
    rate = 44_100
    times = np.arange(6 * rate) / rate
    sound = 0.3 * np.sin(2 * np.pi * np.where(times < 2, 120, 4000) * times)
    sound[2 * rate : 4 * rate] = 0
    path = tmp_path_factory.mktemp("recordings") / "tones.wav"
    soundfile.write(path, np.stack([sound, sound], axis=1), rate)
    return path


@pytest.fixture(scope="session")
def server(saved_models) -> Iterator[Server]:
    """A server with small limits and all three models."""
    limits = ("--max-size", 2, "--max-length", 30, "--max-memory", 512, "--jobs", 1, "--max-time", 20)
    with running(*saved_models.values(), *limits) as started:
        yield started
