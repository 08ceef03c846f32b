"""The same numbers on every run of one machine."""

import os


def one_thread() -> None:
    """Let TensorFlow use one thread in this process; call before it computes anything.

    The number of threads changes the last bits of a sum. With one thread a process, a run gives the same numbers
    however many processes share the work.

    Raises:
        RuntimeError: TensorFlow has computed already, with another number of threads.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)


def seed_everything(seed: int) -> None:
    """Seed Python, NumPy and Keras, and let TensorFlow take deterministic kernels only.

    Args:
        seed: 0 or more.
    """
    import keras
    import tensorflow as tf

    keras.utils.clear_session()
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
