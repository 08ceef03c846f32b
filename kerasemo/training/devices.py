"""Several devices that train one network together."""

from typing import TYPE_CHECKING

from kerasemo.errors import InputError
from kerasemo.quiet import import_tensorflow

if TYPE_CHECKING:
    import tensorflow as tf

__all__ = ["prepare", "strategy"]


def prepare(n: int) -> None:
    """Prepare the devices of this process; must be called before TensorFlow computes anything.

    GPUs reserve memory only as they need it, because the processes of a grid share them. Without GPUs, the processor
    counts as `n` devices: this is slower than one, but shows whether a training works.

    Args:
        n: number of devices that train a network together.

    Raises:
        InputError: There are GPUs, but fewer.
        RuntimeError: TensorFlow already uses the processor as fewer devices.
    """
    tf = import_tensorflow()
    gpus = tf.config.list_physical_devices("GPU")
    if gpus and len(gpus) < n:
        raise InputError(f"--devices {n} is more than the GPUs of this machine, {len(gpus)}; choose a smaller number.")
    for gpu in gpus:
        tf.config.experimental.set_memory_growth(gpu, True)
    cpu = tf.config.list_physical_devices("CPU")[0]
    if not gpus and n > max(1, len(tf.config.get_logical_device_configuration(cpu) or [])):
        tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * n)


def strategy(n: int) -> "tf.distribute.Strategy":
    """Return the strategy in whose scope a network is built and trained, after `prepare`.

    Each batch is divided between the devices. The results are those of one device but for rounding if the batches can
    be divided evenly; otherwise, items of smaller parts have more weight.

    Args:
        n: number of devices: GPUs, or without GPUs parts of the processor. 1: the default strategy.
    """
    tf = import_tensorflow()
    if n == 1:
        return tf.distribute.get_strategy()
    if tf.config.list_physical_devices("GPU"):
        return tf.distribute.MirroredStrategy([f"GPU:{number}" for number in range(n)])
    # The default for processors, collective operations, fails with a second strategy in the same process.
    plain = tf.distribute.ReductionToOneDevice()
    return tf.distribute.MirroredStrategy([f"CPU:{number}" for number in range(n)], cross_device_ops=plain)
