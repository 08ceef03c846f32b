"""The 68 short-term features of real speech: pyAudioAnalysis 0.3.14 against `kerasemo.features.short_term`, one thread.

    python benchmarks/short_term.py [--root DIR] [--clips 60] [--repeats 5]

Both get the same arrays: RAVDESS wavs at 16 kHz, or, where there are none, as many synthetic voices. Reading and
resampling are not counted. A repeat runs one after the other over all clips, in the other order each time; all
that is loaded or cached is so before the first timing. The largest relative difference is that of all features of all
frames; below 0.001 it is that to 0.001. The last line is `ratio NUMBER`, the median over the repeats of pyAudioAnalysis
/ ours. The load is the machine's average over the minute before: above about 2.5 on two cores, others ran too.
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
        print(f"{len(expected)} frames; largest relative difference {difference:.1e}; ms a clip:")
        print(f"{'repeat':>6} {'theirs':>8} {'ours':>8} {'ratio':>6} {'load':>5}")
        ratios = [one_repeat(repeat, ways, len(clips)) for repeat in range(1, arguments.repeats + 1)]
    print(f"ratio {statistics.median(ratios):.1f}")


def speech(root: Path, n: int) -> list[np.ndarray]:
    """Clips at `RATE`, float64, spread over the wavs below a folder; synthetic ones where it holds none."""
    if wavs := sorted(root.rglob("*.wav")):
        print(f"{n} of the {len(wavs)} wavs in {root}")
        recordings = [read_audio(wavs[i * len(wavs) // n]) for i in range(n)]
    else:
        print(f"{n} synthetic voices, for there is no wav in {root}")
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
