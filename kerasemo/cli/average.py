"""`kerasemo average`."""

from pathlib import Path
from typing import Annotated

import typer

from kerasemo.cli.arguments import Force, require_new

__all__ = ["average"]


def average(
    runs: Annotated[list[Path], typer.Argument(exists=True, file_okay=False, help="Folders of finished runs.")],
    output: Annotated[Path, typer.Option("--output", "-o", dir_okay=False, help="CSV file to write.")],
    force: Force = False,
) -> None:
    """Average the scores of runs that differ only in their seed, and write them to a CSV file.

    Scores of runs with other options stay separate rows.
    """
    from kerasemo import files
    from kerasemo.reporting.over_seeds import over_seeds

    require_new(output, force)
    table = over_seeds(runs)
    with files.whole(output) as temporary:
        table.to_csv(temporary, index=False, float_format="%.4f")
    print(f"{len(table)} scores, up to {int(table['seeds'].str.split().str.len().max())} seeds: {output}")
