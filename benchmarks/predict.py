"""`kerasemo predict` with the Audio CNN on wavs of three seconds: seconds until the end, and files a second.

    python benchmarks/predict.py [--files 200] [--rounds 3]

The other side is the script that people write: TensorFlow and librosa are imported, the SavedModel is loaded, and one
file after the other is read, resampled as in the paper (`kaiser_best`), described by MFCCs and classified. Both are
processes of their own, in alternating order, with 3 files and with as many more as `--files` says; the files a second
are those of the difference. The wavs are noise at 48 kHz, and the network has random weights, which do not affect the
speed. The last line is `ratio NUMBER`, the median over the rounds of script / command with 3 files.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import soundfile
from tools.exported import exported

FEW = 3
RATE, SECONDS = 48_000, 3
SCRIPT = """
import sys
import librosa
import numpy as np
import tensorflow as tf

model = tf.saved_model.load(sys.argv[1])
for path in sys.argv[2:]:
    samples, _ = librosa.load(path, sr=22_050, res_type="kaiser_best")
    mfcc = librosa.feature.mfcc(y=samples, sr=22_050, n_mfcc=40).mean(axis=1)
    print(path, model.serve({"audio": mfcc[np.newaxis].astype("float32")})["emotion"].numpy())
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        model, files = exported(Path(folder)), recordings(Path(folder), FEW + arguments.files)
        sides = {"script": ["-c", SCRIPT], "kerasemo": ["-m", "kerasemo", "predict"]}
        print(f"{'round':>5} {'':>9} {FEW:>3} files, s {'files a second':>15} {'load':>5}")
        few = {name: [] for name in sides}
        for number in range(1, arguments.rounds + 1):
            for name in sorted(sides, reverse=bool(number % 2)):
                seconds = [run([*sides[name], str(model), *files[:n]]) for n in (FEW, len(files))]
                few[name].append(seconds[0])
                rate = arguments.files / (seconds[1] - seconds[0])
                print(f"{number:>5} {name:>9} {seconds[0]:>12.2f} {rate:>15.1f} {os.getloadavg()[0]:>5.1f}", flush=True)
    print(f"ratio {statistics.median(a / b for a, b in zip(few['script'], few['kerasemo'], strict=True)):.2f}")


def run(arguments: list[str]) -> float:
    """Run Python with some arguments, and return the seconds until its end."""
    began = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
    return time.perf_counter() - began


def recordings(folder: Path, n: int) -> list[str]:
    """Write wavs of noise, and return their paths."""
    paths = [folder / f"{number}.wav" for number in range(n)]
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, RATE * SECONDS)
    soundfile.write(paths[0], noise, RATE, "PCM_16")
    for path in paths[1:]:
        shutil.copy(paths[0], path)
    return [str(path) for path in paths]


if __name__ == "__main__":
    main()
