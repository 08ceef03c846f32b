"""Creates a `tf.data.Dataset` from arrays, in an order that depends only on seed and epoch.

Arrays are in memory, or objects that read some of their rows when a batch needs them, such as `sequences.Padded`: they
have `shape`, `dtype`, and `[rows]` that returns an array.
"""

from collections.abc import Callable, Mapping

import numpy as np
import tensorflow as tf

__all__ = ["epochs", "n_items", "once", "orders"]


def epochs(
    inputs: Mapping[str, np.ndarray],
    targets: Mapping[str, np.ndarray],
    batch_size: int,
    seed: int,
    first_epoch: int = 0,
    weights: Mapping[str, np.ndarray] | None = None,
) -> tf.data.Dataset:
    """Return an endless dataset of batches, with a new order in each epoch.

    The order of epoch k only depends on `(seed, k)`: a run resumed at epoch k has the same batches as an uninterrupted
    run. The last batch of an epoch may be smaller.

    Args:
        inputs: named arrays, clips along the first axis.
        targets: named arrays of the same length.
        batch_size: clips per batch.
        seed: seed of the order.
        first_epoch: the first epoch, from 0.
        weights: sample weights of each target, `clips` or `clips x frames`; None: all weights are equal.

    Returns:
        A dataset of `(inputs, targets)`, or `(inputs, targets, weights)`, for `fit` with
        `steps_per_epoch=ceil(clips / batch_size)`.

    Example:
        >>> stream = epochs({"x": np.arange(4)}, {"y": np.arange(4)}, batch_size=4, seed=0)
        >>> first, second = [x["x"].numpy().tolist() for x, y in stream.take(2)]
        >>> sorted(first) == sorted(second) == [0, 1, 2, 3], first == second
        (True, False)
    """
    gather = _gather(_as_tuple(inputs, targets, weights))
    # One batch is prepared in advance: batches of long sequences are large.
    return orders(n_items(inputs), batch_size, seed, first_epoch).map(gather).prefetch(1)


def orders(n: int, batch_size: int, seed: int, first_epoch: int = 0) -> tf.data.Dataset:
    """Return the item numbers of each batch, in the order of `epochs`: an endless dataset of batches.

    Args:
        n: number of items.
        batch_size: number of items per batch.
        seed: seed of the order.
        first_epoch: number of the first epoch, from 0, so that resumed training has the same order.
    """

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
    """Return a dataset with each clip once, in the given order, for validation. Arguments as in `epochs`."""
    arrays = _as_tuple(inputs, targets, weights)
    if n_items(inputs) <= batch_size and all(isinstance(array, np.ndarray) for array in tf.nest.flatten(arrays)):
        return _one_batch(arrays, batch_size)
    gather = _gather(arrays)
    return tf.data.Dataset.range(n_items(inputs)).batch(batch_size).map(gather).prefetch(1)


def _one_batch(arrays: tuple[dict, ...], batch_size: int) -> tf.data.Dataset:
    """Return a dataset with all items in one batch, without the threads and optimisations that larger ones need.

    Starting them takes longer than the validation of a small network.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    options.experimental_optimization.apply_default_optimizations = False
    return tf.data.Dataset.from_tensor_slices(arrays).batch(batch_size).with_options(options)


def n_items(arrays: Mapping[str, np.ndarray]) -> int:
    """Return the common length of named arrays.

    Args:
        arrays: name -> array, with the items on the first axis.

    Raises:
        ValueError: The lengths differ.
    """
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) != 1:
        raise ValueError(f"Arrays must have the same length. Received: {lengths}")
    return next(iter(lengths.values()))


def _gather(arrays: tuple[dict, ...]) -> Callable[[tf.Tensor], tuple[dict, ...]]:
    """Return a function from row numbers to these rows of all arrays."""
    readers = tf.nest.map_structure(_reader, arrays)
    return lambda rows: tf.nest.map_structure(lambda reader: reader(rows), readers)


def _reader(array) -> Callable[[tf.Tensor], tf.Tensor]:
    if isinstance(array, np.ndarray):
        tensor = tf.constant(array)
        return lambda rows: tf.gather(tensor, rows)
    return lambda rows: tf.ensure_shape(
        tf.numpy_function(array.__getitem__, [rows], array.dtype), (None, *array.shape[1:])
    )


def _as_tuple(inputs, targets, weights) -> tuple[dict, ...]:
    return (dict(inputs), dict(targets), *([] if weights is None else [dict(weights)]))
