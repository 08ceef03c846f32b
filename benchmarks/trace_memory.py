"""Peak memory of atmaja2020 with its largest pair of feature sets at full size, from cached memory maps.

    python benchmarks/trace_memory.py [--folder DIR]

The recordings are as many and as long as in AVEC 2019 CES (68 of Train and 28 of Devel, 974 to 1768 frames), the sets
are as wide as VGG (4096) and ResNet (2048); their values are random. They are written to a temporary folder (3.3 GB) as
`training.trace_features` caches them. Each row is the peak memory of a process of its own, which counts the pages of
mapped files, too: reading both sets as float64 arrays, which holds them as they were parsed before they were cached;
and one epoch of training the network of the paper on them, with validation and predictions. The last line is the ratio
of the two peaks, float64 / training; above 1, the whole training needs less than only holding the parsed features.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from kerasemo.corpora.avec2019 import PADDED_FRAMES, TARGETS

WIDTHS = {"vgg": 4096, "resnet": 2048}
RECORDINGS = {"train": 68, "validation": 28}
SHORTEST = 974
BATCH_SIZE = 34


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, help="Where the temporary folder is created.")
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        name, folder = arguments.measure
        {"float64": as_float64, "training": training}[name](Path(folder))
        print(peak_gb())
        return
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        write(Path(folder))
        peaks = {name: measured(name, folder) for name in ("float64", "training")}
    print(f"both sets as float64 arrays: {peaks['float64']:.1f} GB")
    print(f"one epoch of training, validation and predictions: {peaks['training']:.1f} GB")
    print(f"ratio {peaks['float64'] / peaks['training']:.2f}")


def measured(name: str, folder: str) -> float:
    """Return the peak memory of a part in a new process, GB."""
    command = [sys.executable, __file__, "--measure", name, folder]
    return float(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.split()[-1])


def write(folder: Path) -> None:
    """Write random features of all recordings, float32, one file per recording and set."""
    generator = np.random.default_rng(0)
    for name, width in WIDTHS.items():
        (folder / name).mkdir()
        for side, count in RECORDINGS.items():
            lengths = np.random.default_rng(count).integers(SHORTEST, PADDED_FRAMES, count, endpoint=True)
            for number, length in enumerate(lengths):
                array = generator.standard_normal((length, width), np.float32)
                np.save(folder / name / f"{side}_{number:02d}.npy", array)


def read(folder: Path) -> dict[str, dict[str, np.ndarray]]:
    """Return the memory maps: set -> recording -> `frames x features`."""
    return {
        name: {path.stem: np.load(path, mmap_mode="r") for path in sorted((folder / name).glob("*.npy"))}
        for name in WIDTHS
    }


def as_float64(folder: Path) -> None:
    """Hold both sets as float64 arrays."""
    held = [array.astype(np.float64) for recordings in read(folder).values() for array in recordings.values()]
    assert len(held) == len(WIDTHS) * sum(RECORDINGS.values())


def training(folder: Path) -> None:
    """Train the network of the paper for one epoch, and predict the recordings of Devel."""
    import keras

    from kerasemo.experiment.cells import Training, joint_model
    from kerasemo.losses import CCCLoss
    from kerasemo.metrics import CCC
    from kerasemo.models.lstm_regressor import lstm_regressor
    from kerasemo.training.fit import fit
    from kerasemo.training.sequences import predict, sequence_items

    features = read(folder)
    generator = np.random.default_rng(0)
    items = {}
    for side in RECORDINGS:
        lengths = {name: len(array) for name, array in features["vgg"].items() if name.startswith(side)}
        traces = {name: 0.1 * generator.standard_normal((length, len(TARGETS))) for name, length in lengths.items()}
        items[side] = sequence_items(features, traces)
    model = joint_model(
        Training(
            lstm_regressor(WIDTHS),
            dict.fromkeys(TARGETS, CCCLoss()),
            keras.optimizers.RMSprop(5e-4),
            items,
            BATCH_SIZE,
            metrics={target: [CCC()] for target in TARGETS},
        ),
        "lstm_regressor",
    )
    state = folder / "state.npz"
    fit(model, items["train"], items["validation"], epochs=1, batch_size=BATCH_SIZE, seed=0, checkpoint=state)
    predict(model, items["validation"])


def peak_gb() -> float:
    """Return the peak memory of this process, GB."""
    status = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 2**20


if __name__ == "__main__":
    main()
