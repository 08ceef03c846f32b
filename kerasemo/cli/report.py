"""`kerasemo report`."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["report"]


def report(
    runs: Annotated[list[Path], typer.Argument(exists=True, file_okay=False, help="Folders of the runs.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="HTML file to write.  [default: report.html in the run folder]"),
    ] = None,
    recordings: Annotated[
        bool,
        typer.Option(
            help="Embed the recordings of a small corpus, to listen to them in the page; check the licence of the "
            "corpus before you pass such a page on."
        ),
    ] = True,
) -> None:
    """Write one self-contained HTML page about one or more runs."""
    from kerasemo.reporting.report import write_report

    print(write_report(runs, output, recordings))
