"""What every corpus is: options, and a method that turns the owners' folders into a manifest."""

import os
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from kerasemo.command_line import check


@dataclass(frozen=True)
class Corpus(ABC):
    """A corpus in its owners' folders. A subclass is a frozen dataclass: its fields say what to read, and how.

    They are the options of `kerasemo manifest` too: see `command_line.option` for bounds, and the docstring's `Args:`
    for the help.

    Attributes:
        name: what the command line calls it, such as `ravdess`.
        held_out: what the column `speaker` of its manifest names, in the plural.
    """

    name: ClassVar[str]
    held_out: ClassVar[str] = "speakers"

    def __post_init__(self):
        check(self, self.name)

    @abstractmethod
    def read(self, root: str | os.PathLike) -> pd.DataFrame:
        """Make a manifest of a copy of the corpus, whole or in part.

        Args:
            root: the folder of the copy.

        Raises:
            InputError: the root is missing, empty or of another corpus, or its files break the owners' format.
        """

    def notes(self, table: pd.DataFrame) -> list[str]:
        """What a user should know of a manifest, a sentence each; none where all is well.

        Args:
            table: what `read` gave.
        """
        return []
