"""The loss of continuous emotion recognition: one minus the concordance correlation coefficient.

CCC = 2 cov(x, y) / (var(x) + var(y) + (mean(x) - mean(y))^2), all moments by N (Lin 1989; atmaja2020, equation 1).

It is no mean over frames. Every frame counts through six sums over all of them, which are taken here in float64: so
float32 results keep their digits at any offset, and do not show in which order, and with how much padding, was summed.
"""

import keras
import tensorflow as tf
from keras import ops

from kerasemo.losses.replicas import over_replicas

# Below this share of the second moments a spread is what float64 leaves of a difference of equal numbers.
ROUNDING = 1e-13


@keras.saving.register_keras_serializable("kerasemo")
class CCCLoss(keras.losses.Loss):
    """1 - CCC between the labels and the predictions of one target, over the valid frames of a batch.

    All frames of the batch are one sample, as all frames of a partition are when a challenge scores it. Padding
    changes neither loss nor gradient, whatever it holds. A prediction that does not vary has CCC 0 and a finite
    gradient; so have labels and predictions that are one constant, where CCC is 0/0, and a batch without a frame.

    Under `tf.distribute` the sums are taken over all replicas: the loss is that of the whole batch, and the gradient
    that of one device with the whole batch.

    Source: atmaja2020, equation 2. The paper does not say over what CCC is taken. The baseline of AVEC 2019, which its
    network follows, takes it of each recording with its padding and then the mean; `per_sequence` is that
    without the padding.

    Args:
        per_sequence: the CCC of each sequence, then the mean over those that have a frame.
        y_true: labels, `batch x frames` or `batch x frames x 1`.
        y_pred: predictions, likewise.
        sample_weight: weight of each frame, 0 or more, `batch x frames`; 0 leaves the frame out. A Keras mask of
            `y_pred` leaves out more.

    Returns:
        A scalar, 0..2; divided by the number of replicas, as the losses of Keras are.

    Example:
        >>> labels, predictions = [[0.0, 1.0, 2.0, 0.0]], [[0.0, 1.0, 1.0, float("nan")]]
        >>> loss = CCCLoss()(labels, predictions, sample_weight=[[1, 1, 1, 0]])
        >>> round(float(loss), 6)
        0.333333
    """

    def __init__(self, per_sequence=False, name="ccc_loss", dtype=None):
        super().__init__(name=name, dtype=dtype)
        self.per_sequence = per_sequence

    # Not `call`: Keras would take the mean of its result over frames, and multiply it with the weights.
    def __call__(self, y_true, y_pred, sample_weight=None):
        sums = raw_sums(y_true, y_pred, sample_weight, self.per_sequence)
        if self.per_sequence:
            present = ops.cast(sums[0] > 0, "float64")
            losses = present * (1 - ccc_of_sums(sums))
            total, n = ops.unstack(over_replicas(ops.stack([ops.sum(losses), ops.sum(present)])))
            loss = total / ops.maximum(n, 1)
        else:
            loss = 1 - ccc_of_sums(over_replicas(sums))
        return ops.cast(loss / tf.distribute.get_strategy().num_replicas_in_sync, self.dtype)

    def get_config(self) -> dict:
        return {"name": self.name, "per_sequence": self.per_sequence}


def raw_sums(y_true, y_pred, sample_weight=None, per_sequence=False):
    """What CCC is made of: the weighted sums of 1, x, y, x^2, y^2 and x y over the frames, x true and y predicted.

    Sums of parts add up to the sums of the whole. Arguments as in `CCCLoss`.

    Returns:
        `6` in float64; `6 x batch` with `per_sequence`.

    Example:
        >>> raw_sums([[1.0, 2.0]], [[3.0, 5.0]]).numpy().tolist()
        [2.0, 3.0, 8.0, 5.0, 34.0, 13.0]
    """
    mask = getattr(y_pred, "_keras_mask", None)
    y = ops.cast(y_pred, "float64")
    # Same shape, lest `batch x frames` against `batch x frames x 1` is broadcast.
    x = ops.reshape(ops.cast(y_true, "float64"), ops.shape(y))
    weight = ops.ones_like(y) if sample_weight is None else _per_frame(sample_weight, y)
    if mask is not None:
        weight = ops.where(_per_frame(mask, y) > 0, weight, 0.0)
    # Chosen, not multiplied: padding may be NaN, and so may its gradient.
    valid = weight > 0
    weight, x, y = (ops.where(valid, values, 0.0) for values in (weight, x, y))
    axes = tuple(range(1, len(y.shape))) if per_sequence else None
    terms = (weight, weight * x, weight * y, weight * x * x, weight * y * y, weight * x * y)
    return ops.stack([ops.sum(term, axis=axes) for term in terms])


def ccc_of_sums(sums):
    """CCC from the sums of `raw_sums`; 0 where there is no frame, or all labels and predictions are one number.

    Example:
        >>> float(ccc_of_sums(raw_sums([[0.0, 1.0, 2.0]], [[2.0, 1.0, 0.0]])))
        -1.0
    """
    n, sx, sy, sxx, syy, sxy = ops.unstack(sums)
    n = ops.where(n > 0, n, 1.0)
    mean_x, mean_y, moments = sx / n, sy / n, (sxx + syy) / n
    spread = moments - 2 * mean_x * mean_y  # var(x) + var(y) + (mean(x) - mean(y))^2
    defined = spread > ROUNDING * moments
    covariance = sxy / n - mean_x * mean_y
    return ops.where(defined, 2 * covariance / ops.where(defined, spread, 1.0), 0.0)


def _per_frame(weight, y):
    """A weight for each element of y, from one a frame or one a sequence."""
    weight = ops.cast(weight, "float64")
    while len(weight.shape) < len(y.shape):
        weight = ops.expand_dims(weight, -1)
    return ops.broadcast_to(weight, ops.shape(y))
