"""Log-mel spectrograms of real speech: librosa against `kerasemo.layers.LogMel` in a graph, one thread.

    python benchmarks/log_mel.py [--root DIR] [--clips 64] [--repeats 9]

Both process the same arrays: three seconds of RAVDESS wavs at 16 kHz, or of synthetic voices if there are no wavs.
librosa processes single clips with `melspectrogram(center=False, htk=True, norm=None)` and `power_to_db`, as is usual;
LogMel ("ours") processes batches of 8. Reading and resampling are not included. A repeat runs all methods on all clips,
in alternating order; everything is traced or cached before the first timing. Times are processor times, which do not
depend on other processes on the same core. The last line is `ratio NUMBER`, the median over the repeats of librosa /
ours, in float32. The load is the average of the machine over the last minute.

Before the times, differences in dB are printed: to librosa with the same filters in float64, where both must be equal;
in float32, which has rounding errors in bands far below the loudest band of their frame; and between these filters and
those of librosa, which have a different definition (see `LogMel`).
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import librosa
import numpy as np
import soxr
import tensorflow as tf
from threadpoolctl import threadpool_limits

from kerasemo.corpora.synthetic import voice
from kerasemo.features.media import read_audio
from kerasemo.layers import LogMel
from kerasemo.training.reproducible import one_thread

RATE, SECONDS, BATCH = 16_000, 3, 8
WINDOW, HOP, TOP_DB = 400, 160, 80.0
MELS = {"n_mels": 64, "fmin": 125.0, "fmax": 7500.0}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, default=Path(__file__).parents[2] / "shared" / "data" / "ravdess")
    parser.add_argument("--clips", type=int, default=64)
    parser.add_argument("--repeats", type=int, default=9)
    arguments = parser.parse_args()
    one_thread()
    with threadpool_limits(1):
        clips = speech(arguments.root, arguments.clips)
        ours, exact = in_graph("float32"), in_graph("float64")
        print_differences(clips, ours, exact)
        ways = {
            "librosa": lambda: [by_librosa(clip) for clip in clips],
            "ours": lambda: batches(ours, clips),
            "float64": lambda: batches(exact, clips),
        }
        print(
            f"processor ms per clip\n{'repeat':>6} {'librosa':>8} {'ours':>6} {'float64':>8} {'ratio':>6} {'load':>5}"
        )
        rows = [one_repeat(repeat, ways, len(clips)) for repeat in range(1, arguments.repeats + 1)]
    print(f"librosa / float64: {statistics.median(row['librosa'] / row['float64'] for row in rows):.2f}")
    print(f"ratio {statistics.median(row['librosa'] / row['ours'] for row in rows):.2f}")


def speech(root: Path, n: int) -> np.ndarray:
    """Return clips from wavs below a folder, or synthetic ones if there are none, `clips x samples`, at `RATE`."""
    if wavs := sorted(root.rglob("*.wav")):
        print(f"{n} of the {len(wavs)} wavs in {root}")
        recordings = [read_audio(wavs[i * len(wavs) // n]) for i in range(n)]
    else:
        print(f"{n} synthetic voices, because there is no wav in {root}")
        generators = [np.random.default_rng(i) for i in range(n)]
        recordings = [
            (voice.speak(None, 1, voice.draw_speaker("female", rng), "aIeou", rng), voice.SAMPLING_RATE)
            for rng in generators
        ]
    resampled = [soxr.resample(samples, rate, RATE)[: SECONDS * RATE] for samples, rate in recordings]
    return np.stack([np.pad(samples, (0, SECONDS * RATE - len(samples))) for samples in resampled])


def in_graph(dtype: str) -> Callable:
    layer = LogMel(RATE, WINDOW / RATE, HOP / RATE, *MELS.values(), TOP_DB, dtype=dtype)
    return tf.function(layer, input_signature=[tf.TensorSpec((None, None))])


def batches(log_mel: Callable, clips: np.ndarray) -> np.ndarray:
    """Compute spectrograms in batches, `clips x frames x mels`."""
    parts = [log_mel(clips[start : start + BATCH]).numpy() for start in range(0, len(clips), BATCH)]
    return np.concatenate(parts)[..., 0]


def by_librosa(clip: np.ndarray, filters: np.ndarray | None = None) -> np.ndarray:
    """Compute a spectrogram, `frames x mels`; with the given filters, `bins x mels`, in float64."""
    padded = np.pad(clip, (0, WINDOW))
    transform = {"n_fft": WINDOW, "hop_length": HOP, "center": False}
    if filters is None:
        powers = librosa.feature.melspectrogram(y=padded, sr=RATE, **transform, **MELS, htk=True, norm=None)
    else:
        powers = filters.T @ np.abs(librosa.stft(padded.astype(float), **transform)) ** 2
    return librosa.power_to_db(powers[:, : -(-len(clip) // HOP)], top_db=TOP_DB).T


def print_differences(clips: np.ndarray, ours: Callable, exact: Callable) -> None:
    n_mels, f_min, f_max = MELS.values()
    filters = tf.signal.linear_to_mel_weight_matrix(n_mels, 1 + WINDOW // 2, RATE, f_min, f_max, tf.float64).numpy()
    expected = np.stack([by_librosa(clip, filters) for clip in clips])
    single = np.abs(batches(ours, clips) - expected)
    filter_differences = np.abs(np.stack([by_librosa(clip) for clip in clips]) - expected)
    print(f"difference to librosa, dB, float64: largest {np.abs(batches(exact, clips) - expected).max():.1e}")
    print(
        f"float32: {100 * np.mean(single <= 1e-4):.2f} % of {single.size} values within 1e-4, "
        f"largest {single.max():.1e}; librosa's filters: median {np.median(filter_differences):.1e}, "
        f"largest {filter_differences.max():.1e}"
    )


def one_repeat(repeat: int, ways: dict[str, Callable], n: int) -> dict[str, float]:
    """Return the milliseconds per clip of each method."""
    taken = {}
    for name in sorted(ways, reverse=bool(repeat % 2)):
        began = time.process_time()
        ways[name]()
        taken[name] = 1000 * (time.process_time() - began) / n
    print(
        f"{repeat:>6} {taken['librosa']:>8.2f} {taken['ours']:>6.2f} {taken['float64']:>8.2f} "
        f"{taken['librosa'] / taken['ours']:>6.2f} {os.getloadavg()[0]:>5.1f}",
        flush=True,
    )
    return taken


if __name__ == "__main__":
    main()
