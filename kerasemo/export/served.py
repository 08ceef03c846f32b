"""Applies SavedModels to media files."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from kerasemo.errors import InputError
from kerasemo.export.preprocessing import Preprocessing
from kerasemo.quiet import import_tensorflow

__all__ = ["SERVED_BATCH_SIZE", "ServedModel", "as_record"]

SERVED_BATCH_SIZE = 16


class ServedModel(Preprocessing):
    """A SavedModel with its preprocessing: from wav and mp4 files to class probabilities.

    Args:
        folder, moved: as in `Preprocessing`.

    Raises:
        InputError: As in `Preprocessing`; or the network is damaged.
    """

    def __init__(self, folder: str | os.PathLike, moved: Iterable[Path] = ()):
        super().__init__(folder, moved)
        tf = import_tensorflow(with_keras=False)
        try:
            self._network = tf.saved_model.load(str(self.folder))
        except (ValueError, OSError, tf.errors.OpError) as error:
            raise InputError(f"{self.folder} is a damaged SavedModel: {str(error).splitlines()[0]}") from None

    def predict(
        self,
        path: str | os.PathLike,
        start_s: float | None = None,
        end_s: float | None = None,
        gender: str | None = None,
    ) -> pd.Series:
        """Predict the probability of each class for one media file: the mean over its images, if there are several.

        Args:
            path, start_s, end_s, gender: as in `read`.

        Returns:
            Probabilities indexed by class name, which sum to 1; or one number, indexed by its name.

        Raises:
            BrokenClip, InputError: As `read`.
        """
        return self.decide(self.read(path, start_s, end_s, gender))

    def decide(self, batch: Mapping[str, np.ndarray]) -> pd.Series:
        """Predict the probability of each class for one media file from its preprocessed items.

        Args:
            batch: what `read` returned for the file.

        Returns:
            As `predict`.
        """
        return pd.Series(self.probabilities(batch).mean(axis=0), index=self.classes)

    def probabilities(self, batch: Mapping[str, np.ndarray]) -> np.ndarray:
        """Predict the class probabilities of preprocessed items.

        Args:
            batch: named inputs, items along the first axis; they are processed in small batches.

        Returns:
            Probabilities, `items x classes`.
        """
        n_items = len(next(iter(batch.values())))
        parts = [
            self._network.serve({name: array[i : i + SERVED_BATCH_SIZE] for name, array in batch.items()})
            for i in range(0, n_items, SERVED_BATCH_SIZE)
        ]
        return np.concatenate([part[self._decision].numpy() for part in parts])


def as_record(prediction: pd.Series) -> dict:
    """Return a prediction as plain values: `predicted` and `probabilities`, or the number that the network predicts.

    Args:
        prediction: what `ServedModel.predict` returned.
    """
    values = prediction.astype(float).to_dict()
    return {"predicted": prediction.idxmax(), "probabilities": values} if len(values) > 1 else values
