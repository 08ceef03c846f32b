"""Sums over a batch that is distributed over several devices."""

import tensorflow as tf

__all__ = ["over_replicas"]


def over_replicas(sums):
    """Return the sums of all devices (a tensor or a nested structure of tensors) added up, the total on each device.

    Gradients flow back to every device.

    Args:
        sums: the sums of this device.
    """
    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        return sums
    return context.all_reduce(tf.distribute.ReduceOp.SUM, sums)
