"""Arguments and options that several commands have."""

import os
from pathlib import Path
from typing import Annotated

import typer

Manifest = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV that `kerasemo manifest` wrote.")]
RunFolder = Annotated[Path, typer.Argument(exists=True, file_okay=False, help="Run folder.")]
NewFolder = Annotated[Path, typer.Option("--output", "-o", file_okay=False, help="Folder to write; new or empty.")]
Jobs = Annotated[
    int, typer.Option(min=1, default_factory=os.cpu_count, show_default="one a core", help="Processes side by side.")
]
