"""`kerasemo export`."""

from pathlib import Path
from typing import Annotated

import typer

from kerasemo.cli.arguments import RunFolder


def export(
    run: RunFolder,
    model: Annotated[str, typer.Argument(help="Name of a trained model, such as architecture_4.paper.")],
    output: Annotated[Path, typer.Option("--output", "-o", file_okay=False, help="Folder to write the SavedModel to.")],
) -> None:
    """Write a trained network as a SavedModel.

    The SavedModel is loaded again and compared with the network before it is accepted.
    """
    from kerasemo.export import export_model

    export_model(run, model, output)
    print(f"{output}: SavedModel of {model}")
