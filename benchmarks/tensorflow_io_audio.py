"""The operations of tensorflow-io against those of kerasemo: results, and processor time per clip, one thread.

    python benchmarks/tensorflow_io_audio.py [--repeats 9]

Seeded noise, 16 clips of three seconds at 16 kHz; tensorflow-io processes single clips in `tf.map_fn`, because its
operations have no axis of clips, and kerasemo a batch. Both are traced in a graph before the first timing. Repeats
alternate. The last line is `ratio NUMBER`: time of tensorflow-io / time of kerasemo for a log-mel spectrogram. Needs
Python below 3.13.
"""

import argparse
import os
import statistics
import sys
import time
import warnings
from collections.abc import Callable

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import numpy as np
import tensorflow as tf

from kerasemo.layers import LogMel, SpecAugment

tf.config.threading.set_intra_op_parallelism_threads(1)
tf.config.threading.set_inter_op_parallelism_threads(1)
try:
    with warnings.catch_warnings(action="ignore"):
        from tensorflow_io import audio
except ImportError:
    print("not measured: tensorflow-io is not installed; it needs Python below 3.13")
    sys.exit()

RATE, WINDOW, HOP, CLIPS = 16_000, 400, 160, 16
MELS = {"mels": 64, "fmin": 125, "fmax": 7500}


def log_mel(clip):
    mels = audio.melscale(tf.square(audio.spectrogram(clip, WINDOW, WINDOW, HOP)), RATE, *MELS.values())
    return audio.dbscale(tf.sqrt(mels), top_db=80.0)


def masked(levels):
    """The policy of `SpecAugment`, without its share of a clip and its mean."""
    for _ in range(2):
        levels = audio.time_mask(audio.freq_mask(levels, 16), 71)
    return levels


def each_clip(function: Callable) -> Callable:
    return tf.function(lambda clips: tf.map_fn(function, clips))


def measure(theirs: Callable, ours: Callable, x, repeats: int) -> tuple[float, float]:
    """Return the median milliseconds per clip of both."""
    taken = {theirs: [], ours: []}
    for function in taken:
        function(x)
    for repeat in range(repeats):
        for function in sorted(taken, key=id, reverse=bool(repeat % 2)):
            began = time.process_time()
            function(x)
            taken[function].append(1000 * (time.process_time() - began) / CLIPS)
    return tuple(statistics.median(taken[function]) for function in (theirs, ours))


def works(call: Callable) -> str:
    try:
        call()
    except Exception as error:
        return f"no ({type(error).__name__})"
    return "yes"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=9)
    repeats = parser.parse_args().repeats
    clips = tf.constant(np.random.default_rng(0).normal(scale=0.1, size=(CLIPS, 3 * RATE)), tf.float32)
    layer, augment = LogMel(), SpecAugment(seed=0)
    levels = layer(clips)[..., 0]
    difference = np.abs(each_clip(log_mel)(clips) - levels).max()
    print(f"log-mel: largest difference {difference:.1e} dB")
    for name, call in calls(clips).items():
        print(f"{name}: {works(call)}")
    pairs = {
        "masks": (each_clip(masked), tf.function(lambda x: augment(x[..., None], training=True)), levels),
        "log-mel": (each_clip(log_mel), tf.function(layer), clips),
    }
    for name, (theirs, ours, x) in pairs.items():
        their_ms, our_ms = measure(theirs, ours, x, repeats)
        print(f"{name}: {their_ms:.2f} ms, {our_ms:.2f} ms a clip, ratio {their_ms / our_ms:.2f}")
    print(f"ratio {their_ms / our_ms:.2f}")


def calls(clips) -> dict[str, Callable]:
    """Calls that kerasemo would need; the last three need the compiled part of tensorflow-io."""
    half, sound = tf.cast(clips[0], tf.float16), clips[0, :, tf.newaxis]
    return {
        "spectrogram in half precision": lambda: audio.spectrogram(half, WINDOW, WINDOW, HOP),
        "freq_mask of a batch": lambda: audio.freq_mask(tf.ones((CLIPS, 100, 64)), 16),
        "resample": lambda: audio.resample(sound, RATE, RATE // 2),
        "encode_flac": lambda: audio.encode_flac(tf.cast(sound, tf.int16), RATE),
        "decode_mp3": lambda: audio.decode_mp3(tf.constant(b"")),
    }


if __name__ == "__main__":
    main()
