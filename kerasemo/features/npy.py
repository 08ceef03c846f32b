"""Features that others computed: a `.npy` file per clip."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np

from kerasemo.command_line import no_option, option
from kerasemo.errors import BrokenClip, InputError
from kerasemo.features.feature_set import FeatureSet

__all__ = ["Npy"]


@dataclass(frozen=True)
class Npy(FeatureSet):
    """Arrays that others computed, one file per clip.

    The array of a clip is `<clip>.npy`, by its name in the manifest, and belongs to this clip, not to a longer
    recording. It has numbers, `frames x features` or `features`, and all clips have the same number of features. Media
    files are not read and may be missing; the cache depends on the content of the arrays.

    Args:
        folder: folder of the arrays.
        pool: `none` keeps the frames; `mean` gives one row per clip, their mean.
        medium: column of the manifest; clips without an entry in it are left out.
        n_features: number of features; by default that of the first array in the folder, by name.

    Raises:
        InputError: the folder has no array `frames x features` or `features`.
    """

    name: ClassVar[str] = "npy"
    version: ClassVar[int] = 1

    folder: str = option("", type=Path, exists=True, file_okay=False, required=True)
    pool: Literal["none", "mean"] = "none"
    medium: Literal["audio", "video"] = "audio"
    n_features: int = no_option(0)

    def __post_init__(self):
        super().__post_init__()
        object.__setattr__(self, "folder", str(self.folder))
        if self.folder and not self.n_features:
            object.__setattr__(self, "n_features", self._first_n_features())

    def source(self, clip: str, path: Path) -> Path:
        from kerasemo.manifest import locate

        if not self.folder:
            raise InputError(f"{self.name} needs the folder of the arrays; give folder=DIR.")
        return locate(self.folder, f"{clip}.npy")

    def recipe(self) -> dict:
        return {name: value for name, value in super().recipe().items() if name not in ("folder", "medium")}

    def extract(self, path: str | os.PathLike, start_s: float | None = None, end_s: float | None = None) -> np.ndarray:
        """Return a clip's features: float32, `frames x features`, or `1 x features`.

        Args:
            path: the file with the array.
            start_s, end_s: not used: the array is that of the clip.

        Raises:
            BrokenClip: the file is missing or no array of numbers, has the wrong number of axes or features, or no
                frame.
        """
        array = _read(path)
        if self.n_features not in (0, array.shape[-1]):
            raise BrokenClip(
                f"{path} has {array.shape[-1]} features, where the first array of the folder has {self.n_features}."
            )
        rows = np.atleast_2d(array)
        if self.pool == "mean":
            rows = rows.mean(axis=0, keepdims=True, dtype=float)
        with np.errstate(over="ignore"):  # the store reports infinite values
            return rows.astype(np.float32)

    def _first_n_features(self) -> int:
        for path in sorted(Path(self.folder).rglob("*.npy")):
            try:
                return _read(path).shape[-1]
            except BrokenClip:
                continue
        raise InputError(
            f"{self.name}: {self.folder} has no .npy file with an array frames x features or features; give another "
            "folder."
        )


def _read(path: str | os.PathLike) -> np.ndarray:
    """Map an array of numbers into memory.

    Raises:
        BrokenClip: see `Npy.extract`.
    """
    try:
        array = np.lib.format.open_memmap(path, mode="r")
    except FileNotFoundError:
        raise BrokenClip(f"{path} does not exist.") from None
    except (OSError, ValueError, EOFError):
        raise BrokenClip(f"{path} is no .npy file of numbers, or is damaged or empty.") from None
    if array.dtype.kind not in "fiub" or array.ndim not in (1, 2) or not array.size:
        raise BrokenClip(
            f"{path} holds an array of {array.dtype} and shape {array.shape}; numbers, frames x features or features, "
            "are needed, at least one."
        )
    return array
