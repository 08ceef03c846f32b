"""The common loss of two modalities: minus the Soft-HGR score of their features.

H(f, g) = tr cov(f, g) - 1/2 tr(cov(f) cov(g)), with the k x k covariances of f and g over the clips (Wang, Wu, Huang,
Zheng, Xu, Zhang and Huang 2019, "An efficient approach to informative feature extraction from multimodal data",
equation 7; zhang2018, section 2, "common loss").

The maximum of H over all f and g is half the sum of the squares of the first k maximal correlations of the two
modalities. If the modalities are jointly Gaussian, and f and g linear, these are the canonical correlations. The
maximum is 0 if the modalities are independent, and never more than k/2.

H depends on the scale of the features, which other losses change: if they enlarge f by a factor b, the g that maximises
H is smaller by this factor, and a classifier that reads g learns slowly. `standardised` replaces all covariances by
correlations, so that the best g does not depend on the scale of f.
"""

from typing import ClassVar

import keras
import tensorflow as tf
from keras import ops

from kerasemo.losses.replicas import over_replicas

__all__ = ["ROUNDING", "SoftHGR", "soft_hgr"]

# If less than this share of the clips is left after subtracting the degrees of freedom, it is only rounding error.
ROUNDING = 1e-6


def soft_hgr(f, g, sample_weight=None, *, centred: bool = True, ddof: int = 1, standardised: bool = False):
    """Return the Soft-HGR score H of two feature vectors of the same clips.

    Score and gradient are polynomials in the features, and finite for all finite features, including constant ones.
    With too few clips for a covariance, such as one clip with `ddof=1`, score and gradient are 0. In a small batch,
    chance correlations have a large effect: use several times as many clips as the features have dimensions.

    Args:
        f, g: `batch x k` each.
        sample_weight: weight of each clip, 0 or more, `batch`; 0 excludes the clip, whatever its values. Only the
            ratios of the weights matter, as with `aweights` in `numpy.cov`. None: all weights are equal.
        centred: subtract the mean over the batch from each feature; otherwise the moments are about 0.
        ddof: 1 divides all moments by N - 1, 0 by N, where N is the number of clips.
        standardised: divide each feature by its standard deviation over the batch first. The score is then the sum of
            the correlations of both features minus 1/2 tr(corr(f) corr(g)), at most k/2.

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
        # `where` instead of a product with 0: excluded clips and their gradients may be NaN.
        clips = ops.where(weight > 0, clips, 0.0)
    total, sums = over_replicas([ops.sum(weight), ops.sum(weight * clips, axis=0)])
    total = ops.where(total > 0, total, 1.0)
    if centred:
        clips = clips - sums / total
    share = weight / total
    moments, squares = over_replicas([ops.matmul(ops.transpose(share * clips), clips), ops.sum(ops.square(share))])
    left = 1 - ddof * squares
    covariance = ops.where(left > ROUNDING, moments / ops.maximum(left, ROUNDING), 0.0)
    if standardised:
        # The lower limit keeps score and gradient of constant features finite.
        scale = ops.rsqrt(ops.maximum(ops.diagonal(covariance), keras.config.epsilon()))
        covariance = scale[:, None] * covariance * scale
    return ops.trace(covariance[:k, k:]) - ops.sum(covariance[:k, :k] * covariance[k:, k:]) / 2


@keras.saving.register_keras_serializable("kerasemo")
class SoftHGR(keras.losses.Loss):
    """Minus the Soft-HGR score of two feature vectors; does not use labels (see `JointModel`).

    Under `tf.distribute` the covariances are computed over all replicas: loss and gradient are the same as on a single
    device with the whole batch.

    The value in a history is the mean over batches, and therefore depends on the batch size.

    Args:
        centred, ddof, standardised: as in `soft_hgr`.
        shifted: use k/2 - H, which has the same gradient and is never negative. Weightings that divide by a loss, or
            train its weight against a regulariser, need this (`uncertainty` and `liebel_korner` have no minimum for a
            negative loss).
        y_true: ignored; may be None.
        y_pred: both feature vectors, `batch x 2 x k`.
        sample_weight: as in `soft_hgr`.

    Returns:
        A scalar, -k/2 or more, divided by the number of replicas, as the losses of Keras are.

    Raises:
        ValueError: `ddof` is neither 0 nor 1.

    Example:
        >>> f = ops.array([[-1.0], [1.0]])
        >>> float(SoftHGR(ddof=0)(None, ops.stack([f, f], axis=1)))
        -0.5
    """

    reads_labels: ClassVar[bool] = False

    def __init__(self, centred=True, ddof=1, shifted=False, standardised=False, name="soft_hgr", dtype=None):
        super().__init__(name=name, dtype=dtype)
        if ddof not in (0, 1):
            raise ValueError(f"Moments are divided by N - 1 or by N. Received: ddof={ddof}")
        self.centred, self.ddof, self.shifted, self.standardised = centred, ddof, shifted, standardised

    # Overrides `__call__`: Keras treats the result of `call` as a loss per clip and multiplies it by the weights.
    def __call__(self, y_true, y_pred, sample_weight=None):
        f, g = ops.unstack(ops.cast(y_pred, self.dtype), 2, axis=1)
        options = {"centred": self.centred, "ddof": self.ddof, "standardised": self.standardised}
        loss = -soft_hgr(f, g, sample_weight, **options)
        if self.shifted:
            loss = loss + f.shape[-1] / 2
        return loss / tf.distribute.get_strategy().num_replicas_in_sync

    def get_config(self) -> dict:
        names = ("name", "centred", "ddof", "shifted", "standardised")
        return {name: getattr(self, name) for name in names}
