"""The base class of synthetic corpora: parameters, and a method that writes the files."""

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, ClassVar, get_origin, get_type_hints

from kerasemo import files
from kerasemo.command_line import check, option
from kerasemo.corpora.synthetic import marker
from kerasemo.progress import track
from kerasemo.workers import side_by_side

__all__ = ["SyntheticCorpus", "first_of"]


@dataclass(frozen=True, kw_only=True)
class SyntheticCorpus(ABC):
    """Synthetic clips in the layout of the original corpus. A subclass is a frozen dataclass with parameters as fields.

    The fields are also the options of `kerasemo synth`: see `command_line.option` for bounds; the docstring's `Args:`
    are the help. A sequence is a set of choices: its order does not matter.

    Attributes:
        name: the name of the original corpus on the command line, such as `ravdess`.
        title: its name in messages.
    """

    name: ClassVar[str]
    title: ClassVar[str]

    def __post_init__(self):
        types = get_type_hints(type(self))
        for each in fields(self):
            value = getattr(self, each.name)
            if get_origin(types[each.name]) is Sequence:
                value = tuple(sorted(set(value)))
            elif types[each.name] is float:
                value = float(value)
            object.__setattr__(self, each.name, value)
        check(self, f"synthetic {self.title}")

    def write(self, root: str | os.PathLike, jobs: int = 1) -> None:
        """Write the corpus, unless the same corpus is already there. The folder appears when it is complete.

        Args:
            root: the folder to write.
            jobs: number of parallel processes, -1 for one per core; the files do not depend on it.

        Raises:
            InputError: something else is at `root`.
        """
        root, values = Path(root), {each.name: getattr(self, each.name) for each in fields(self)}
        parameters = {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
        if marker.stands(root, self.name, parameters):
            return
        with files.whole(root) as temporary:
            temporary.mkdir()
            tasks = self._prepare(temporary)
            # When interrupted, end all processes before the folder is removed: none may still write to it.
            with side_by_side(tasks, jobs) as done:
                for _ in track(done, len(tasks), f"Synthetic {self.title}"):
                    pass
            marker.write(temporary, self.name, parameters)

    @abstractmethod
    def _prepare(self, root: Path) -> list[tuple[Callable, tuple, dict]]:
        """Write single files such as `truth.csv`, and return the remaining work as calls of `joblib.delayed`."""


def first_of(numbers: range, help: str) -> Any:
    """Declare a field with some of the numbers 1 to n; its option is a count, for the first numbers.

    Args:
        numbers: all numbers.
        help: the help of the option.

    Returns:
        The field: a tuple of numbers, all of them by default.
    """

    def chosen(count: int | None) -> tuple[int, ...] | None:
        return count and tuple(numbers[:count])

    return option(tuple(numbers), help, type=int, min=1, max=len(numbers), callback=chosen, show_default="all")
