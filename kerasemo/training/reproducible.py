"""Settings for reproducible results on one machine."""

import random
from functools import cache

import numpy as np

from kerasemo.quiet import import_tensorflow

__all__ = ["one_thread", "seed_everything"]


def one_thread() -> None:
    """Let TensorFlow use one thread in this process; must be called before TensorFlow computes anything.

    The number of threads affects rounding errors. With one thread per process, the results of a run do not depend on
    the number of processes.

    Raises:
        RuntimeError: TensorFlow has already been used with another number of threads.
    """
    tf = import_tensorflow()
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)


def seed_everything(seed: int) -> None:
    """Seed Python and NumPy, number the names of layers from the beginning, and forbid what is not deterministic.

    Keras seeds its layers from Python's random numbers. TensorFlow's own random functions, which only other code uses,
    are seeded once per process. Unlike `clear_session` and `set_random_seed` of Keras, this keeps what TensorFlow has
    traced and optimised, see `reuse.traced`.

    Args:
        seed: 0 or more.
    """
    _make_tensorflow_deterministic()
    from keras.src.backend.common import global_state

    for name in ("object_name_uids", "global_seed_generator"):
        global_state.set_global_attribute(name, None)
    random.seed(seed)
    np.random.seed(seed)


@cache
def _make_tensorflow_deterministic() -> None:
    tf = import_tensorflow()
    tf.random.set_seed(0)  # without a seed, random functions would be errors
    tf.config.experimental.enable_op_determinism()
