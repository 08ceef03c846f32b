"""The common loss of two modalities: minus the Soft-HGR score of their features.

H(f, g) = tr cov(f, g) - 1/2 tr(cov(f) cov(g)), with the k x k covariances of f and g over the clips (Wang, Wu, Huang,
Zheng, Xu, Zhang and Huang 2019, "An efficient approach to informative feature extraction from multimodal data",
equation 7; zhang2018, section 2, "common loss").

The largest H is half the sum of the squares of the k first maximal correlations of the two modalities: of jointly
Gaussian ones, and linear f and g, of their canonical correlations. It is 0 where the modalities are independent, and
never more than k/2.
"""

from typing import ClassVar

import keras
import tensorflow as tf
from keras import ops

from kerasemo.losses.replicas import over_replicas

# Below this share of all clips, what is left of them after the degrees of freedom is rounding.
ROUNDING = 1e-6


def soft_hgr(f, g, sample_weight=None, *, centred: bool = True, ddof: int = 1):
    """The Soft-HGR score H of two features of the same clips.

    Score and gradient are polynomials of the features, and finite for any finite ones, constant features included.
    Clips too few for a covariance, such as one with `ddof=1`, have the score 0 and no gradient. In a batch of few clips
    chance correlations count for much: take several times as many clips as the features have dimensions.

    Args:
        f, g: `batch x k` each.
        sample_weight: of each clip, 0 or more, `batch`; 0 leaves the clip out, whatever it holds. Only their ratios
            count, as those of `aweights` in `numpy.cov`. None: all count the same.
        centred: take the mean over the batch off each feature first; otherwise all moments are about 0.
        ddof: 1 divides all moments by N - 1, 0 by N, the number of clips.

    Returns:
        A scalar, at most k/2.

    Example:
        >>> f = ops.array([[-1.0], [1.0]])
        >>> float(soft_hgr(f, f, ddof=0)), float(soft_hgr(f, -f, ddof=0))
        (0.5, -1.5)
    """
    k = f.shape[-1]
    clips = ops.concatenate([f, g], axis=-1)
    weight = ops.ones_like(clips[:, :1])
    if sample_weight is not None:
        weight = ops.reshape(ops.cast(sample_weight, clips.dtype), (-1, 1))
        # Chosen, not multiplied: what is left out may be NaN, and so may its gradient.
        clips = ops.where(weight > 0, clips, 0.0)
    total, sums = over_replicas([ops.sum(weight), ops.sum(weight * clips, axis=0)])
    total = ops.where(total > 0, total, 1.0)
    if centred:
        clips = clips - sums / total
    share = weight / total
    moments, squares = over_replicas([ops.matmul(ops.transpose(share * clips), clips), ops.sum(ops.square(share))])
    left = 1 - ddof * squares
    covariance = ops.where(left > ROUNDING, moments / ops.maximum(left, ROUNDING), 0.0)
    return ops.trace(covariance[:k, k:]) - ops.sum(covariance[:k, :k] * covariance[k:, k:]) / 2


@keras.saving.register_keras_serializable("kerasemo")
class SoftHGR(keras.losses.Loss):
    """Minus the Soft-HGR score of two features; reads no labels (see `JointModel`).

    Under `tf.distribute` the covariances are those of the whole batch, over all replicas, and the gradient is that of
    one device with the whole batch.

    A history's mean of it is the mean over batches, and so depends on their size.

    Args:
        centred, ddof: as in `soft_hgr`.
        shifted: k/2 - H, which has the same gradient and is never below 0. Weightings that divide by a loss, or train
            its weight against a regulariser, need that (`uncertainty` and `liebel_korner` have no minimum for a loss
            below 0).
        y_true: not read; may be None.
        y_pred: both features, `batch x 2 x k`.
        sample_weight: as in `soft_hgr`.

    Returns:
        A scalar, -k/2 or more; divided by the number of replicas, as the losses of Keras are.

    Raises:
        ValueError: `ddof` is neither 0 nor 1.

    Example:
        >>> f = ops.array([[-1.0], [1.0]])
        >>> float(SoftHGR(ddof=0)(None, ops.stack([f, f], axis=1)))
        -0.5
    """

    reads_labels: ClassVar[bool] = False

    def __init__(self, centred=True, ddof=1, shifted=False, name="soft_hgr", dtype=None):
        super().__init__(name=name, dtype=dtype)
        if ddof not in (0, 1):
            raise ValueError(f"Moments are divided by N - 1 or by N. Received: ddof={ddof}")
        self.centred, self.ddof, self.shifted = centred, ddof, shifted

    # Not `call`: Keras would take its result for a loss of each clip, and multiply it with the weights.
    def __call__(self, y_true, y_pred, sample_weight=None):
        f, g = ops.unstack(ops.cast(y_pred, self.dtype), 2, axis=1)
        loss = -soft_hgr(f, g, sample_weight, centred=self.centred, ddof=self.ddof)
        if self.shifted:
            loss = loss + f.shape[-1] / 2
        return loss / tf.distribute.get_strategy().num_replicas_in_sync

    def get_config(self) -> dict:
        return {"name": self.name, "centred": self.centred, "ddof": self.ddof, "shifted": self.shifted}
