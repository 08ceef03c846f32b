"""Emotion over time of a long recording (`kerasemo predict --timeline`): speed of VGG-16 relative to real time.

    python benchmarks/timeline.py [--minutes 60] [--network vgg16]

The network is that of ryabinov2021 with random weights, which do not affect the speed, exported as a SavedModel. The
recording is a wav of noise, 44.1 kHz, stereo, 16 bits. A tenth of it is processed first, so that everything is traced
or cached, then all of it. The time includes everything that the command does after its start: reading, mixing,
resampling, windows of 3 s every 2 s, the network with one thread per core, table and picture. The last line is `ratio
NUMBER`, the length of the recording divided by the time; the aim was 20. The line before gives the same ratio for the
processor time divided by the number of cores, which does not depend on other processes. Memory is the peak of the
process: the difference between the whole recording and a tenth of it shows how much memory grows with the length.
"""

import argparse
import os
import resource
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import soundfile

from kerasemo.export import ServedModel, export
from kerasemo.features.network_input import NetworkInput
from kerasemo.features.waveform import Waveform
from kerasemo.timeline import timeline, write_timeline

RATE = 44_100
NETWORK_INPUT = NetworkInput(Waveform(), segment_length=48_000, segment_hop=24_000)
CLASSES = ["neu", "ang", "hap", "sad"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--network", choices=["alexnet", "vgg16"], default="vgg16")
    arguments = parser.parse_args()
    cores = len(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as folder:
        served = exported(arguments.network, Path(folder))
        print(f"{cores} cores\n{'minutes':>8} {'windows':>8} {'s':>7} {'core s':>7} {'peak MB':>8} {'load':>5}")
        for minutes in (arguments.minutes / 10, arguments.minutes):
            wav = write_noise(Path(folder, "noise.wav"), minutes)
            began, began_core = time.perf_counter(), time.process_time()
            table = timeline(served, wav)
            write_timeline(table, wav.name, Path(folder, "noise.csv"), Path(folder, "noise.png"))
            taken, core_s = time.perf_counter() - began, time.process_time() - began_core
            peak, load = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, os.getloadavg()[0]
            print(f"{minutes:>8.1f} {len(table):>8} {taken:>7.1f} {core_s:>7.1f} {peak:>8.0f} {load:>5.1f}", flush=True)
    print(f"by processor time: {60 * minutes * cores / core_s:.1f} times real time")
    print(f"ratio {60 * minutes / taken:.1f}")


def exported(name: str, folder: Path) -> ServedModel:
    """Export the network of ryabinov2021 with random weights, and load it as a user would."""
    from kerasemo.layers import LogMel
    from kerasemo.models import spectrogram_cnn
    from kerasemo.models.from_waveform import from_waveform

    network = getattr(spectrogram_cnn, name)({"emotion": len(CLASSES), "gender": 2}, (150, 80, 1))
    model = from_waveform(network, NETWORK_INPUT.segment_length, LogMel(window_s=0.04, hop_s=0.02, n_mels=80))
    model.save(folder / "model.keras")
    description = {"inputs": {"waveform": NETWORK_INPUT.get_config()}, "decision": "emotion", "classes": CLASSES}
    export(folder / "model.keras", description, folder / "saved_model")
    return ServedModel(folder / "saved_model")


def write_noise(path: Path, minutes: float) -> Path:
    generator = np.random.default_rng(0)
    with soundfile.SoundFile(path, "w", RATE, 2) as file:
        for _ in range(round(60 * minutes)):
            file.write(0.1 * generator.standard_normal((RATE, 2)))
    return path


if __name__ == "__main__":
    main()
