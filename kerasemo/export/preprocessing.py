"""Computes the inputs of an exported network from media files, without TensorFlow and without the network."""

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from kerasemo.errors import BrokenClip, InputError
from kerasemo.export.formats import SavedModel
from kerasemo.features import FEATURE_SETS
from kerasemo.features.feature_set import digest_of
from kerasemo.features.network_input import NetworkInput
from kerasemo.training.run import MODEL_CARD

__all__ = ["PREPROCESSING", "Preprocessing"]

PREPROCESSING = SavedModel.description


class Preprocessing:
    """What a SavedModel says about itself: its inputs, its classes, its model card.

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

    def read(
        self,
        path: str | os.PathLike,
        start_s: float | None = None,
        end_s: float | None = None,
        gender: str | None = None,
    ) -> dict[str, np.ndarray]:
        """Return the inputs of the network for one media file: named arrays, items along the first axis.

        Args:
            path: the file.
            start_s, end_s: the part to read, seconds; None: from the beginning, to the end.
            gender: the speaker's gender, which some feature sets use to choose a channel or a face; `female`, `male` or
                None if not known.

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
        return batch


def _with_current_paths(folder: Path, config: Mapping, new_paths: Mapping[str, str]) -> dict:
    """Return the config of an input with the current paths of its files: from `new_paths`, by digest, or unchanged."""
    updated = dict(config)
    feature_set = FEATURE_SETS.get(config["feature_set"])
    for parameter, digest in feature_set.files.items() if feature_set else ():
        updated[parameter] = path = new_paths.get(config.get(digest), config.get(parameter, ""))
        if path and not Path(path).is_file():
            raise InputError(f"{folder} reads {path}, which is not there any more; give the file with --file.")
    return updated
