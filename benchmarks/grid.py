"""A grid of small networks: cells a minute of kerasemo, and of the loop that people write in Keras.

    python benchmarks/grid.py [--cells 10] [--rounds 3]

A cell is the Audio CNN of goswami2018 on one random split of 480 clips (40 MFCCs; random numbers): 25 epochs with
batches of 32 and validation, predictions of all partitions, and the saved network. "kerasemo" is what an experiment
runs, which also writes the history and, after each epoch, the state from which an interrupted run goes on to the same
numbers. "Keras" is the same with `compile`, `fit`, `predict` and `save`. Each side is a warm process with one thread;
rounds alternate. The last line is `ratio NUMBER`, the median over the rounds of cells a minute, kerasemo / Keras.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from types import SimpleNamespace

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pandas as pd

from kerasemo.evaluation.protocols import Split, random_split

CLIPS, CLASSES, EPOCHS, BATCH, RATE = 480, 8, 25, 32, 1e-3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cells", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    spawn = get_context("spawn")
    print(f"cells a minute, one thread\n{'round':>5} {'kerasemo':>9} {'Keras':>7} {'ratio':>6} {'load':>5}")
    ratios = []
    with spawn.Pool(1) as ours, spawn.Pool(1) as theirs:
        sides = [(ours, with_kerasemo), (theirs, with_keras)]
        for number in range(arguments.rounds + 1):
            n_cells = arguments.cells if number else 1  # the first round only warms the processes
            mine, other = (60 * n_cells / pool.apply(seconds, (side, n_cells)) for pool, side in sides)
            if number:
                ratios.append(mine / other)
                load = os.getloadavg()[0]
                print(f"{number:>5} {mine:>9.1f} {other:>7.1f} {ratios[-1]:>6.2f} {load:>5.1f}", flush=True)
    print(f"ratio {statistics.median(ratios):.2f}")


def seconds(side: Callable[[Path, int], Callable[[int], None]], n_cells: int) -> float:
    """Return the seconds that one of the sides takes for some cells."""
    from kerasemo.training.grid import run_cells

    with tempfile.TemporaryDirectory() as folder:
        train = side(Path(folder), n_cells)
        began = time.perf_counter()
        run_cells(train, range(n_cells), 1, "")
        return time.perf_counter() - began


def with_kerasemo(folder: Path, n_cells: int) -> Callable[[int], None]:
    from kerasemo.experiment.cells import Training, cells_of, train_cell
    from kerasemo.models.crossmodal import audio_cnn
    from kerasemo.training.items import Items
    from kerasemo.training.run import Run

    def build(run, corpus, options, cell):
        import keras

        items = {
            side: Items.of_rows(rows, {"audio": mfcc}, table, {"emotion": "label"})
            for side, rows in cell.split.partitions().items()
        }
        return Training.of_tasks(audio_cnn(CLASSES), keras.optimizers.Adam(RATE), items, BATCH)

    mfcc, table = clips()
    run = Run.create(folder, "grid", {"notes": [], "classes": {"emotion": [str(k) for k in range(CLASSES)]}})
    cells = cells_of(run, ["audio_cnn"], table, splits(n_cells))
    options = SimpleNamespace(seed=0, devices=1, mixed_precision=None, tensorboard=False)
    train = partial(train_cell, build, EPOCHS, None, run.path, None, options)
    return lambda number: train(cells[number])


def with_keras(folder: Path, n_cells: int) -> Callable[[int], None]:
    import keras

    from kerasemo.models.crossmodal import audio_cnn

    mfcc, table = clips()
    labels = table["label"].to_numpy()
    drawn = splits(n_cells)

    def train(number: int) -> None:
        keras.utils.clear_session()
        keras.utils.set_random_seed(0)
        sides = {side: ({"audio": mfcc[rows]}, labels[rows]) for side, rows in drawn[number].partitions().items()}
        network = audio_cnn(CLASSES)
        network.get_layer("audio_standardised").adapt(sides["train"][0]["audio"])
        network.compile(keras.optimizers.Adam(RATE), "sparse_categorical_crossentropy", metrics=["accuracy"])
        network.fit(*sides["train"], BATCH, EPOCHS, verbose=0, validation_data=sides["validation"])
        for side, (x, _) in sides.items():
            pd.DataFrame(network.predict(x, verbose=0)["emotion"]).to_csv(folder / f"{number}.{side}.csv")
        network.save(folder / f"{number}.keras")

    return train


def clips() -> tuple[np.ndarray, pd.DataFrame]:
    """Return random MFCCs, which tell a little of the class, and the table of the clips."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, CLASSES, CLIPS)
    table = pd.DataFrame({"clip": np.arange(CLIPS).astype(str), "speaker": "one", "label": labels})
    return (rng.normal(size=(CLIPS, 40)) + 0.3 * labels[:, np.newaxis]).astype("float32"), table


def splits(n: int) -> list[Split]:
    """Return random splits."""
    return [random_split(CLIPS, 0.8, 0.1, seed, f"paper.fold{seed}") for seed in range(n)]


if __name__ == "__main__":
    main()
