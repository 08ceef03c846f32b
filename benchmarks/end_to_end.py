"""The networks of chae2018 at full size: training on sound, and the speed of the video branch compared with ResNet-50.

    python benchmarks/end_to_end.py [--repeats 3] [--frames 25]

Sound: training steps on batches of four clips of 6 s (96 000 samples), with Adam, both losses and softmax weights.
Prints clips per second, the median over all steps except the first, and the peak memory of the process.

Video: the branch of the network (pictures as bytes 0..255, any number of frames) and `keras.applications.ResNet50`
alone on the same number of preprocessed pictures, one after the other in one process: forward pass, and forward pass
with the gradients of all weights. Numbers are medians over the repeats. The last line is the lower of the two ratios of
frames per second, branch / ResNet-50; 1 means that the branch is equally fast.
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
from tools.memory import memory_mb

from kerasemo.models.end_to_end import PICTURE, SAMPLES, end_to_end
from kerasemo.training.joint_model import JointModel
from kerasemo.weighting import Softmax

TASKS = {"emotion": 4, "gender": 2}
CLIPS, FRAMES = 4, 150


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--frames", type=int, default=25, help="Pictures of the clip that the video branch reads.")
    arguments = parser.parse_args()
    sound(arguments.repeats)
    ratios = video(arguments.repeats, arguments.frames)
    print(f"load over the last minute {os.getloadavg()[0]:.1f}")
    print(f"ratio {min(ratios):.2f}")


def sound(repeats: int) -> None:
    """Print the clips per second of training on sound, and the peak memory."""
    network = end_to_end(TASKS, ("audio",))
    losses = {task: keras.losses.SparseCategoricalCrossentropy() for task in TASKS}
    model = JointModel(network.input, network.output, losses=losses, weighting=Softmax(list(TASKS)))
    model.compile(keras.optimizers.Adam(1e-4, global_clipnorm=1.0))
    generator = np.random.default_rng(0)
    batch = {
        "audio": generator.normal(size=(CLIPS, FRAMES, SAMPLES)).astype("float32"),
        "n_frames": np.full(CLIPS, FRAMES, "int32"),
    }
    targets = {task: generator.integers(0, n, CLIPS) for task, n in TASKS.items()}
    model.train_on_batch(batch, targets)
    taken = [timed(lambda: model.train_on_batch(batch, targets)) for _ in range(repeats)]
    peak_gb = memory_mb("VmHWM") / 1024
    print(f"training on sound: {CLIPS / statistics.median(taken):.2f} clips per second, peak {peak_gb:.1f} GB")


def video(repeats: int, n_frames: int) -> list[float]:
    """Print frames per second of the branch and of ResNet-50 alone, and return their ratios."""
    network = end_to_end(TASKS, ("video",))
    branch = keras.Model(network.inputs, network.get_layer("video_frames").output)
    bare = keras.applications.ResNet50(include_top=False, weights=None, pooling="avg", input_shape=PICTURE)
    pictures = tf.random.stateless_uniform((n_frames, *PICTURE), (0, 0), 0, 256)
    clip = {"video": pictures[tf.newaxis], "n_frames": tf.constant([n_frames])}
    ratios = []
    for what, wrap in {"forwards": tf.function, "with gradients": with_gradients}.items():
        runs = [(wrap(branch), clip), (wrap(bare), pictures)]
        for run, inputs in runs:
            run(inputs)
        rows = [[timed(lambda run=run, inputs=inputs: run(inputs)) for run, inputs in runs] for _ in range(repeats)]
        ours, theirs = (n_frames / statistics.median(seconds) for seconds in zip(*rows, strict=True))
        print(f"video, {what}: {ours:.1f} frames per second, ResNet-50 alone {theirs:.1f}")
        ratios.append(statistics.median(bare_s / branch_s for branch_s, bare_s in rows))
    return ratios


def with_gradients(network: keras.Model) -> Callable:
    @tf.function
    def run(inputs):
        with tf.GradientTape() as tape:
            total = tf.reduce_sum(network(inputs, training=True))
        return tf.add_n([tf.reduce_sum(g) for g in tape.gradient(total, network.trainable_variables)])

    return run


def timed(run: Callable) -> float:
    """Return the seconds of a call, until its results are available."""
    began = time.perf_counter()
    result = run()
    if isinstance(result, tf.Tensor):
        result.numpy()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
