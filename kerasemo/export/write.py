"""Exports trained networks."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from kerasemo import files
from kerasemo.errors import InputError
from kerasemo.export.formats import FORMATS

__all__ = ["export", "export_model"]


def export_model(run: str | os.PathLike, model: str, folder: str | os.PathLike, format: str = "savedmodel") -> None:
    """Export a trained model of a run folder; see `export`.

    Args:
        run: the run folder.
        model: name of the model in the run folder.
        folder, format: as in `export`.

    Raises:
        InputError: The run has no such model; or see `export`.
    """
    checkpoints = Path(run, "checkpoints")
    try:
        description = json.loads((checkpoints / f"{model}.json").read_text())
    except (OSError, json.JSONDecodeError):
        trained = ", ".join(sorted(path.stem for path in checkpoints.glob("*.keras"))) or "none"
        raise InputError(f"{run} has no trained model {model}; it has: {trained}.") from None
    export(checkpoints / f"{model}.keras", description, folder, format)


def export(
    keras_file: str | os.PathLike, description: Mapping, folder: str | os.PathLike, format: str = "savedmodel"
) -> None:
    """Write the plain network of a `.keras` file in another format, with a description of its preprocessing.

    Before it is moved to `folder`, the result is loaded again and compared with `predict` for several batch sizes,
    lengths and scales of the inputs.

    Args:
        keras_file: a saved `JointModel` or functional model with named inputs and outputs.
        description: the content of `checkpoints/<model>.json` of a run folder: how each input is computed from a file
            (`inputs`), the name of the input with the number of valid frames, if any (`n_frames`), the output with the
            decision (`decision`), and the names of its classes, or of the number that it predicts (`classes`). The
            shapes and types of the network's inputs and outputs and the largest difference are added to it.
        folder: folder to write; an existing export in the same format is replaced.
        format: a name of `FORMATS`.

    Raises:
        InputError: A package is missing, the file is not a model, the network cannot be converted, the folder contains
            something else, or the reloaded network gives different results.
    """
    folder, made = Path(folder), FORMATS[format]
    made.require_packages()
    if folder.exists() and any(folder.iterdir()) and not (folder / made.network).exists():
        raise InputError(f"{folder} contains something that is not {made.title}; choose another folder.")
    if not Path(keras_file).is_file():
        raise InputError(f"{keras_file} is not there; give the .keras file of a trained model.")
    with files.whole(folder) as temporary:
        process = subprocess.run(
            [sys.executable, "-m", "kerasemo.export.convert", str(keras_file), format, str(temporary)],
            env={**os.environ, "CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3"},
            input=json.dumps(description),
            capture_output=True,
            text=True,
        )
        if process.returncode:
            reason = (process.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise InputError(f"{keras_file} could not be exported: {reason}")
