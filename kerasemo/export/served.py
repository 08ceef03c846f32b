"""Applies SavedModels to media files."""

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from kerasemo.errors import BrokenClip, InputError
from kerasemo.export.formats import SavedModel
from kerasemo.features import FEATURE_SETS
from kerasemo.features.feature_set import digest_of
from kerasemo.features.network_input import NetworkInput
from kerasemo.quiet import import_tensorflow
from kerasemo.training.run import MODEL_CARD

__all__ = ["PREPROCESSING", "SERVED_BATCH_SIZE", "ServedModel"]

PREPROCESSING = SavedModel.description
SERVED_BATCH_SIZE = 16


class ServedModel:
    """A SavedModel with its preprocessing: from wav and mp4 files to class probabilities.

    Args:
        folder: a SavedModel that `export` wrote.
        moved: new paths of files that its preprocessing reads, such as a landmark model.

    Raises:
        InputError: The folder is not a SavedModel, has no description of the preprocessing, or a file of the
            preprocessing is missing.
    """

    def __init__(self, folder: str | os.PathLike, moved: Iterable[Path] = ()):
        self.folder = folder = Path(folder)
        if not (folder / SavedModel.network).is_file():
            raise InputError(f"{folder} is no SavedModel; give a folder that `kerasemo export` wrote.")
        try:
            self.description = json.loads((folder / PREPROCESSING).read_text())
            new_paths = {digest_of(path): str(path) for path in moved}
            self.inputs = {
                name: NetworkInput.from_config(_with_current_paths(folder, config, new_paths))
                for name, config in self.description["inputs"].items()
            }
            self.classes, self._decision = self.description["classes"], self.description["decision"]
            self._n_frames = self.description.get("n_frames")
        except (OSError, KeyError, TypeError, AttributeError, json.JSONDecodeError):
            raise InputError(
                f"{folder} does not say how its inputs are computed from media files ({PREPROCESSING})."
            ) from None
        tf = import_tensorflow()
        try:
            self._network = tf.saved_model.load(str(folder))
        except (ValueError, OSError, tf.errors.OpError) as error:
            raise InputError(f"{folder} is a damaged SavedModel: {str(error).splitlines()[0]}") from None

    @property
    def card(self) -> str:
        """The model card, in Markdown.

        Raises:
            InputError: The SavedModel has none.
        """
        try:
            return (self.folder / PREPROCESSING.parent / MODEL_CARD).read_text(encoding="utf-8")
        except OSError:
            raise InputError(f"{self.folder} has no model card; `kerasemo train --final` writes one.") from None

    def predict(
        self,
        path: str | os.PathLike,
        start_s: float | None = None,
        end_s: float | None = None,
        gender: str | None = None,
    ) -> pd.Series:
        """Predict the probability of each class for one media file: the mean over its images, if there are several.

        Args:
            path: the file.
            start_s, end_s: the part to read, seconds; None: from the beginning, to the end.
            gender: the speaker's gender, which some feature sets use to choose a channel or a face; `female`, `male` or
                None if not known.

        Returns:
            Probabilities indexed by class name, which sum to 1; or one number, indexed by its name.

        Raises:
            BrokenClip: The file cannot be used, or lacks sound or video that the network needs.
            InputError: The network was trained on features computed by others.
        """
        if not self.inputs:
            raise InputError("this network takes features, not media files; give them to `probabilities`.")
        arrays = {
            name: network_input.read(Path(path), start_s, end_s, gender) for name, network_input in self.inputs.items()
        }
        n_items = max(len(array) for array in arrays.values())
        batch = {
            name: np.broadcast_to(array, (n_items, *array.shape[1:])).astype("float32")
            for name, array in arrays.items()
        }
        if self._n_frames:
            n = min(array.shape[1] for array in batch.values())
            if not n:
                raise BrokenClip(f"{path} is shorter than a frame of the network.")
            batch = {name: array[:, :n] for name, array in batch.items()} | {self._n_frames: np.int32([n])}
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


def _with_current_paths(folder: Path, config: Mapping, new_paths: Mapping[str, str]) -> dict:
    """Return the config of an input with the current paths of its files: from `new_paths`, by digest, or unchanged."""
    updated = dict(config)
    feature_set = FEATURE_SETS.get(config["feature_set"])
    for parameter, digest in feature_set.files.items() if feature_set else ():
        updated[parameter] = path = new_paths.get(config.get(digest), config.get(parameter, ""))
        if path and not Path(path).is_file():
            raise InputError(f"{folder} reads {path}, which is not there any more; give the file with --file.")
    return updated
