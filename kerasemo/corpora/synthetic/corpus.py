"""What every synthetic corpus is: parameters, and a method that writes its files."""

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


@dataclass(frozen=True, kw_only=True)
class SyntheticCorpus(ABC):
    """Synthetic clips in the owners' layout. A subclass is a frozen dataclass: its fields say what to write.

    They are the options of `kerasemo synth` too: see `command_line.option` for bounds, and the docstring's `Args:` for
    the help. A sequence is a choice of several: its order does not count.

    Attributes:
        name: the corpus that it imitates, as the command line calls it, such as `ravdess`.
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
        """Write the corpus. The folder appears when all is written; a call that would repeat it does nothing.

        Args:
            root: the folder to write.
            jobs: processes side by side, -1: one a core; the files do not depend on it.

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
            # Closed before the folder goes when interrupted: no process may still write into it.
            with side_by_side(tasks, jobs) as done:
                for _ in track(done, len(tasks), f"Synthetic {self.title}"):
                    pass
            marker.write(temporary, self.name, parameters)

    @abstractmethod
    def _prepare(self, root: Path) -> list[tuple[Callable, tuple, dict]]:
        """Write what the corpus has once, such as `truth.csv`, and plan the rest: calls by `joblib.delayed`."""


def first_of(numbers: range) -> Any:
    """A field that holds some of the numbers 1 to n; its option takes how many, from the first on."""

    def chosen(count: int | None) -> tuple[int, ...] | None:
        return count and tuple(numbers[:count])

    return option(tuple(numbers), type=int, min=1, max=len(numbers), callback=chosen, show_default="all")
