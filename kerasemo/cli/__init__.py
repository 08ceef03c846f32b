"""The `kerasemo` command, with one file per command.

Heavy imports are inside functions, so that `kerasemo --help` is fast.
"""

import os
from typing import Annotated

import typer
from typer.core import TyperGroup

from kerasemo import console
from kerasemo.cli import (
    audit,
    average,
    codebook,
    export,
    features,
    fuse,
    manifest,
    plot,
    predict,
    report,
    serve,
    synth,
    train,
)
from kerasemo.cli.choice import Choice

__all__ = ["Commands", "app", "main", "options"]

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


class Commands(TyperGroup):
    """The commands in the order in which they are used."""

    def list_commands(self, ctx: typer.Context) -> list[str]:
        # Typer puts groups last.
        return sorted(self.commands, key=lambda name: not isinstance(self.commands[name], Choice))


app = typer.Typer(
    cls=Commands, add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None
)


@app.callback()
def options(
    context: typer.Context, debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False
) -> None:
    """Multimodal emotion recognition: corpora, features, SavedModels and reports.

    The scripts in experiments/ reproduce the papers.
    """
    context.with_resource(console.plain_errors(debug))


for choice in (manifest.Manifest, synth.Synth, features.Features, codebook.Codebook):
    app.add_typer(choice.as_app())
app.command(cls=train.Train)(train.train)
for command in (
    audit.audit, fuse.fuse, export.export, predict.predict, serve.serve, plot.plot, average.average, report.report,
):  # fmt: skip
    app.command()(command)


def main() -> None:
    """Run the command; the exit status is 0 for success, 1 for failure and 2 for a wrong call."""
    app()
