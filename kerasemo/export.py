"""Trained networks as SavedModels, and SavedModels at work on media files."""

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

PREPROCESSING = Path("assets.extra", "kerasemo.json")
TOLERANCE = 1e-6
SERVED_BATCH_SIZE = 16
COMPARED_BATCH_SIZES = (1, 3, 8)
COMPARED_SCALES = (1.0, 30.0, 0.01)


def export_model(run: str | os.PathLike, model: str, folder: str | os.PathLike) -> None:
    """Export a trained model of a run folder; see `export`.

    Raises:
        InputError: the run has no such model, or see `export`.
    """
    checkpoints = Path(run, "checkpoints")
    try:
        description = json.loads((checkpoints / f"{model}.json").read_text())
    except (OSError, json.JSONDecodeError):
        trained = ", ".join(sorted(path.stem for path in checkpoints.glob("*.keras"))) or "none"
        raise InputError(f"{run} has no trained model {model}; it has: {trained}.") from None
    export(checkpoints / f"{model}.keras", description, folder)


def export(keras_file: str | os.PathLike, description: Mapping, folder: str | os.PathLike) -> None:
    """Write the plain network of a `.keras` file as a SavedModel with its preprocessing beside it.

    The SavedModel is reloaded and compared with `predict` at several batch sizes and scales of the inputs before it
    stands at `folder`. This runs in a process of its own that sees no GPU: a network traced where one is visible would
    not run without.

    Args:
        keras_file: a saved `JointModel` or functional model with named inputs and outputs.
        description: what `checkpoints/<model>.json` of a run folder holds: how each input is made from a file
            (`inputs`), the input for the number of valid frames where there is one (`n_frames`), the output that is the
            answer (`decision`), the names of its classes (`classes`).
        folder: where the SavedModel shall stand; one that stands there is replaced.

    Raises:
        InputError: the file is no model, the folder holds something else, or the reloaded network differs.
    """
    folder = Path(folder)
    if folder.exists() and any(folder.iterdir()) and not (folder / "saved_model.pb").exists():
        raise InputError(f"{folder} holds something that is no SavedModel; choose another folder.")
    if not Path(keras_file).is_file():
        raise InputError(f"{keras_file} is not there; give the .keras file of a trained model.")
    with files.whole(folder) as temporary:
        done = subprocess.run(
            [sys.executable, "-m", "kerasemo.export", str(keras_file), str(temporary)],
            env={**os.environ, "CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3"},
            capture_output=True,
            text=True,
        )
        if done.returncode:
            reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
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
        # An axis of any length gets another one each time.
        shapes = {name: [size, *(n or 10 + size for n in x.shape[1:])] for name, x in network.input.items()}
        batch = {
            # Whole numbers say how many frames are valid.
            name: generator.integers(1, 10 + size, shape, endpoint=True).astype("int32")
            if network.input[name].dtype == "int32"
            else (scale * generator.standard_normal(shape)).astype("float32")
            for name, shape in shapes.items()
        }
        expected, got = network.predict(batch, verbose=0), reloaded.serve(batch)
        for name, values in expected.items():
            difference = np.abs(values - got[name].numpy()).max() / max(1.0, np.abs(values).max())
            if not difference <= TOLERANCE:
                raise InputError(f"{name} of the reloaded network differs from the trained one's by {difference:.1e}.")


class ServedModel:
    """A SavedModel with its preprocessing: from wav and mp4 files to class probabilities.

    Args:
        folder: a SavedModel that `export` wrote.
        moved: files that its preprocessing reads, such as a model of landmarks, and that stand elsewhere now.

    Raises:
        InputError: the folder is no SavedModel, has no preprocessing beside it, or a file of that is missing.
    """

    def __init__(self, folder: str | os.PathLike, moved: Iterable[Path] = ()):
        folder = Path(folder)
        if not (folder / "saved_model.pb").is_file():
            raise InputError(f"{folder} is no SavedModel; give a folder that `kerasemo export` wrote.")
        try:
            self.description = json.loads((folder / PREPROCESSING).read_text())
            places = {digest_of(path): str(path) for path in moved}
            self.inputs = {
                name: NetworkInput.from_config(_with_its_files(folder, config, places))
                for name, config in self.description["inputs"].items()
            }
            self.classes, self._decision = self.description["classes"], self.description["decision"]
            self._n_frames = self.description.get("n_frames")
        except (OSError, KeyError, TypeError, AttributeError, json.JSONDecodeError):
            raise InputError(
                f"{folder} does not say how its inputs are made of media files ({PREPROCESSING})."
            ) from None
        tf = import_tensorflow()
        try:
            self._network = tf.saved_model.load(str(folder))
        except (ValueError, OSError, tf.errors.OpError) as error:
            raise InputError(f"{folder} is a damaged SavedModel: {str(error).splitlines()[0]}") from None

    def predict(
        self,
        path: str | os.PathLike,
        start_s: float | None = None,
        end_s: float | None = None,
        gender: str | None = None,
    ) -> pd.Series:
        """The probability of each class for one media file: the mean over the file's images, where it has several.

        Args:
            path: the file.
            start_s, end_s: the part to read, seconds; None: from the beginning, to the end.
            gender: the speaker's, where a feature set chooses a channel or a face by it; `female`, `male` or not known.

        Returns:
            Probabilities indexed by class name; they sum to 1.

        Raises:
            BrokenClip: the file cannot be used, or has no sound or no video where the network needs it.
            InputError: the network was trained on features that others computed.
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
        """What the network says of items that are made already: `items x classes`.

        Args:
            batch: named inputs, items along the first axis. They go through the network a few at a time.
        """
        n_items = len(next(iter(batch.values())))
        parts = [
            self._network.serve({name: array[i : i + SERVED_BATCH_SIZE] for name, array in batch.items()})
            for i in range(0, n_items, SERVED_BATCH_SIZE)
        ]
        return np.concatenate([part[self._decision].numpy() for part in parts])


def _with_its_files(folder: Path, config: Mapping, places: Mapping[str, str]) -> dict:
    """How an input is made, with the files that this reads where they stand now: `places`, by digest, or as before."""
    found = dict(config)
    of = FEATURE_SETS.get(config["feature_set"])
    for parameter, digest in of.files.items() if of else ():
        found[parameter] = path = places.get(config.get(digest), config.get(parameter, ""))
        if path and not Path(path).is_file():
            raise InputError(f"{folder} reads {path}, which is not there any more; give the file with --file.")
    return found


if __name__ == "__main__":
    _export_here(*sys.argv[1:])
