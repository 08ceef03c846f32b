"""`kerasemo export`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from kerasemo.cli.arguments import RunFolder

__all__ = ["export"]


def export(
    run: RunFolder,
    model: Annotated[str, typer.Argument(help="Name of a trained model, such as architecture_4.paper.")],
    output: Annotated[Path, typer.Option("--output", "-o", file_okay=False, help="Folder to write the export to.")],
    format: Annotated[
        Literal["savedmodel", "onnx", "litert"],
        typer.Option(help="SavedModel, with preprocessing of files; or the network alone for ONNX Runtime or LiteRT."),
    ] = "savedmodel",
) -> None:
    """Write a trained network as a SavedModel, an ONNX model or a LiteRT model.

    The result is loaded again and compared with the network before it is accepted.
    """
    from kerasemo.export import FORMATS, export_model

    export_model(run, model, output, format)
    print(f"{output}: {model} as {FORMATS[format].title}")
