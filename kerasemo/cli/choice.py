"""Commands whose first argument is a name in a registry, such as `kerasemo manifest ravdess`."""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import ClassVar

import typer
from typer.core import TyperGroup

from kerasemo.command_line import description, parameters, with_parameters
from kerasemo.errors import WrongCall

__all__ = ["Choice"]


class Choice(TyperGroup):
    """A command with one sub-command per entry of a registry; the registry is only loaded when it is needed.

    The docstring of a subclass is the help of the command. An entry is a dataclass: its docstring is the help of its
    sub-command and its fields are the options.

    Attributes:
        chosen: what the entries are called in messages.
    """

    chosen: ClassVar[str]

    @abstractmethod
    def registry(self) -> Mapping[str, type]:
        """Return the dataclasses by name."""

    @abstractmethod
    def command(self, entry: type) -> Callable[..., None]:
        """Return the sub-command of an entry; it receives its options as `**keywords`."""

    @classmethod
    def as_app(cls) -> typer.Typer:
        """Return the command as an app that can be added to another app."""
        metavar = f"{cls.chosen.upper().replace(' ', '_')} [OPTIONS]..."
        settings = {"name": cls.__name__.lower(), "help": cls.__doc__, "subcommand_metavar": metavar}
        return typer.Typer(cls=cls, no_args_is_help=True, **settings)

    @cached_property
    def loaded(self) -> dict:
        """The sub-commands by name."""
        app = typer.Typer(rich_markup_mode=self.rich_markup_mode)
        for name, entry in self.registry().items():
            command = with_parameters(self.command(entry), parameters(entry))
            app.command(name, help=description(entry))(command)
        return typer.main.get_group(app).commands

    def list_commands(self, ctx: typer.Context) -> list[str]:
        return list(self.loaded)

    def get_command(self, ctx: typer.Context, cmd_name: str):
        return self.loaded.get(cmd_name)

    def resolve_command(self, ctx: typer.Context, args: list[str]):
        if args[0] not in self.loaded:
            raise WrongCall(f"there is no {self.chosen} {args[0]!r}; choose from {', '.join(self.loaded)}.")
        return super().resolve_command(ctx, args)
