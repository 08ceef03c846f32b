"""The spread of an output over clips, which shows whether its features grow or shrink in training."""

from keras import ops

__all__ = ["spread"]


def spread(y_true, y_pred):
    """Return the standard deviation of each feature over a batch; as a metric, the mean over features and batches.

    Args:
        y_true: ignored.
        y_pred: features, `batch x features`.

    Returns:
        `features` numbers, 0 or more.

    Example:
        >>> spread(None, [[1.0, 5.0], [3.0, 5.0]]).numpy().tolist()
        [1.0, 0.0]
    """
    return ops.std(ops.convert_to_tensor(y_pred), axis=0)
