"""`kerasemo train`."""

from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperArgument, TyperCommand, TyperOption

from kerasemo import files
from kerasemo.cli import config_file
from kerasemo.command_line import parameters, with_parameters

__all__ = ["Config", "Train", "WriteConfig", "train"]

Config = Annotated[
    Path | None,
    typer.Option(
        exists=True, dir_okay=False, is_eager=True, callback=config_file.use, help="YAML file with options to use."
    ),
]
WriteConfig = Annotated[
    Path | None, typer.Option(dir_okay=False, help="Write all options to this YAML file, and do nothing else.")
]


class Train(TyperCommand):
    """A command whose options are the fields of the study's options, which are only loaded when they are needed."""

    @cached_property
    def loaded(self) -> TyperCommand:
        """The command with its options."""
        from kerasemo.experiment import own_corpus

        def command(
            context: typer.Context,
            manifest: Annotated[
                Path | None, typer.Argument(exists=True, dir_okay=False, help="Manifest CSV, with labels as columns.")
            ] = None,
            config: Config = None,
            write_config: WriteConfig = None,
            **options: Any,
        ) -> None:
            if write_config:
                with files.whole(write_config) as temporary:
                    temporary.write_text(config_file.text(context, {"manifest": manifest, **options}), encoding="utf-8")
                return
            own_corpus.STUDY.run(own_corpus.Options(manifest=manifest, **options), context)

        app = typer.Typer(rich_markup_mode=self.rich_markup_mode, add_completion=False)
        app.command(help=self.help)(with_parameters(command, parameters(own_corpus.Options)))
        return typer.main.get_command(app)

    def get_params(self, ctx: typer.Context) -> list[TyperOption | TyperArgument]:
        return self.loaded.get_params(ctx)

    def invoke(self, ctx: typer.Context) -> Any:
        return self.loaded.invoke(ctx)


def train() -> None:
    """Train a network on your own corpus, beside a linear baseline, with a random split and with speakers held out."""
