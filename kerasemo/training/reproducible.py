"""Settings for reproducible results on one machine."""

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
    """Seed Python, NumPy and Keras, and let TensorFlow use only deterministic operations.

    Args:
        seed: 0 or more.
    """
    tf = import_tensorflow()
    import keras

    keras.utils.clear_session()
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
