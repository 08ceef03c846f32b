"""The loss for distilling a trained network into another network."""

import keras
from keras import ops

__all__ = ["LogitMatching"]


@keras.saving.register_keras_serializable("kerasemo")
class LogitMatching(keras.losses.Loss):
    """Mean squared difference between the logits of student and teacher, each centred over the classes.

    Like the softmax, the loss ignores an offset that is common to all logits. It is the high-temperature limit of
    distillation with softened probabilities.

    Source: goswami2018, section 7 ("match the outputs of the probe network to these logits"); Hinton, Vinyals and
    Dean 2015, "Distilling the Knowledge in a Neural Network", section 2.1.

    Args:
        y_true: logits of the teacher, `batch x classes`.
        y_pred: logits of the student, `batch x classes`.

    Example:
        >>> teacher, student = [[1.0, 3.0]], [[6.0, 6.0]]
        >>> float(LogitMatching()(teacher, student))
        1.0
    """

    def __init__(self, reduction="sum_over_batch_size", name="logit_matching", **kwargs):
        super().__init__(reduction=reduction, name=name, **kwargs)

    def call(self, y_true, y_pred):
        def centred(logits):
            return logits - ops.mean(logits, axis=-1, keepdims=True)

        return ops.mean(ops.square(centred(y_pred) - centred(y_true)), axis=-1)
