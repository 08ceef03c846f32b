"""The LSTM regressor of atmaja2020: a grid of models, compared with plain Keras and PyTorch.

    python benchmarks/lstm.py [--epochs 4] [--rounds 3]

One epoch is two batches of 34 sequences, 400 steps of 88 features; LSTM 256, 128, 64, three heads, CCC loss, RMSprop.
Keras and PyTorch train one model at a time with all threads; PyTorch also trains several models in parallel, each with
a part of the threads. The grid (`run_cells`) trains models in parallel with one thread each, so that its results do not
depend on the number of processes. Each round prints a row with the seconds of an epoch per trained model, the median
over the epochs of the round, and the load average of the machine over the last minute: if it is above about 2.5 on two
cores, other processes were running, and the row is unreliable. Each library runs in separate processes, because
PyTorch's Triton and TensorFlow crash in the same process.

Starting processes, loading libraries, tracing, and the first epoch of each model are not included. The last line is the
median over rounds of the time of the faster PyTorch variant divided by that of the grid: above 1, the grid is faster.
"""

import argparse
import importlib.util
import itertools
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from kerasemo.corpora.avec2019 import TARGETS
from kerasemo.quiet import import_tensorflow
from kerasemo.training.grid import run_cells

BATCH, STEPS, WIDTH, BATCHES = 34, 400, 88, 2
UNITS, DROPOUT, RATE = (256, 128, 64), 0.4, 5e-4
JOBS = 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=4, help="epochs of a model in each round, 2 or more")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    ways = {
        "keras": partial(in_processes, keras_seconds, 1),
        "pytorch": partial(in_processes, pytorch_seconds, 1),
        "pytorch in parallel": partial(in_processes, pytorch_seconds, JOBS),
        "grid": grid_seconds,
    }
    if importlib.util.find_spec("torch") is None:
        print("PyTorch is not installed (pip install kerasemo[bench]), so there is no ratio.")
        ways = {way: measure for way, measure in ways.items() if not way.startswith("pytorch")}
    print(f"seconds of an epoch per trained model, {os.cpu_count()} cores, {JOBS} jobs in the grid")
    print(f"{'round':>6}" + "".join(f"  {way}" for way in ways) + "  load")
    ratios = []
    for number in range(1, arguments.rounds + 1):
        seconds = {way: statistics.median(measure(arguments.epochs)) for way, measure in ways.items()}
        values = "".join(f"  {value:>{len(way)}.2f}" for way, value in seconds.items())
        print(f"{number:>6}{values}  {os.getloadavg()[0]:>4.1f}", flush=True)
        pytorch = [value for way, value in seconds.items() if way.startswith("pytorch")]
        if pytorch:
            ratios.append(min(pytorch) / seconds["grid"])
    if ratios:
        print(f"ratio {statistics.median(ratios):.2f}")


def in_processes(measure: Callable[[int, int], list[float]], jobs: int, epochs: int) -> list[float]:
    """Run a measurement in separate parallel processes; return the seconds per model."""
    threads = os.cpu_count() // jobs
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        models = pool.map(measure, [epochs] * jobs, [threads] * jobs)
        return [seconds / jobs for epochs_of_model in models for seconds in epochs_of_model]


def data() -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    n = BATCH * BATCHES
    features = generator.normal(size=(n, STEPS, WIDTH)).astype("float32")
    return features, generator.normal(0, 0.135, (n, STEPS, len(TARGETS))).astype("float32")


