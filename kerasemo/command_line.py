"""Options of a command, declared once: the fields of a dataclass.

A field's type, default, help and bounds make the option; the help is that of `option`, or else what the docstring
says of the field under `Args:`.
"""

import inspect
from collections.abc import Callable, Collection
from dataclasses import MISSING, Field, field, fields
from functools import partial
from typing import Annotated, Any, get_type_hints

import docstring_parser
import typer

SETTINGS = "option"


def option(panel: str, default: Any, help: str, **settings: Any) -> Any:
    """A dataclass field that is an option of a command.

    Args:
        panel: the group of options that it stands in under `--help`.
        default: its default.
        help: one sentence.
        **settings: what else `typer.Option` takes, such as `min`, `exists` or `callback`; `default_factory` as in
            `dataclasses.field`.
    """
    metadata = {SETTINGS: {"help": help, "rich_help_panel": panel, **settings}}
    if factory := settings.pop("default_factory", None):
        metadata[SETTINGS].pop("default_factory")
        return field(default_factory=factory, metadata=metadata)
    return field(default=default, metadata=metadata)


data, training, running = (partial(option, panel) for panel in ("Data", "Training", "Running"))


def parameters(declaration: type, hidden: Collection[str] = ()) -> list[inspect.Parameter]:
    """The parameters of a typer command whose options are the fields of a dataclass.

    Args:
        declaration: the dataclass.
        hidden: fields that are no options.

    Example:
        >>> from dataclasses import dataclass
        >>> @dataclass(frozen=True)
        ... class Options:
        ...     epochs: int = training(25, "Epochs of training.", min=1)
        >>> [parameter.name for parameter in parameters(Options)]
        ['epochs']
    """
    types = get_type_hints(declaration)
    documented = {
        name: text for cls in reversed(declaration.__mro__) for name, text in _documented(cls.__doc__ or "").items()
    }
    return [
        _parameter(each, types[each.name], documented.get(each.name, ""))
        for each in fields(declaration)
        if each.name not in hidden
    ]


def with_parameters(function: Callable, own: list[inspect.Parameter]) -> Callable:
    """A function as typer sees it: with the given parameters in the place of its `**keywords`."""
    signature = inspect.signature(function)
    kept = [each for each in signature.parameters.values() if each.kind is not inspect.Parameter.VAR_KEYWORD]
    function.__signature__ = signature.replace(parameters=[*kept, *own])
    return function


def _parameter(each: Field, kind: type, documented: str) -> inspect.Parameter:
    settings = {"help": documented, **each.metadata.get(SETTINGS, {})}
    default = each.default if each.default_factory is MISSING else each.default_factory()
    # A flag that is off has no `--no-` twin.
    names = [f"--{each.name.replace('_', '-')}"] if default is False else []
    return inspect.Parameter(
        each.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=inspect.Parameter.empty if default is MISSING else default,
        annotation=Annotated[kind, typer.Option(*names, **settings)],
    )


def _documented(docstring: str) -> dict[str, str]:
    """What a docstring in Google style says of each argument, in one line."""
    return {
        each.arg_name: " ".join((each.description or "").split()) for each in docstring_parser.parse(docstring).params
    }
