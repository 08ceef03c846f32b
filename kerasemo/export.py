"""Exports trained networks as SavedModels, and applies SavedModels to media files."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from kerasemo import files
from kerasemo.errors import BrokenClip, InputError
from kerasemo.features import FEATURE_SETS
from kerasemo.features.feature_set import digest_of
from kerasemo.features.network_input import NetworkInput
from kerasemo.quiet import import_tensorflow
from kerasemo.training.run import MODEL_CARD

PREPROCESSING = Path("assets.extra", "kerasemo.json")
TOLERANCE = 1e-6
SERVED_BATCH_SIZE = 16
COMPARED_BATCH_SIZES = (1, 3, 8)
COMPARED_SCALES = (1.0, 30.0, 0.01)


def export_model(run: str | os.PathLike, model: str, folder: str | os.PathLike) -> None:
    """Export a trained model of a run folder; see `export`.

    Args:
        run: the run folder.
        model: name of the model in the run folder.
        folder: as in `export`.

    Raises:
        InputError: The run has no such model; or see `export`.
    """
    checkpoints = Path(run, "checkpoints")
    try:
        description = json.loads((checkpoints / f"{model}.json").read_text())
    except (OSError, json.JSONDecodeError):
        trained = ", ".join(sorted(path.stem for path in checkpoints.glob("*.keras"))) or "none"
        raise InputError(f"{run} has no trained model {model}; it has: {trained}.") from None
    export(checkpoints / f"{model}.keras", description, folder)


def export(keras_file: str | os.PathLike, description: Mapping, folder: str | os.PathLike) -> None:
    """Write the plain network of a `.keras` file as a SavedModel that includes a description of its preprocessing.

    Before it is moved to `folder`, the SavedModel is reloaded and compared with `predict` for several batch sizes and
    scales of the inputs. This is done in a separate process without a GPU: a network traced with a GPU would need one.

    Args:
        keras_file: a saved `JointModel` or functional model with named inputs and outputs.
        description: the content of `checkpoints/<model>.json` of a run folder: how each input is computed from a file
            (`inputs`), the name of the input with the number of valid frames, if any (`n_frames`), the output with the
            decision (`decision`), and the names of its classes, or of the number that it predicts (`classes`).
        folder: folder of the SavedModel; an existing SavedModel is replaced.

    Raises:
        InputError: The file is not a model, the folder contains something else, or the reloaded network gives different
            results.
    """
    folder = Path(folder)
    if folder.exists() and any(folder.iterdir()) and not (folder / "saved_model.pb").exists():
        raise InputError(f"{folder} contains something that is not a SavedModel; choose another folder.")
    if not Path(keras_file).is_file():
        raise InputError(f"{keras_file} is not there; give the .keras file of a trained model.")
    with files.whole(folder) as temporary:
        process = subprocess.run(
            [sys.executable, "-m", "kerasemo.export", str(keras_file), str(temporary)],
            env={**os.environ, "CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3"},
            capture_output=True,
            text=True,
        )
        if process.returncode:
            reason = (process.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise InputError(f"{keras_file} could not be exported: {reason}")
        (temporary / PREPROCESSING).parent.mkdir()
        (temporary / PREPROCESSING).write_text(json.dumps(description, indent=2, ensure_ascii=False) + "\n")


def _export_here(keras_file: str, folder: str) -> None:
    import tensorflow as tf

    from kerasemo.training.saving import load_network

    network = load_network(keras_file)
    network.export(folder, format="tf_saved_model", verbose=False)
    reloaded = tf.saved_model.load(folder)
    generator = np.random.default_rng(0)
    for size, scale in zip(COMPARED_BATCH_SIZES, COMPARED_SCALES, strict=True):
        # An axis of any length has a different length each time.
        shapes = {name: [size, *(n or 10 + size for n in x.shape[1:])] for name, x in network.input.items()}
        batch = {
            # Integer inputs are numbers of valid frames.
            name: generator.integers(1, 10 + size, shape, endpoint=True).astype("int32")
            if network.input[name].dtype == "int32"
            else (scale * generator.standard_normal(shape)).astype("float32")
            for name, shape in shapes.items()
        }
        expected, served = network.predict(batch, verbose=0), reloaded.serve(batch)
        for name, values in expected.items():
            difference = np.abs(values - served[name].numpy()).max() / max(1.0, np.abs(values).max())
            if not difference <= TOLERANCE:
                raise InputError(f"{name} of the reloaded network differs from the trained one by {difference:.1e}.")


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
        if not (folder / "saved_model.pb").is_file():
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


if __name__ == "__main__":
    _export_here(*sys.argv[1:])
