"""The `kerasemo` command, a file a command. Heavy imports stay inside, so that `kerasemo --help` answers at once."""

import os
from typing import Annotated

import typer
from typer.core import TyperGroup

from kerasemo import console
from kerasemo.cli import audit, export, features, fuse, manifest, plot, predict, report, synth
from kerasemo.cli.choice import Choice

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


class Commands(TyperGroup):
    """The commands in the order in which data pass through them."""

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
    """Multimodal emotion recognition: corpora, features, SavedModels, reports. The papers are run by experiments/."""
    context.with_resource(console.plain_errors(debug))


for choice in (manifest.Manifest, synth.Synth, features.Features):
    app.add_typer(choice.as_app())
for command in (audit.audit, fuse.fuse, export.export, predict.predict, plot.plot, report.report):
    app.command()(command)


def main() -> None:
    """Entry point: exit status 0 done, 1 the work failed, 2 the call was wrong."""
    app()
