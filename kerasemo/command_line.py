"""Options of a command that are defined by the fields of a dataclass.

Type, default, help text and bounds of a field are those of the option. The help text is the argument of `option`, or
else the description of the field under `Args:` in the docstring of the dataclass.
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
    """Return a dataclass field that defines an option of a command.

    Args:
        panel: group of the option in the output of `--help`.
        default: default value.
        help: help text, one sentence.
        **settings: further arguments of `typer.Option`, such as `min`, `exists` or `callback`; `default_factory` is
            as in `dataclasses.field`.
    """
    metadata = {SETTINGS: {"help": help, "rich_help_panel": panel, **settings}}
    if factory := settings.pop("default_factory", None):
        metadata[SETTINGS].pop("default_factory")
        return field(default_factory=factory, metadata=metadata)
    return field(default=default, metadata=metadata)


data, training, running = (partial(option, panel) for panel in ("Data", "Training", "Running"))


def parameters(declaration: type, hidden: Collection[str] = ()) -> list[inspect.Parameter]:
    """Return the parameters of a typer command with the fields of a dataclass as options.

    Args:
        declaration: the dataclass.
        hidden: fields that are not options.

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
    """Replace the `**keywords` in the signature of a function by parameters, as needed by typer.

    Args:
        function: the function, whose signature is changed.
        own: the parameters.

    Returns:
        The same function.
    """
    signature = inspect.signature(function)
    kept = [each for each in signature.parameters.values() if each.kind is not inspect.Parameter.VAR_KEYWORD]
    function.__signature__ = signature.replace(parameters=[*kept, *own])
    return function


def _parameter(each: Field, kind: type, documented: str) -> inspect.Parameter:
    settings = {"help": documented, **each.metadata.get(SETTINGS, {})}
    default = each.default if each.default_factory is MISSING else each.default_factory()
    # A flag that is off by default needs no `--no-` variant.
    names = [f"--{each.name.replace('_', '-')}"] if default is False else []
    return inspect.Parameter(
        each.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=inspect.Parameter.empty if default is MISSING else default,
        annotation=Annotated[kind, typer.Option(*names, **settings)],
    )


def _documented(docstring: str) -> dict[str, str]:
    """Return the description of each argument in a docstring of Google style, as one line."""
    return {
        each.arg_name: " ".join((each.description or "").split()) for each in docstring_parser.parse(docstring).params
    }
