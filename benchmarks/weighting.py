"""Time of a training step with each weighting, relative to static weights.

    python benchmarks/weighting.py [--seconds 45]

The networks are the Audio CNN of goswami2018, whose steps are short, so that the weighting has a large effect, and its
Image CNN; each with a second head, on 32 clips, with Adam and one thread, as in the experiments. In each round every
weighting trains two steps, all in one process; all are traced and run before the first round. The fastest round of each
weighting is used, because other processes on the machine can only increase the time.

The last line is the largest ratio of the weightings that only need the gradient of the joint loss.
"""

import argparse
import os
import time
from collections.abc import Callable

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

from kerasemo.models import crossmodal
from kerasemo.training.joint_model import JointModel
from kerasemo.training.reproducible import one_thread
from kerasemo.weighting import WEIGHTINGS

STEPS, BATCH, CLASSES = 2, 32, {"emotion": 8, "gender": 2}
EXTRA_GRADIENTS = {"gradnorm", "pcgrad"}
NETWORKS = {
    "Audio CNN": (crossmodal.audio_cnn, "audio_vector"),
    "Image CNN": (crossmodal.image_cnn, "image_vector"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=45, help="how long each network is measured")
    arguments = parser.parse_args()
    one_thread()
    worst = 0.0
    for name, (build, trunk) in NETWORKS.items():
        runs = {method: train_steps(build, trunk, method) for method in WEIGHTINGS}
        fastest = dict.fromkeys(runs, float("inf"))
        end = time.perf_counter() + arguments.seconds
        while time.perf_counter() < end:
            fastest = {method: min(fastest[method], run()) for method, run in runs.items()}
        print(f"{name}: {1000 * fastest['static'] / STEPS:.2f} ms per step with static weights; times relative to it:")
        for method, seconds in fastest.items():
            ratio = seconds / fastest["static"]
            print(f"{method:>15} {ratio:>6.3f}", flush=True)
            worst = worst if method in EXTRA_GRADIENTS else max(worst, ratio)
    print(f"ratio {worst:.3f}")


def train_steps(build: Callable, trunk: str, method: str) -> Callable[[], float]:
    """Return a function that trains the steps of a round and returns the seconds; it has already run once."""
    keras.utils.set_random_seed(0)
    network = build(CLASSES["emotion"])
    gender = keras.layers.Dense(CLASSES["gender"], "softmax", name="gender")(network.get_layer(trunk).output)
    model = JointModel(
        network.input,
        {**network.output, "gender": gender},
        losses={task: keras.losses.SparseCategoricalCrossentropy() for task in CLASSES},
        weighting=WEIGHTINGS[method](list(CLASSES)),
    )
    model.compile(keras.optimizers.Adam(1e-4), weighted_metrics={task: ["accuracy"] for task in CLASSES})
    generator = np.random.default_rng(0)
    inputs = {n: generator.normal(size=(BATCH, *x.shape[1:])).astype("float32") for n, x in network.input.items()}
    targets = {task: generator.integers(0, n, BATCH) for task, n in CLASSES.items()}
    batches = iter(tf.data.Dataset.from_tensors((inputs, targets)).repeat())
    model.make_train_function()

    def run() -> float:
        start = time.perf_counter()
        for _ in range(STEPS):
            logs = model.train_function(batches)
        float(logs["loss"])
        return time.perf_counter() - start

    run()
    return run


if __name__ == "__main__":
    main()
