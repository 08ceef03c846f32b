"""`kerasemo manifest`."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import typer

from kerasemo.cli.arguments import Force, require_new
from kerasemo.cli.choice import Choice
from kerasemo.command_line import from_options

__all__ = ["Manifest", "Output", "Root", "To"]

Root = Annotated[Path, typer.Option(exists=True, file_okay=False, help="Folder of your copy of the corpus.")]
Output = Annotated[Path, typer.Option("--output", "-o", help="CSV file to write; with --to audformat, a folder.")]
To = Annotated[
    Literal["audformat", "audiofolder", "emobox", "nkululeko"] | None,
    typer.Option(help="Write the clips in the format of another tool, instead of a manifest."),
]


class Manifest(Choice):
    """Read the folders of a corpus and write its manifest.

    The manifest is a CSV file with one row per clip.
    """

    chosen = "corpus"

    def registry(self) -> dict[str, type]:
        from kerasemo.corpora import CORPORA

        return CORPORA

    def command(self, entry: type) -> Callable[..., None]:
        def write(root: Root, output: Output, to: To = None, force: Force = False, **options) -> None:
            from kerasemo import manifest
            from kerasemo.corpora import FORMATS

            corpus, taker = from_options(entry, options), FORMATS[to] if to else None
            require_new(taker.written(output) if taker else output, force)
            table = corpus.read(root)
            if taker:
                taker.write(table, root, output)
            else:
                manifest.save(table, output)
            print(f"{output}: {len(table)} clips of {table['speaker'].nunique()} {corpus.held_out}")
            for note in corpus.notes(table):
                print(note)

        return write