def keras_seconds(epochs: int, threads: int) -> list[float]:
    """Train a plain Keras model on the sum of three losses, as a user would write it; return the seconds of epochs."""
    import_tensorflow().config.threading.set_intra_op_parallelism_threads(threads)
    import keras

    class Clock(keras.callbacks.Callback):
        def __init__(self):
            super().__init__()
            self.ends = []

        def on_epoch_end(self, epoch, logs=None):
            self.ends.append(time.perf_counter())

    def one_minus_ccc(x, y):
        ops = keras.ops
        covariance = ops.mean((x - ops.mean(x)) * (y - ops.mean(y)))
        return 1 - 2 * covariance / (ops.var(x) + ops.var(y) + (ops.mean(x) - ops.mean(y)) ** 2)

    def loss(y_true, y_pred):
        return sum(one_minus_ccc(y_true[..., k], y_pred[..., k]) for k in range(len(TARGETS)))

    stack = [[keras.layers.LSTM(n, return_sequences=True), keras.layers.Dropout(DROPOUT)] for n in UNITS]
    model = keras.Sequential([keras.Input((None, WIDTH)), *itertools.chain(*stack), keras.layers.Dense(len(TARGETS))])
    model.compile(keras.optimizers.RMSprop(RATE), loss=loss)
    clock = Clock()
    model.fit(*data(), batch_size=BATCH, epochs=epochs, callbacks=[clock], verbose=0)
    return np.diff(clock.ends).tolist()


def pytorch_seconds(epochs: int, threads: int) -> list[float]:
    """Train the same network in PyTorch; return the seconds of epochs."""
    import torch
    from peers import pytorch

    torch.set_num_threads(threads)

    model = pytorch.Regressor(WIDTH)
    optimizer = torch.optim.RMSprop(model.parameters(), lr=RATE)
    features, labels = map(torch.from_numpy, data())
    ends = []
    for _ in range(epochs):
        for batch in torch.randperm(len(features)).split(BATCH):
            optimizer.zero_grad()
            outputs = model({"features": features[batch]})
            sum(pytorch.ccc_loss(outputs[name], labels[batch][..., [k]]) for k, name in enumerate(TARGETS)).backward()
            optimizer.step()
        ends.append(time.perf_counter())
    return np.diff(ends).tolist()


def grid_seconds(epochs: int) -> list[float]:
    """Train one model per process in parallel; return the seconds per model."""
    with tempfile.TemporaryDirectory() as folder:
        run_cells(partial(train_cell, Path(folder), epochs), list(range(JOBS)), JOBS, "Training")
        ends = [json.loads((Path(folder) / f"{cell}.json").read_text()) for cell in range(JOBS)]
    return [seconds / JOBS for model_ends in ends for seconds in np.diff(model_ends)]


def train_cell(folder: Path, epochs: int, cell: int) -> None:
    """Train one model with `training.fit`, and write the times of the ends of its epochs to a file."""
    import keras
    import pandas as pd

    from kerasemo.losses import CCCLoss
    from kerasemo.metrics import CCC
    from kerasemo.models.lstm_regressor import lstm_regressor
    from kerasemo.training.fit import fit
    from kerasemo.training.items import Items
    from kerasemo.training.joint_model import JointModel
    from kerasemo.weighting import Static

    ends = []

    def record_end(epoch: int, logs: dict) -> None:
        if epoch == 0:  # all processes start their second epoch at the same time
            (folder / f"{cell}.ready").touch()
            while len(list(folder.glob("*.ready"))) < JOBS:
                time.sleep(0.01)
        ends.append(time.perf_counter())

    class Clocked(JointModel):
        def fit(self, *args, callbacks=(), **kwargs):
            clock = keras.callbacks.LambdaCallback(on_epoch_end=record_end)
            return super().fit(*args, callbacks=[*callbacks, clock], **kwargs)

    features, labels = data()
    n = len(features)
    network = lstm_regressor({"features": WIDTH})
    losses = {target: CCCLoss() for target in TARGETS}
    weighting = Static(dict.fromkeys(TARGETS, 1.0))
    model = Clocked(network.input, network.output, losses=losses, weighting=weighting)
    model.compile(keras.optimizers.RMSprop(RATE), weighted_metrics={target: [CCC()] for target in TARGETS})
    targets = {target: labels[:, :, [k]] for k, target in enumerate(TARGETS)}
    index = pd.DataFrame({"clip": range(n), "speaker": range(n)})
    items = Items({"features": features}, targets, index, np.ones((n, STEPS), bool))
    fit(model, items, None, epochs=epochs, batch_size=BATCH, seed=cell, checkpoint=folder / f"{cell}.npz")
    (folder / f"{cell}.json").write_text(json.dumps(ends))


if __name__ == "__main__":
    main()
