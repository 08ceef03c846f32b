"""Training of the papers' networks, compared with PyTorch.

    python benchmarks/training.py [--only NETWORK] [--rounds 5] [--mixed-precision bfloat16]

Each network has the paper's shape, batch size and optimizer. kerasemo trains it with `JointModel` on a `tf.data`
dataset, as the experiments do; PyTorch with a `DataLoader`, as its users do (`peers/pytorch.py`; the long convolution
of chae2018 by FFT, its video branch left out). Both have the same arrays and number of weights, and one thread, as in a
grid. They run in two processes that train in turn, because the libraries crash in the same process; an epoch is a few
batches, and the first is not counted (tracing, first memory). With `--mixed-precision`, kerasemo trains in mixed
precision and PyTorch in 32 bits.

For each network a row: median seconds per step of both, their ratio, and for kerasemo the share of the time in which
the input pipeline alone runs, in the step alone, and the rest (Python); and the peak memory of both. The last line is
the lowest ratio of all networks, PyTorch / kerasemo: above 1, kerasemo is faster for each of them.
"""

import argparse
import importlib.util
import itertools
import os
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from multiprocessing.connection import Connection

import numpy as np
from tools.memory import memory_mb

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@dataclass(frozen=True)
class Case:
    """A network to train, with the shape of an item of each input, and the classes of each task (0: traces)."""

    inputs: dict[str, tuple[int, ...]]
    tasks: dict[str, int]
    batch_size: int
    steps: int


GOSWAMI = {"audio": (40,), "image": (64, 128, 3)}
PROBES = ("emotion", "audio_probe", "image_probe")
SPECIFIC = ("emotion", "emotion_audio", "emotion_image")
SPECTROGRAM = {"spectrogram": (150, 80, 1)}
TRACES = dict.fromkeys(("arousal", "valence", "liking"), 0)
CASES = {
    "audio_cnn": Case({"audio": (40,)}, {"emotion": 8}, 32, 60),
    "image_cnn": Case({"image": (64, 128, 3)}, {"emotion": 8}, 32, 20),
    "architecture_4": Case(GOSWAMI, dict.fromkeys(PROBES, 8), 32, 20),
    "emodal": Case({"audio": (68,), "image": (128, 128, 1)}, dict.fromkeys(SPECIFIC, 8), 64, 5),
    "alexnet": Case(SPECTROGRAM, {"emotion": 8, "gender": 2}, 32, 5),
    "vgg16": Case(SPECTROGRAM, {"emotion": 8, "gender": 2}, 32, 2),
    "end_to_end": Case({"audio": (150, 640), "n_frames": ()}, {"emotion": 4, "gender": 2}, 1, 10),
    "lstm_regressor": Case({"features": (400, 88)}, TRACES, 34, 2),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=CASES, action="append", help="network to train; repeat for more")
    parser.add_argument("--rounds", type=int, default=5, help="epochs of both sides, in turn")
    parser.add_argument("--mixed-precision", choices=["bfloat16", "float16"])
    arguments = parser.parse_args()
    if importlib.util.find_spec("torch") is None:
        sys.exit("PyTorch is not installed: pip install kerasemo[bench].")
    print(f"{os.cpu_count()} cores, one thread, {arguments.mixed_precision or '32 bits'}; seconds per step")
    print(f"{'network':>15}  kerasemo  pytorch  ratio  pipeline  step  python  peak GB of both")
    ratios = []
    for name in arguments.only or CASES:
        ours, theirs = (Side(target, name, arguments.mixed_precision) for target in (kerasemo_side, pytorch_side))
        if ours.weights != theirs.weights:
            sys.exit(f"{name} has {ours.weights} weights in kerasemo, {theirs.weights} in PyTorch.")
        rows = [(ours.epoch(), theirs.epoch()) for _ in range(arguments.rounds)]
        mine, other = (statistics.median(seconds) / CASES[name].steps for seconds in zip(*rows, strict=True))
        ratios.append(statistics.median(b / a for a, b in rows))
        pipeline, step = (share / mine for share in ours.shares())
        shares = f"{pipeline:>8.0%}  {step:>4.0%}  {max(0, 1 - step):>6.0%}"
        memory = f"{ours.close():.1f}  {theirs.close():.1f}"
        print(f"{name:>15}  {mine:>8.4f}  {other:>7.4f}  {ratios[-1]:>5.2f}  {shares}  {memory}", flush=True)
    print(f"load over the last minute {os.getloadavg()[0]:.1f}")
    print(f"ratio {min(ratios):.2f}")


class Side:
    """A process that trains one network with one of the libraries, an epoch at each request."""

    def __init__(self, target: Callable, name: str, precision: str | None) -> None:
        context = get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=target, args=(theirs, name, precision), daemon=True)
        self.process.start()
        self.weights: int = self.connection.recv()

    def ask(self, what: str):
        self.connection.send(what)
        return self.connection.recv()

    def epoch(self) -> float:
        return self.ask("epoch")

    def shares(self) -> tuple[float, float]:
        return self.ask("shares")

    def close(self) -> float:
        """End the process, and return its peak memory, GB."""
        peak = self.ask("peak") / 1024
        self.connection.send("end")
        self.process.join()
        return peak


