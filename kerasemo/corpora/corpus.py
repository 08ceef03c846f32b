"""The base class of corpora: options, and a method that reads the original folders and makes a manifest."""

import os
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from kerasemo.command_line import check

__all__ = ["Corpus"]


@dataclass(frozen=True)
class Corpus(ABC):
    """A corpus in its original folders. A subclass is a frozen dataclass with options as fields.

    The fields are also the options of `kerasemo manifest`: see `command_line.option` for bounds; the docstring's
    `Args:` are the help.

    Attributes:
        name: the name on the command line, such as `ravdess`.
        held_out: what the column `speaker` of the manifest contains, in the plural.
    """

    name: ClassVar[str]
    held_out: ClassVar[str] = "speakers"

    def __post_init__(self):
        check(self, self.name)

    @abstractmethod
    def read(self, root: str | os.PathLike) -> pd.DataFrame:
        """Make a manifest of a complete or partial copy of the corpus.

        Args:
            root: the folder of the copy.

        Returns:
            The manifest, one row per clip, with the columns of `manifest.check` and the labels of the corpus.

        Raises:
            InputError: the root is missing, empty or of another corpus, or its files have a wrong format.
        """

    def notes(self, table: pd.DataFrame) -> list[str]:
        """Return warnings about a manifest, one sentence each; empty if there are none.

        Args:
            table: the manifest that `read` returned.
        """
        if "emotion" not in table or table["emotion"].nunique() > 1:
            return []
        return [
            f"All {len(table)} clips are of one class, {table['emotion'].iloc[0]}: there is nothing to tell "
            "apart; check --root, and which folders or labels are the classes."
        ]
