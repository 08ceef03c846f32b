"""What every feature set is: parameters, and a method that turns one clip into one array."""

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


@dataclass(frozen=True)
class FeatureSet(ABC):
    """A clip -> an array. A subclass is a frozen dataclass: its fields are its parameters.

    They are the options of `kerasemo features` too: see `command_line.option` for bounds, `no_option` for what is not
    for users, and the docstring's `Args:` for the help.

    Attributes:
        name: what the command line and a configuration call it, such as `mfcc`.
        medium: the manifest's column with the files it reads.
        version: part of the cache key; raise it when `extract` gives other results than before.
        needs_gender: whether `extract` takes `gender`, the manifest's column.
        files: which parameters are files of the user's, each with the parameter that holds its digest.
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
            start_s: where the clip begins in it, seconds; `None`: at the beginning.
            end_s: where it ends, seconds; `None`: at the end.

        Raises:
            BrokenClip: the file or this part of it cannot be used; the message says why.
        """

    def get_config(self) -> dict:
        """The name under `feature_set`, and every parameter: what `kerasemo.features.from_config` takes."""
        return {"feature_set": self.name, **asdict(self)}

    def recipe(self) -> dict:
        """What the features depend on: the configuration without the paths of files, whose digests tell enough."""
        return {name: value for name, value in self.get_config().items() if name not in self.files}

    def notes(self) -> list[str]:
        """What readers of a result should know of how it was computed, a sentence each."""
        return []

    def _settle_file(self, parameter: str) -> None:
        """Make a file's path a string and fill in its digest.

        Raises:
            InputError: the digest is given, and the file holds something else.
        """
        path, found = str(getattr(self, parameter)), digest_of(getattr(self, parameter))
        if getattr(self, self.files[parameter]) not in ("", found):
            raise InputError(f"{self.name}: {path} is another file than before; give that, or extract anew.")
        object.__setattr__(self, parameter, path)
        object.__setattr__(self, self.files[parameter], found)


def digest_of(path: str | os.PathLike) -> str:
    """What a file holds, as blake2b, 20 bytes in hex."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=20)).hexdigest()
