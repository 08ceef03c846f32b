"""The same numbers on every run of one machine."""

from kerasemo.quiet import import_tensorflow


def one_thread() -> None:
    """Let TensorFlow use one thread in this process; call before it computes anything.

    The number of threads changes the last bits of a sum. With one thread a process, a run gives the same numbers
    however many processes share the work.

    Raises:
        RuntimeError: TensorFlow has computed already, with another number of threads.
    """
    tf = import_tensorflow()
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)


def seed_everything(seed: int) -> None:
    """Seed Python, NumPy and Keras, and let TensorFlow take deterministic kernels only.

    Args:
        seed: 0 or more.
    """
    tf = import_tensorflow()
    import keras

    keras.utils.clear_session()
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
