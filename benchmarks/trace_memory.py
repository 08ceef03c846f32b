"""Memory of atmaja2020 with its largest pair of feature sets at full size, from cached memory maps.

    python benchmarks/trace_memory.py [--folder DIR] [--train]

The recordings are as many and as long as in AVEC 2019 CES (68 of Train and 28 of Devel, 974 to 1768 frames), the sets
are as wide as VGG (4096) and ResNet (2048); their values are random. They are written to a temporary folder (3.3 GB) as
`training.trace_features` caches them. Each row is the peak memory of a process of its own, without the pages of mapped
files, which the system can drop: both sets as float64 arrays, as they were held when files were parsed in each run; and
items from the maps, with the standardisation and the first batch of 34. With --train, one more row is one epoch of
training the network of the paper, with validation and predictions, which takes minutes. The last line is the ratio of
the first two rows.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
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
    parser.add_argument("--train", action="store_true", help="Measure an epoch of training, too.")
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        name, folder = arguments.measure
        print(peak_gb(PARTS[name], Path(folder)))
        return
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        write(Path(folder))
        peaks = {name: measured(name, folder) for name in list(PARTS)[: 2 + arguments.train]}
    for name, peak in peaks.items():
        print(f"{name}: {peak:.1f} GB")
    print(f"ratio {peaks['float64'] / peaks['maps']:.2f}")


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


def from_maps(folder: Path) -> None:
    """Make items, adapt the network to them, and read a batch."""
    from kerasemo.training.fit import adapt

    model, items = prepared(folder)
    adapt(model, items["train"].inputs, items["train"].mask)
    next(iter(items["train"].epochs(BATCH_SIZE, seed=0)))


def training(folder: Path) -> None:
    """Train the network of the paper for one epoch, and predict the recordings of Devel."""
    from kerasemo.training.fit import fit
    from kerasemo.training.sequences import predict

    model, items = prepared(folder)
    state = folder / "state.npz"
    fit(model, items["train"], items["validation"], epochs=1, batch_size=BATCH_SIZE, seed=0, checkpoint=state)
    predict(model, items["validation"])


def prepared(folder: Path) -> tuple:
    """Return the compiled network of the paper, and the items of each side."""
    import keras

    from kerasemo.experiment.cells import Training, joint_model
    from kerasemo.losses import CCCLoss
    from kerasemo.metrics import CCC
    from kerasemo.models.lstm_regressor import lstm_regressor
    from kerasemo.training.sequences import sequence_items

    features = read(folder)
    generator = np.random.default_rng(0)
    items = {}
    for side in RECORDINGS:
        lengths = {name: len(array) for name, array in features["vgg"].items() if name.startswith(side)}
        traces = {name: 0.1 * generator.standard_normal((length, len(TARGETS))) for name, length in lengths.items()}
        items[side] = sequence_items(features, traces)
    network, optimizer = lstm_regressor(WIDTHS), keras.optimizers.RMSprop(5e-4)
    metrics = {target: [CCC()] for target in TARGETS}
    training = Training(network, dict.fromkeys(TARGETS, CCCLoss()), optimizer, items, BATCH_SIZE, metrics=metrics)
    return joint_model(training, "lstm_regressor"), items


def peak_gb(part: Callable[[Path], None], folder: Path) -> float:
    """Run a part and return the peak memory of this process without mapped files, GB; it is looked at every 20 ms."""
    peaks, done = [0], threading.Event()

    def watch() -> None:
        while not done.wait(0.02):
            status = Path("/proc/self/status").read_text().splitlines()
            peaks[0] = max(peaks[0], next(int(line.split()[1]) for line in status if line.startswith("RssAnon")))

    watcher = threading.Thread(target=watch)
    watcher.start()
    part(folder)
    done.set()
    watcher.join()
    return peaks[0] / 2**20


PARTS = {"float64": as_float64, "maps": from_maps, "training": training}

if __name__ == "__main__":
    main()
