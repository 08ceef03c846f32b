"""`kerasemo synth`."""

from collections.abc import Callable

from kerasemo.cli.arguments import Jobs, NewFolder
from kerasemo.cli.choice import Choice
from kerasemo.command_line import from_options

__all__ = ["Synth"]


class Synth(Choice):
    """Write a synthetic corpus in the layout of the original.

    It has playable media files of synthetic people whose emotions are known.
    """

    chosen = "synthetic corpus"

    def registry(self) -> dict[str, type]:
        from kerasemo.corpora.synthetic import SYNTHETIC_CORPORA

        return SYNTHETIC_CORPORA

    def command(self, entry: type) -> Callable[..., None]:
        def write(output: NewFolder, jobs: Jobs, **options) -> None:
            from_options(entry, options).write(output, jobs)
            print(f"{output}: synthetic {entry.name}")

        return write
