"""The loss of continuous emotion recognition: one minus the concordance correlation coefficient.

CCC = 2 cov(x, y) / (var(x) + var(y) + (mean(x) - mean(y))^2), all moments divided by N (Lin 1989; atmaja2020, eq. 1).

CCC is not a mean over frames. It is computed from six sums over all frames. They are computed in float64, so that
float32 results stay accurate for values with a large offset, and do not depend on the order or amount of padding.
"""

import keras
import tensorflow as tf
from keras import ops

from kerasemo.losses.replicas import over_replicas

__all__ = ["ROUNDING", "CCCLoss", "ccc_of_sums", "raw_sums"]

# A spread below this share of the second moments is only the rounding error of float64.
ROUNDING = 1e-13


@keras.saving.register_keras_serializable("kerasemo")
class CCCLoss(keras.losses.Loss):
    """1 - CCC between the labels and the predictions of one target, over the valid frames of a batch.

    All frames of the batch form one sample, just as a challenge scores all frames of a partition together. Padding
    changes neither loss nor gradient, whatever its values. A constant prediction has CCC 0 and a finite gradient. The
    same holds if labels and predictions are the same constant, where CCC is 0/0, and for a batch without valid frames.

    Under `tf.distribute` the sums are taken over all replicas: loss and gradient are the same as on a single device
    with the whole batch.

    Source: atmaja2020, equation 2. The paper does not say over which frames CCC is computed. Its network follows the
    baseline of AVEC 2019, which computes CCC for each recording, including padding, and takes the mean;
    `per_sequence` does the same without the padding.

    Args:
        per_sequence: compute CCC for each sequence, then the mean over the sequences with at least one valid frame.
        scaled: multiply the loss by the mean weight of the batch, as Keras does with losses that are means. It is for
            items that may lack the label: a batch with few labels counts less, and one without labels has loss 0.
        y_true: labels, `batch x frames` or `batch x frames x 1`.
        y_pred: predictions, of the same shape.
        sample_weight: weight of each frame, 0 or more, `batch x frames`; 0 excludes the frame. Frames that are masked
            by a Keras mask of `y_pred` are excluded, too.

    Returns:
        A scalar, 0..2, divided by the number of replicas, as the losses of Keras are.

    Raises:
        ValueError: both `per_sequence` and `scaled` are set.

    Example:
        >>> labels, predictions = [[0.0, 1.0, 2.0, 0.0]], [[0.0, 1.0, 1.0, float("nan")]]
        >>> loss = CCCLoss()(labels, predictions, sample_weight=[[1, 1, 1, 0]])
        >>> round(float(loss), 6)
        0.333333
    """

    def __init__(self, per_sequence=False, scaled=False, name="ccc_loss", dtype=None):
        if per_sequence and scaled:
            raise ValueError("Sequences are averaged without weights. Received: per_sequence=True, scaled=True")
        super().__init__(name=name, dtype=dtype)
        self.per_sequence, self.scaled = per_sequence, scaled

    # Overrides `__call__`, because Keras takes the mean over the result of `call` and multiplies it by the weights.
    def __call__(self, y_true, y_pred, sample_weight=None):
        sums = raw_sums(y_true, y_pred, sample_weight, self.per_sequence)
        if self.per_sequence:
            present = ops.cast(sums[0] > 0, "float64")
            losses = present * (1 - ccc_of_sums(sums))
            total, n = ops.unstack(over_replicas(ops.stack([ops.sum(losses), ops.sum(present)])))
            loss = total / ops.maximum(n, 1)
        else:
            sums = over_replicas(sums)
            loss = 1 - ccc_of_sums(sums)
            if self.scaled:
                loss *= sums[0] / over_replicas(ops.cast(ops.size(y_pred), "float64"))
        return ops.cast(loss / tf.distribute.get_strategy().num_replicas_in_sync, self.dtype)

    def get_config(self) -> dict:
        return {"name": self.name, "per_sequence": self.per_sequence, "scaled": self.scaled}


def raw_sums(y_true, y_pred, sample_weight=None, per_sequence=False):
    """Return the weighted sums of 1, x, y, x^2, y^2 and x y over the frames, where x is true and y predicted.

    CCC can be computed from these six sums. The sums of several parts of the data can be added.

    Args:
        y_true, y_pred, sample_weight, per_sequence: as in `CCCLoss`.

    Returns:
        A float64 tensor of shape `6`, or `6 x batch` with `per_sequence`.

    Example:
        >>> raw_sums([[1.0, 2.0]], [[3.0, 5.0]]).numpy().tolist()
        [2.0, 3.0, 8.0, 5.0, 34.0, 13.0]
    """
    mask = getattr(y_pred, "_keras_mask", None)
    y = ops.cast(y_pred, "float64")
    # The shapes are made equal, so that `batch x frames` is not broadcast against `batch x frames x 1`.
    x = ops.reshape(ops.cast(y_true, "float64"), ops.shape(y))
    weight = ops.ones_like(y) if sample_weight is None else _per_frame(sample_weight, y)
    if mask is not None:
        weight = ops.where(_per_frame(mask, y) > 0, weight, 0.0)
    # `where` instead of a product with 0: the padding and its gradient may be NaN.
    valid = weight > 0
    weight, x, y = (ops.where(valid, values, 0.0) for values in (weight, x, y))
    axes = tuple(range(1, len(y.shape))) if per_sequence else None
    terms = (weight, weight * x, weight * y, weight * x * x, weight * y * y, weight * x * y)
    return ops.stack([ops.sum(term, axis=axes) for term in terms])


def ccc_of_sums(sums):
    """Return CCC from the sums of `raw_sums`; 0 without frames, or if all labels and predictions are the same number.

    Args:
        sums: six sums, `6` or `6 x batch`.

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
    """Expand weights per frame or per sequence to a weight for each element of y."""
    weight = ops.cast(weight, "float64")
    while len(weight.shape) < len(y.shape):
        weight = ops.expand_dims(weight, -1)
    return ops.broadcast_to(weight, ops.shape(y))
