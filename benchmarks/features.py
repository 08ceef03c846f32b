"""MFCCs of the RAVDESS speech wavs: a plain serial librosa loop against `FeatureStore`, cold and warm.

    python benchmarks/features.py [--root DIR] [--repeats 3]

One repeat processes all wavs three times: with librosa in a loop; with an empty store and two jobs; with the same store
again. A row is printed for each repeat, and at the end the medians of the ratios to the loop of the same repeat; the
last line is `ratio NUMBER` for the empty store.

librosa, resampy and numba are loaded and compiled in this process before the first timing, so this time is not included
for the loop. The store's workers are ended after each repeat, so each cold run includes starting two processes, loading
and compiling the libraries in both, and reading, hashing and writing files. Every wav is read once before the first
timing, so the file cache of the operating system is warm in all cases. The last column is the load average of the
machine over the last minute: if it is above about 2.5 on two cores, other processes were running, and the row is
unreliable.
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
        parser.error(f"{arguments.root} contains no wav; give the RAVDESS speech folder with --root")
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
    """Compute the features as a script without the store would."""
    mfccs = []
    for wav in wavs:
        samples, rate = librosa.load(wav, sr=22050, res_type="kaiser_best")
        mfccs.append(librosa.feature.mfcc(y=samples, sr=rate, n_mfcc=40).T)
    return mfccs


def one_repeat(wavs: list[Path], manifest: pd.DataFrame, root: Path) -> dict[str, float]:
    """Return the seconds of each method for all files."""
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
