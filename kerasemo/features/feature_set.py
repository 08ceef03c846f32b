"""The base class of feature sets: parameters, and a method that turns one clip into one array."""

import hashlib
import os
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np

from kerasemo.command_line import check
from kerasemo.errors import InputError

__all__ = ["FeatureSet", "digest_of"]


@dataclass(frozen=True)
class FeatureSet(ABC):
    """A clip -> an array. A subclass is a frozen dataclass with parameters as fields.

    The fields are also the options of `kerasemo features`: see `command_line.option` for bounds and `no_option` for
    fields that are not for users; the docstring's `Args:` are the help.

    Attributes:
        name: the name on the command line and in a configuration, such as `mfcc`.
        medium: the column of the manifest with the files that are read.
        version: part of the cache key; increase it when the results of `extract` change.
        needs_gender: whether `extract` takes `gender`, a column of the manifest.
        files: which parameters are the user's files, each with the parameter that contains its digest.
    """

    name: ClassVar[str]
    medium: ClassVar[Literal["audio", "video"]]
    version: ClassVar[int]
    needs_gender: ClassVar[bool] = False
    files: ClassVar[Mapping[str, str]] = {}

    def __post_init__(self):
        check(self, self.name)

    @abstractmethod
    def extract(self, path: str | os.PathLike, start_s: float | None = None, end_s: float | None = None) -> np.ndarray:
        """Compute the features of one clip.

        Args:
            path: the media file.
            start_s: start of the clip in the file, in seconds; `None`: the start of the file.
            end_s: end of the clip in the file, in seconds; `None`: the end of the file.

        Returns:
            The features, as the subclass says; time is the first axis.

        Raises:
            BrokenClip: the file or this part of it cannot be used; the message gives the reason.
        """

    def source(self, clip: str, path: Path) -> Path:
        """Return the file that `extract` reads for a clip of a manifest: its media file, unless a subclass has another.

        Args:
            clip: name of the clip.
            path: its media file.
        """
        return path

    def prepare(self) -> None:  # noqa: B027 - most feature sets need nothing
        """Load what does not depend on a clip, such as a network; otherwise the first clip takes longer."""

    def get_config(self) -> dict:
        """Return the name under `feature_set`, and every parameter: the argument of `kerasemo.features.from_config`."""
        return {"feature_set": self.name, **asdict(self)}

    def recipe(self) -> dict:
        """Return what the features depend on: the configuration with digests of files instead of their paths."""
        return {name: value for name, value in self.get_config().items() if name not in self.files}

    def notes(self) -> list[str]:
        """Return notes on the method for readers of a result, one sentence each."""
        return []

    def _settle_file(self, parameter: str) -> None:
        """Make the path of a file a string and fill in its digest.

        Raises:
            InputError: a digest is given, but the file has another one.
        """
        path, found = str(getattr(self, parameter)), digest_of(getattr(self, parameter))
        if getattr(self, self.files[parameter]) not in ("", found):
            raise InputError(f"{self.name}: {path} is another file than before; give that, or extract anew.")
        object.__setattr__(self, parameter, path)
        object.__setattr__(self, self.files[parameter], found)


def digest_of(path: str | os.PathLike) -> str:
    """Return the blake2b digest of a file, 20 bytes in hex.

    Args:
        path: the file.
    """
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=20)).hexdigest()
