"""Arrays in memory -> `tf.data.Dataset` of dicts, in an order that depends on seed and epoch alone."""

from collections.abc import Mapping

import numpy as np
import tensorflow as tf


def epochs(
    inputs: Mapping[str, np.ndarray],
    targets: Mapping[str, np.ndarray],
    batch_size: int,
    seed: int,
    first_epoch: int = 0,
    weights: Mapping[str, np.ndarray] | None = None,
) -> tf.data.Dataset:
    """An endless stream of batches, epoch after epoch, each epoch in a new order.

    The order of epoch k is a function of `(seed, k)`, whatever came before: a run resumed at epoch k sees what a run
    never stopped would have seen. The last batch of an epoch may be smaller.

    Args:
        inputs: named arrays, clips along the first axis.
        targets: named arrays of the same length.
        batch_size: clips a batch.
        seed: what the order follows from.
        first_epoch: the epoch to begin with, from 0.
        weights: sample weights of each target, `clips` or `clips x frames`; None: all count the same.

    Returns:
        A dataset of `(inputs, targets)`, or `(inputs, targets, weights)`, to be fitted with
        `steps_per_epoch=ceil(clips / batch_size)`.

    Example:
        >>> stream = epochs({"x": np.arange(4)}, {"y": np.arange(4)}, batch_size=4, seed=0)
        >>> first, second = [x["x"].numpy().tolist() for x, y in stream.take(2)]
        >>> sorted(first) == sorted(second) == [0, 1, 2, 3], first == second
        (True, False)
    """
    tensors = tf.nest.map_structure(tf.constant, _together(inputs, targets, weights))

    def gather(indices):
        return tf.nest.map_structure(lambda tensor: tf.gather(tensor, indices), tensors)

    return orders(n_items(inputs), batch_size, seed, first_epoch).map(gather).prefetch(tf.data.AUTOTUNE)


def orders(n: int, batch_size: int, seed: int, first_epoch: int = 0) -> tf.data.Dataset:
    """The numbers of the items of each batch, as `epochs` takes them: batch after batch without end."""

    def one_epoch(epoch):
        order = tf.random.experimental.stateless_shuffle(tf.range(n), seed=tf.stack([tf.cast(seed, tf.int64), epoch]))
        return tf.data.Dataset.from_tensor_slices(order).batch(batch_size)

    return tf.data.Dataset.counter(first_epoch).flat_map(one_epoch)


def once(
    inputs: Mapping[str, np.ndarray],
    targets: Mapping[str, np.ndarray],
    batch_size: int,
    weights: Mapping[str, np.ndarray] | None = None,
) -> tf.data.Dataset:
    """Each clip once, in the order given: for validation. Arguments as in `epochs`."""
    return tf.data.Dataset.from_tensor_slices(_together(inputs, targets, weights)).batch(batch_size).prefetch(1)


def n_items(arrays: Mapping[str, np.ndarray]) -> int:
    """The common length of named arrays.

    Raises:
        ValueError: the lengths differ.
    """
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) != 1:
        raise ValueError(f"Arrays must have the same length. Received: {lengths}")
    return next(iter(lengths.values()))


def _together(inputs, targets, weights) -> tuple[dict, ...]:
    return (dict(inputs), dict(targets), *([] if weights is None else [dict(weights)]))
