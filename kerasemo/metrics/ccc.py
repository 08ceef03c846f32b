"""The concordance correlation coefficient (CCC) of a whole data set, updated batch by batch."""

import keras

from kerasemo.losses.ccc import ccc_of_sums, raw_sums

__all__ = ["CCC"]


@keras.saving.register_keras_serializable("kerasemo")
class CCC(keras.metrics.Metric):
    """CCC over all valid frames since the last reset, independent of how they are divided into batches and replicas.

    It accumulates six sums in float64. Pass it to `compile(weighted_metrics=...)`: in `metrics` it would not receive
    the weights, and would include the padding.

    Source: Lin 1989, "A concordance correlation coefficient to evaluate reproducibility", Biometrics 45; see
    `losses.ccc` for the formula.

    Args:
        y_true, y_pred, sample_weight: as in `kerasemo.losses.CCCLoss`.

    Returns:
        -1..1 in float64; 0 without frames, or if all labels and predictions are the same number.

    Example:
        >>> metric = CCC()
        >>> metric.update_state([[0.0, 1.0]], [[0.0, 1.0]])
        >>> metric.update_state([[2.0, 0.0]], [[1.0, 9.0]], sample_weight=[[1, 0]])
        >>> round(float(metric.result()), 6)
        0.666667
    """

    def __init__(self, name="ccc", dtype=None):
        super().__init__(name=name, dtype=dtype)
        self.sums = self.add_variable((6,), "zeros", dtype="float64", aggregation="sum", name="sums")

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.sums.assign_add(raw_sums(y_true, y_pred, sample_weight))

    def result(self):
        return ccc_of_sums(self.sums.value)
