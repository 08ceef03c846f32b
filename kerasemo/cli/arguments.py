"""Arguments and options shared by several commands."""

import os
from pathlib import Path
from typing import Annotated

import typer

from kerasemo.errors import WrongCall

__all__ = [
    "SPLIT_HELP",
    "Force",
    "Jobs",
    "Manifest",
    "MaxBad",
    "NewFolder",
    "Root",
    "RunFolder",
    "require_new",
    "require_new_npz",
]

Manifest = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV file written by `kerasemo manifest`.")]
RunFolder = Annotated[Path, typer.Argument(exists=True, file_okay=False, help="Folder of a run.")]
NewFolder = Annotated[
    Path, typer.Option("--output", "-o", file_okay=False, help="Folder to write; must be new or empty.")
]
Jobs = Annotated[
    int,
    typer.Option(
        min=1, default_factory=os.cpu_count, show_default="one per core", help="Number of parallel processes."
    ),
]
Root = Annotated[
    Path, typer.Option(exists=True, file_okay=False, help="Folder that the paths in the manifest are relative to.")
]
MaxBad = Annotated[float, typer.Option(min=0, max=1, help="Largest acceptable share of broken clips.")]
SPLIT_HELP = "CSV with a column clip or speaker, and a column partition or fold."
Force = Annotated[bool, typer.Option("--force", help="Replace the output if it exists.")]


def require_new_npz(output: Path, force: bool) -> None:
    """Refuse an output that is no NPZ file; otherwise as `require_new`."""
    if output.suffix != ".npz":
        raise WrongCall(f"{output} is no NPZ file; give a name that ends in .npz.")
    require_new(output, force)


def require_new(output: Path, force: bool) -> None:
    """Refuse to replace an output that exists.

    Raises:
        WrongCall: it exists, and `force` is not given.
    """
    if output.exists() and not force:
        raise WrongCall(f"{output} exists; give another --output, or replace it with --force.")