def serve(connection: Connection, weights: int, epoch: Callable[[], float], shares: Callable = lambda: None) -> None:
    """Answer the requests of a `Side`, after one epoch that is not counted."""
    epoch()
    connection.send(weights)
    answers = {"epoch": epoch, "shares": shares, "peak": partial(memory_mb, "VmHWM")}
    while (request := connection.recv()) != "end":
        connection.send(answers[request]())


def arrays(case: Case) -> tuple[dict, dict]:
    """Return the inputs and targets of an epoch."""
    generator = np.random.default_rng(0)
    n = case.batch_size * case.steps
    inputs = {name: generator.normal(size=(n, *shape)).astype("float32") for name, shape in case.inputs.items()}
    if "image" in inputs:
        inputs["image"] = generator.uniform(0, 255, inputs["image"].shape).astype("float32")
    if "n_frames" in inputs:
        inputs["n_frames"] = np.full(n, case.inputs["audio"][0], "int32")
    targets = {
        name: generator.integers(0, k, n) if k else generator.normal(0, 0.1, (n, 400, 1)).astype("float32")
        for name, k in case.tasks.items()
    }
    return inputs, targets


def pytorch_side(connection: Connection, name: str, precision: str | None) -> None:
    import torch
    from peers import pytorch

    torch.set_num_threads(1)
    case = CASES[name]
    serve(connection, *pytorch.trainer(name, *arrays(case), case.batch_size))


def kerasemo_side(connection: Connection, name: str, precision: str | None) -> None:
    from kerasemo.training.reproducible import one_thread, seed_everything

    one_thread()
    seed_everything(0)
    import keras
    import pandas as pd
    import tensorflow as tf

    from kerasemo.experiment import Training
    from kerasemo.experiment.cells import joint_model
    from kerasemo.losses import SoftHGR
    from kerasemo.training.fit import steps_per_call
    from kerasemo.training.items import Items
    from kerasemo.training.precision import with_precision

    case = CASES[name]
    inputs, targets = arrays(case)
    network, optimizer, loss = keras_network(name)
    if precision:
        network = with_precision(network, precision)
    losses = {task: loss() for task in case.tasks} | ({"common": SoftHGR()} if "common" in network.output else {})
    n = case.batch_size * case.steps
    items = Items(inputs, targets, pd.DataFrame({"clip": range(n), "speaker": range(n)}))
    decisions = {task: task for task, k in case.tasks.items() if k}
    training = Training(network, losses, optimizer, {"train": items}, case.batch_size, decisions)
    model = joint_model(training, name)
    model.steps_per_execution = steps_per_call(model, case.steps)
    stream, ends = items.epochs(case.batch_size, 0), []
    clock = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: ends.append(time.perf_counter()))

    def epoch() -> float:
        """Train two epochs and return the seconds of the second, so that the start of `fit` is not counted."""
        model.fit(stream, steps_per_epoch=case.steps, epochs=2, callbacks=[clock], verbose=0, shuffle=False)
        return ends[-1] - ends[-2]

    def shares() -> tuple[float, float]:
        """Return the seconds per step of the input pipeline alone, and of the step alone on the same batch."""
        batches = iter(items.epochs(case.batch_size, 0))
        batch = next(batches)
        step = tf.function(model.train_step)
        step(batch)
        alone = [timed(lambda: next(batches), case.steps), timed(lambda: step(batch)["loss"].numpy(), case.steps)]
        return alone[0], alone[1]

    serve(connection, sum(int(np.prod(weight.shape)) for weight in network.trainable_weights), epoch, shares)


def keras_network(name: str) -> tuple:
    """Return a network, its optimizer and the class of its losses, as in the experiment of its paper."""
    import keras

    from kerasemo.losses import CCCLoss
    from kerasemo.models import crossmodal, emodal, end_to_end, lstm_regressor, spectrogram_cnn

    case, entropy = CASES[name], keras.losses.SparseCategoricalCrossentropy
    if name in crossmodal.NETWORKS:
        return crossmodal.NETWORKS[name](8), keras.optimizers.SGD(0.02, momentum=0.9), entropy
    if name == "emodal":
        return emodal.emodal(8), keras.optimizers.Adam(1e-3), entropy
    if name == "end_to_end":
        return end_to_end.end_to_end(case.tasks, ("audio",)), keras.optimizers.Adam(1e-4, global_clipnorm=1.0), entropy
    if name == "lstm_regressor":
        return lstm_regressor.lstm_regressor({"features": 88}), keras.optimizers.RMSprop(5e-4), CCCLoss
    network = getattr(spectrogram_cnn, name)(case.tasks, case.inputs["spectrogram"])
    return network, keras.optimizers.Adam(1e-4), entropy


def timed(run: Callable, n: int) -> float:
    """Return the mean seconds of a call over `n` calls."""
    began = time.perf_counter()
    for _ in itertools.repeat(None, n):
        run()
    return (time.perf_counter() - began) / n


if __name__ == "__main__":
    main()
