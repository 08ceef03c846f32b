"""Statistics of a batch whose clips lie on several devices."""

import tensorflow as tf


def over_replicas(sums):
    """Sums over the clips of one device as sums over those of all; a tensor, or a nest of them. All devices get it.

    Gradients flow back to every device.
    """
    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        return sums
    return context.all_reduce(tf.distribute.ReduceOp.SUM, sums)
