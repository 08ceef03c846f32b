"""Fusion by the network of atmaja2020, with predictions instead of features as inputs."""

from collections.abc import Sequence

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from kerasemo.fusion.recordings import checked, checked_input, checked_lengths, shaped, slices

__all__ = ["BATCH_SIZE", "DROPOUT", "LEARNING_RATE", "UNITS", "LSTMFusion"]

# Values of the paper, repeated here because the network's module loads TensorFlow.
UNITS = (256, 128, 64)
DROPOUT = 0.4
LEARNING_RATE = 5e-4
BATCH_SIZE = 34
_INPUT = "predictions"


class LSTMFusion(RegressorMixin, BaseEstimator):
    """The LSTM regressor on the traces of all models, trained on the sum of the targets' CCC losses.

    It is meant for comparison: it has far too many weights for a few recordings.

    Args:
        units: units of each LSTM.
        dropout: dropout rate after each LSTM, 0..1.
        n_epochs: number of epochs.
        seed: seed of weights, dropout and the order of recordings.

    Attributes:
        network_: the trained network, from `predictions` to the outputs `target_0`, `target_1`, ...
    """

    def __init__(
        self, units: Sequence[int] = UNITS, dropout: float = DROPOUT, n_epochs: int = 50, seed: int = 0
    ) -> None:
        self.units = units
        self.dropout = dropout
        self.n_epochs = n_epochs
        self.seed = seed

    def fit(self, X, y, lengths: Sequence[int] | None = None, groups: Sequence | None = None) -> "LSTMFusion":
        """Train the network.

        Args:
            X: `frames x (models * targets)`.
            y: `frames` or `frames x targets`.
            lengths: frames of each recording; None: each frame is a recording.
            groups: ignored.

        Returns:
            This estimator.
        """
        from kerasemo.training.reproducible import seed_everything

        seed_everything(self.seed)
        import keras

        keras.utils.clear_session()  # frees the networks of earlier fits
        from kerasemo.losses.ccc import CCCLoss
        from kerasemo.models.lstm_regressor import lstm_regressor
        from kerasemo.training import datasets
        from kerasemo.training.fit import adapt

        X, targets = checked(self, X, y)
        lengths = checked_lengths(lengths, len(X))
        names = [f"target_{number}" for number in range(targets.shape[1])]
        inputs = {_INPUT: _padded(X, lengths)}
        mask = np.arange(lengths.max()) < lengths[:, None]
        traces = _padded(targets, lengths)
        labels = {name: traces[:, :, [column]] for column, name in enumerate(names)}
        weights = dict.fromkeys(names, mask.astype(np.float32))
        self.network_ = lstm_regressor({_INPUT: X.shape[1]}, names, self.units, self.dropout)
        adapt(self.network_, inputs, mask)
        self.network_.compile(keras.optimizers.RMSprop(LEARNING_RATE), loss={name: CCCLoss() for name in names})
        stream = datasets.epochs(inputs, labels, BATCH_SIZE, self.seed, weights=weights)
        steps = -(-len(lengths) // BATCH_SIZE)
        # The data set is shuffled already; without `shuffle=False`, Keras warns that it cannot shuffle.
        self.network_.fit(stream, steps_per_epoch=steps, epochs=self.n_epochs, shuffle=False, verbose=0)
        return self

    def predict(self, X, lengths: Sequence[int] | None = None) -> np.ndarray:
        """Return the fused traces, with the number of axes of the targets.

        Args:
            X: predictions of all models, `frames x (models * targets)`.
            lengths: frames of each recording; None: each frame is a recording.
        """
        check_is_fitted(self)
        X = checked_input(self, X)
        lengths = checked_lengths(lengths, len(X))
        outputs = self.network_.predict({_INPUT: _padded(X, lengths)}, batch_size=BATCH_SIZE, verbose=0)
        padded = np.concatenate(list(outputs.values()), axis=-1).astype(np.float64)
        fused = np.concatenate([traces[:length] for traces, length in zip(padded, lengths, strict=True)])
        return shaped(self, fused)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        tags.regressor_tags.poor_score = True
        tags.non_deterministic = True
        return tags


def _padded(values: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Return the recordings padded with zeros, `recordings x frames x columns`, float32."""
    padded = np.zeros((len(lengths), lengths.max(), values.shape[1]), np.float32)
    for padded_recording, rows in zip(padded, slices(lengths), strict=True):
        padded_recording[: rows.stop - rows.start] = values[rows]
    return padded
