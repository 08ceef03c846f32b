"""MFCCs of the RAVDESS speech wavs: a plain serial librosa loop against `FeatureStore`, cold and warm.

    python benchmarks/features.py [--root DIR] [--repeats 3]

One repeat goes through every wav three times, one after the other: librosa in a loop; the store, empty, with two
jobs; the same store again. A row is printed for each; the medians of the ratios to the loop of the same repeat stand at
the end, `ratio NUMBER` for the empty store in the last line.

What is warmed up: librosa, resampy and numba are loaded and compiled in this process before the first timing, so the
loop never pays for it. The store's workers are ended after each repeat, so each cold run pays for starting two
processes, for loading the libraries and compiling in both, and for reading, hashing and writing. The operating
system's file cache is warm for all three: every wav is read once before the first timing. The last column is the
machine's load average over the minute before: above about 2.5 on two cores, others ran too, and the row says little.
"""

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

import librosa
import numpy as np
import pandas as pd
from joblib.externals.loky import get_reusable_executor

from kerasemo.features import FeatureStore, Mfcc

JOBS = 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, default=Path(__file__).parents[2] / "shared" / "data" / "ravdess")
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    wavs = sorted(arguments.root.rglob("*.wav"))
    if not wavs:
        parser.error(f"{arguments.root} holds no wav; give the RAVDESS speech folder with --root")
    manifest = as_manifest(wavs, arguments.root)
    for wav in wavs:
        wav.read_bytes()
    serial(wavs[:1])
    ratios = {"cold": [], "warm": []}
    print(f"{len(wavs)} wavs, {JOBS} jobs; seconds")
    print(f"{'repeat':>6} {'serial':>8} {'cold':>8} {'warm':>8} {'serial/cold':>12} {'serial/warm':>12} {'load':>6}")
    for repeat in range(1, arguments.repeats + 1):
        seconds = one_repeat(wavs, manifest, arguments.root)
        for run, values in ratios.items():
            values.append(seconds["serial"] / seconds[run])
        print(
            f"{repeat:>6} {seconds['serial']:>8.2f} {seconds['cold']:>8.2f} {seconds['warm']:>8.3f} "
            f"{ratios['cold'][-1]:>12.2f} {ratios['warm'][-1]:>12.1f} {os.getloadavg()[0]:>6.1f}",
            flush=True,
        )
    print(f"serial / warm, median: {statistics.median(ratios['warm']):.1f}")
    print(f"ratio {statistics.median(ratios['cold']):.2f}")


def as_manifest(wavs: list[Path], root: Path) -> pd.DataFrame:
    files = [wav.relative_to(root).as_posix() for wav in wavs]
    return pd.DataFrame({"clip": files, "audio": files, "start_s": np.nan, "end_s": np.nan})


def serial(wavs: list[Path]) -> list[np.ndarray]:
    """What a script without the store does."""
    mfccs = []
    for wav in wavs:
        samples, rate = librosa.load(wav, sr=22050, res_type="kaiser_best")
        mfccs.append(librosa.feature.mfcc(y=samples, sr=rate, n_mfcc=40).T)
    return mfccs


def one_repeat(wavs: list[Path], manifest: pd.DataFrame, root: Path) -> dict[str, float]:
    """Seconds of each way through all files."""
    began = time.perf_counter()
    expected = serial(wavs)
    seconds = {"serial": time.perf_counter() - began}
    with tempfile.TemporaryDirectory() as folder:
        for run in ("cold", "warm"):
            began = time.perf_counter()
            features = FeatureStore(folder).extract(manifest, root, Mfcc(), jobs=JOBS).features
            seconds[run] = time.perf_counter() - began
            for clip, mfcc in zip(manifest["clip"], expected, strict=True):
                np.testing.assert_allclose(features[clip], mfcc, rtol=1e-3, atol=1e-3)
    get_reusable_executor().shutdown(wait=True)
    return seconds


if __name__ == "__main__":
    main()
