"""What a training step costs under each weighting, relative to static weights.

    python benchmarks/weighting.py [--rounds 40] [--steps 5]

The network is the Audio CNN of goswami2018, whose step is short, so that a weighting weighs much, and its Image CNN;
each with a second head, on 32 clips, by Adam. In a round each weighting trains so many steps, one method after the
other in one process, in an order that moves on; static weights before and after, of which the mean counts. All are
traced and run before the first round. Figures are medians over the rounds of the ratios within one, with quartiles. The
load is the machine's average over the minute before: above about 2.5 on two cores others ran too, and the figures say
little.

The last line is the largest ratio of those weightings that need no gradients beyond that of the joint loss.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

from kerasemo.models import crossmodal
from kerasemo.training.joint_model import JointModel
from kerasemo.weighting import WEIGHTINGS

BATCH, CLASSES = 32, {"emotion": 8, "gender": 2}
EXTRA_GRADIENTS = {"gradnorm", "pcgrad"}
NETWORKS = {
    "Audio CNN": (crossmodal.audio_cnn, "audio_vector"),
    "Image CNN": (crossmodal.image_cnn, "image_vector"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--steps", type=int, default=5, help="steps of each weighting in a round")
    arguments = parser.parse_args()
    worst = 0.0
    for name, (build, trunk) in NETWORKS.items():
        runs = {method: train_steps(build, trunk, method, arguments.steps) for method in WEIGHTINGS}
        ratios = measure(runs, arguments.rounds)
        print(f"{name}, load {os.getloadavg()[0]:.1f}")
        for method, values in ratios.items():
            low, median, high = statistics.quantiles(values, n=4)
            print(f"{method:>15} {median:>6.3f}  [{low:.3f}, {high:.3f}]", flush=True)
        worst = max(worst, *(statistics.median(v) for method, v in ratios.items() if method not in EXTRA_GRADIENTS))
    print(f"ratio {worst:.3f}")


def measure(runs: dict[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """The time of each method over that of static weights, round by round."""
    others = [method for method in runs if method != "static"]
    ratios = {method: [] for method in others}
    for number in range(rounds):
        for k in range(len(others)):
            method = others[(number + k) % len(others)]
            before, own, after = runs["static"](), runs[method](), runs["static"]()
            ratios[method].append(2 * own / (before + after))
    return ratios


def train_steps(build: Callable, trunk: str, method: str, steps: int) -> Callable[[], float]:
    """A function that trains so many steps and gives the seconds it took; it has run once."""
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
        for _ in range(steps):
            logs = model.train_function(batches)
        float(logs["loss"])
        return time.perf_counter() - start

    run()
    return run


if __name__ == "__main__":
    main()
