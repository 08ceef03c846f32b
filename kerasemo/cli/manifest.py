"""`kerasemo manifest`."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from kerasemo.cli.choice import Choice
from kerasemo.command_line import from_options

Root = Annotated[Path, typer.Option(exists=True, file_okay=False, help="Folder of your copy of the corpus.")]
Output = Annotated[Path, typer.Option("--output", "-o", help="CSV file to write.")]


class Manifest(Choice):
    """Read the folders of a corpus and write its manifest.

    The manifest is a CSV file with one row per clip.
    """

    chosen = "corpus"

    def registry(self) -> dict[str, type]:
        from kerasemo.corpora import CORPORA

        return CORPORA

    def command(self, entry: type) -> Callable[..., None]:
        def write(root: Root, output: Output, **options) -> None:
            from kerasemo import manifest

            corpus = from_options(entry, options)
            table = corpus.read(root)
            manifest.save(table, output)
            print(f"{output}: {len(table)} clips of {table['speaker'].nunique()} {corpus.held_out}")
            for note in corpus.notes(table):
                print(note)

        return write
