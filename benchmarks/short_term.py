"""The 68 short-term features of real speech: pyAudioAnalysis 0.3.14 against `kerasemo.features.short_term`, one thread.

    python benchmarks/short_term.py [--root DIR] [--clips 60] [--repeats 5]

Both process the same arrays: RAVDESS wavs at 16 kHz, or synthetic voices if there are no wavs. Reading and resampling
are not included. A repeat runs both on all clips, in alternating order; everything is loaded or cached before the first
timing. The largest relative difference is over all features of all frames; for values below 0.001 it is relative to
0.001. The last line is `ratio NUMBER`, the median over the repeats of pyAudioAnalysis ("theirs") / kerasemo ("ours").
The load is the average of the machine over the last minute: if it is above about 2.5 on two cores, other processes were
running.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soxr
from threadpoolctl import threadpool_limits

from kerasemo.corpora.synthetic import voice
from kerasemo.features.media import read_audio
from kerasemo.features.short_term import short_term

RATE, WINDOW, HOP = 16_000, 800, 400


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, default=Path(__file__).parents[2] / "shared" / "data" / "ravdess")
    parser.add_argument("--clips", type=int, default=60)
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    try:
        from pyAudioAnalysis.ShortTermFeatures import feature_extraction
    except ImportError:
        raise SystemExit("pyAudioAnalysis is not installed; run: pip install pyAudioAnalysis==0.3.14 tqdm") from None

    clips = speech(arguments.root, arguments.clips)
    integers = [2.0**15 * clip for clip in clips]
    ways = {
        "theirs": lambda: [feature_extraction(clip, RATE, WINDOW, HOP)[0].T for clip in integers],
        "ours": lambda: [short_term(clip, RATE, WINDOW, HOP) for clip in clips],
    }
    with threadpool_limits(1):
        expected, got = (np.concatenate(way()) for way in ways.values())
        difference = np.max(np.abs(got - expected) / np.maximum(np.abs(expected), 1e-3))
        print(f"{len(expected)} frames; largest relative difference {difference:.1e}; ms per clip:")
        print(f"{'repeat':>6} {'theirs':>8} {'ours':>8} {'ratio':>6} {'load':>5}")
        ratios = [one_repeat(repeat, ways, len(clips)) for repeat in range(1, arguments.repeats + 1)]
    print(f"ratio {statistics.median(ratios):.1f}")


def speech(root: Path, n: int) -> list[np.ndarray]:
    """Return clips from wavs below a folder, or synthetic ones if there are none, at `RATE`, float64."""
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
    return [soxr.resample(samples, rate, RATE).astype(np.float64) for samples, rate in recordings]


def one_repeat(repeat: int, ways: dict[str, Callable], n: int) -> float:
    taken = {}
    for name in sorted(ways, reverse=bool(repeat % 2)):
        began = time.perf_counter()
        ways[name]()
        taken[name] = 1000 * (time.perf_counter() - began) / n
    ratio = taken["theirs"] / taken["ours"]
    load = os.getloadavg()[0]
    print(f"{repeat:>6} {taken['theirs']:>8.2f} {taken['ours']:>8.2f} {ratio:>6.1f} {load:>5.1f}", flush=True)
    return ratio


if __name__ == "__main__":
    main()
