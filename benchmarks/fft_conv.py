"""The second convolution of chae2018, by `FFTConv1D` and by `keras.layers.Conv1D`: 40 channels, 40 filters, 4000 taps.

    python benchmarks/fft_conv.py [--repeats 3]

Each repeat runs the forward pass of both layers on the same four clips of 48 000 samples (6 s at 8 kHz), one after the
other in one process, then `FFTConv1D` ("ours") with gradients, then only its transforms and products with the same
sizes. All graphs are traced and run once before the first timing. Times of `FFTConv1D`, which are short, are medians of
five runs. Ratios are computed within a repeat, and their medians over the repeats are printed; the last line is `ratio
NUMBER`, Conv1D / ours, forward pass. The load is the average of the machine over the last minute: if it is above about
2.5 on two cores, other processes were running.

For the table of lengths, each length runs in a separate process with one clip. The peak is the maximum memory of the
process, minus its memory with the input in place after one second of sound. It includes the output, up to twice while
its pieces are concatenated; the rest is the working memory.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import tensorflow as tf
from tools.memory import memory_mb

from kerasemo.layers import fft_conv

CLIPS, SAMPLES, CHANNELS, TAPS, RATE = 4, 48_000, 40, 4000, 8000
GRADIENT_SAMPLES = 200  # with many more samples, computing the gradient of Conv1D fails


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--length", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.length:
        return print_length(arguments.length)
    x = tf.random.stateless_normal((CLIPS, SAMPLES, CHANNELS), (0, 0))
    conv1d, ours = layers()
    runs = {"conv1d": tf.function(conv1d), "ours": tf.function(ours), "gradients": with_gradients(ours)}
    theirs, mine, _ = (run(x) for run in runs.values())
    error = tf.reduce_max(tf.abs(mine - theirs)) / tf.reduce_max(tf.abs(theirs))
    print(f"largest difference to Conv1D relative to its largest output: {error:.1e}; ms per clip:")
    print(f"{'repeat':>6} {'Conv1D':>8} {'ours':>7} {'+ grad.':>8} {'bare':>7} {'ratio':>6} {'load':>5}")
    rows = []
    for repeat in range(1, arguments.repeats + 1):
        row = [seconds(runs["conv1d"], x, times=1), seconds(runs["ours"], x), seconds(runs["gradients"], x), bare()]
        row = [1000 * value / CLIPS for value in row]
        rows.append(row)
        cells = " ".join(f"{value:>{width}.1f}" for value, width in zip(row, (8, 7, 8, 7), strict=True))
        print(f"{repeat:>6} {cells} {row[0] / row[1]:>6.0f} {os.getloadavg()[0]:>5.1f}", flush=True)
    print_gradient_of_conv1d(conv1d, ours)
    print(f"\n{'sound':>6} {'s':>7} {'ms per s of sound':>18} {'output MB':>10} {'peak MB':>8}")
    for length in (6, 60, 600):
        subprocess.run([sys.executable, __file__, "--length", str(length)], check=True)
    ratio, both, limit = (statistics.median(row[i] / row[j] for row in rows) for i, j in ((0, 1), (2, 1), (1, 3)))
    print(f"forward and gradients / forward: {both:.2f}; forward / only transforms and products: {limit:.2f}")
    print(f"ratio {ratio:.1f}")


def layers() -> tuple[keras.layers.Layer, fft_conv.FFTConv1D]:
    pair = [kind(CHANNELS, TAPS, padding="causal") for kind in (keras.layers.Conv1D, fft_conv.FFTConv1D)]
    for layer in pair:
        layer.build((None, None, CHANNELS))
    pair[1].set_weights(pair[0].get_weights())
    return tuple(pair)


def with_gradients(layer) -> Callable:
    @tf.function
    def run(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x)
        return tape.gradient(y, [x, *layer.trainable_variables], output_gradients=y)

    return run


def seconds(run: Callable, *arguments, times: int = 5) -> float:
    """Return the median seconds of some runs, each until its results are available."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        tf.nest.map_structure(lambda tensor: tensor[..., :1].numpy(), run(*arguments))
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def seconds_warm(run: Callable, *arguments, times: int = 5) -> float:
    """As `seconds`, after one run for tracing."""
    run(*arguments)
    return seconds(run, *arguments, times=times)


def bare() -> float:
    """Return the seconds of only the transforms and products of a batch, with the sizes that the layer uses."""
    x, kernel = tf.zeros((1, SAMPLES, CHANNELS)), tf.zeros((TAPS, CHANNELS, CHANNELS))
    plan = fft_conv._plan(x, kernel, (TAPS - 1, 0))
    blocks, pieces = int(plan.blocks), CLIPS * int(plan.pieces)
    group = fft_conv._group(CHANNELS, CHANNELS, plan, x.dtype)
    frames, kernels = (
        tf.random.stateless_normal((rows, plan.fft), (0, 1)) for rows in (CHANNELS * blocks, CHANNELS * group)
    )
    forward = tf.function(tf.signal.rfft)
    product = tf.function(lambda left, right: tf.matmul(left, right, adjoint_a=True))
    inverse = tf.function(lambda spectrum: tf.signal.irfft(spectrum, [plan.fft]))
    left, right = (tf.reshape(forward(rows), (plan.frequencies, CHANNELS, -1)) for rows in (kernels, frames))
    groups = CHANNELS // group
    return (
        groups * seconds_warm(forward, kernels)
        + pieces * seconds_warm(forward, frames)
        + pieces * groups * seconds_warm(product, left, right)
        + pieces * groups * seconds_warm(inverse, forward(frames[: group * blocks]))
    )


def print_gradient_of_conv1d(conv1d, ours) -> None:
    x = tf.random.stateless_normal((1, GRADIENT_SAMPLES, CHANNELS), (0, 5))
    theirs, mine = (seconds_warm(with_gradients(layer), x, times=1) for layer in (conv1d, ours))
    print(f"with gradients, one clip of {GRADIENT_SAMPLES} samples: Conv1D {theirs:.2f} s, ours {mine:.2f} s")


def print_length(length: int) -> None:
    _, layer = layers()
    run = tf.function(layer, input_signature=[tf.TensorSpec((None, None, CHANNELS))])
    run(tf.zeros((1, RATE, CHANNELS)))
    x = tf.ones((1, length * RATE, CHANNELS))
    held = memory_mb("VmRSS")
    taken = seconds(run, x, times=1)
    output = 4 * length * RATE * CHANNELS / 2**20
    peak = memory_mb("VmHWM") - held
    print(f"{length:>4} s {taken:>7.2f} {1000 * taken / length:>18.2f} {output:>10.0f} {peak:>8.0f}", flush=True)


if __name__ == "__main__":
    main()
