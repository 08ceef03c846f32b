"""Saves and loads a fitted fusion as plain arrays in an NPZ file, without pickle."""

import os
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from kerasemo import files
from kerasemo.errors import InputError
from kerasemo.fusion.stage import Stage

__all__ = ["load", "save"]


def save(path: str | os.PathLike, models: Sequence[str], stages: Sequence[Stage]) -> None:
    """Write a fitted fusion, completely or not at all.

    Args:
        path: the NPZ file.
        models: names of the models whose predictions are the inputs, in order.
        stages: the result of `stages()` of a fitted estimator.
    """
    arrays = {"models": np.array(models, np.str_)}
    for number, stage in enumerate(stages, start=1):
        arrays |= {f"kernel_{number}": stage.kernel, f"level_{number}": stage.level, f"bias_{number}": stage.bias}
    with files.whole(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, **arrays)


def load(path: str | os.PathLike) -> tuple[list[str], list[Stage]]:
    """Read a file that `save` wrote.

    Args:
        path: the file; it is read without pickle.

    Returns:
        The models' names and the stages, for `stage.apply` and `network.fusion_network`.

    Raises:
        InputError: The file is missing or was not written by `save`.
    """
    try:
        with np.load(Path(path), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        stages = [
            Stage(*(arrays[f"{part}_{number}"] for part in ("kernel", "level", "bias")))
            for number in range(1, (len(arrays) - 1) // 3 + 1)
        ]
        models = arrays["models"].tolist()
    except (OSError, ValueError, KeyError, AttributeError, EOFError, zipfile.BadZipFile):
        raise InputError(f"{path} is not a fitted fusion written by `kerasemo fuse`; fuse again.") from None
    n_inputs = 0
    for stage in stages:
        n_targets = len(stage.bias) if stage.bias.ndim == 1 else 0
        n_inputs = len(models) * n_targets + (n_targets if n_inputs else 0)
        if (
            not n_targets
            or stage.kernel.shape[1:] != (n_inputs, n_targets)
            or len(stage.kernel) % 2 == 0
            or stage.level.shape != (n_inputs, n_targets)
            or not all(np.isfinite(array).all() for array in (stage.kernel, stage.level, stage.bias))
        ):
            raise InputError(f"{path} contains arrays that do not fit together; fuse again.")
    if not stages:
        raise InputError(f"{path} contains a fusion without stages; fuse again.")
    return models, stages
