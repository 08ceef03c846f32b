"""Options of a command that are defined by the fields of a dataclass.

A field's type, default, help and bounds make the option; the help is that of `option`, or else what the docstring
says of the field under `Args:`. The same types and bounds hold for calls from Python, see `check`.
"""

import inspect
import math
from collections.abc import Callable, Sequence
from dataclasses import MISSING, Field, field, fields
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import docstring_parser
import typer

from kerasemo.errors import InputError, WrongCall

__all__ = [
    "SETTINGS",
    "Declared",
    "check",
    "data",
    "description",
    "file",
    "from_options",
    "no_option",
    "option",
    "parameters",
    "running",
    "training",
    "with_parameters",
]

SETTINGS = "option"

Declared = TypeVar("Declared")


def option(
    default: Any,
    help: str = "",
    *,
    name: str | None = None,
    type: Any = None,
    above: float | None = None,
    required: bool = False,
    default_factory: Callable | None = None,
    **settings: Any,
) -> Any:
    """Return a dataclass field that is an option of a command.

    Args:
        default: its default.
        help: one sentence; left out, the docstring of the dataclass tells.
        name: of the option, such as `--emotion` for the field `emotions`, or two names as in `--out -o`; None: the
            field's.
        type: what the command takes, where that is not what the field holds; its help then shows no default. None: the
            field's type.
        above: a number that the value must exceed; `min` and `max` are allowed themselves.
        required: whether a command demands it, though the field has a default.
        default_factory: as in `dataclasses.field`.
        **settings: what else `typer.Option` takes, such as `min`, `exists` or `callback`.
    """
    given = {"help": help or None, "name": name, "type": type, "above": above, "required": required or None}
    metadata = {SETTINGS: settings | {key: value for key, value in given.items() if value is not None}}
    if default_factory:
        return field(default_factory=default_factory, metadata=metadata)
    return field(default=default, metadata=metadata)


def no_option(default: Any) -> Any:
    """Return a dataclass field that is not for users of a command.

    Args:
        default: default value of the field.
    """
    return field(default=default, metadata={SETTINGS: None})


data, training, running = (partial(option, rich_help_panel=panel) for panel in ("Data", "Training", "Running"))
file = partial(option, "", type=Path, exists=True, dir_okay=False)
"""A field with the path of a file as text, empty where there is none."""


def parameters(declaration: type) -> list[inspect.Parameter]:
    """Return the parameters of a typer command whose options are the fields of a dataclass.

    Args:
        declaration: the dataclass.

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
        if _settings(each) is not None
    ]


def with_parameters(function: Callable, added: list[inspect.Parameter]) -> Callable:
    """Return a function as typer sees it: with the given parameters in the place of its `**keywords`.

    Args:
        function: the command; its signature is changed.
        added: the parameters, see `parameters`.
    """
    signature = inspect.signature(function)
    kept = [each for each in signature.parameters.values() if each.kind is not inspect.Parameter.VAR_KEYWORD]
    function.__signature__ = signature.replace(parameters=[*kept, *added])
    return function


def from_options(declaration: type[Declared], options: dict[str, Any]) -> Declared:
    """Return the dataclass with the values of a command's options; what was not given (None) takes its default.

    Args:
        declaration: the dataclass.
        options: field -> value, as typer gives it.

    Raises:
        WrongCall: the dataclass refuses the values.
    """
    try:
        return declaration(**{name: value for name, value in options.items() if value is not None})
    except InputError as error:
        raise WrongCall(str(error)) from None


def description(declaration: type) -> str:
    """Return what a docstring in Google style says before its sections: the help of a command.

    Args:
        declaration: the class with the docstring.
    """
    parsed = docstring_parser.parse(declaration.__doc__ or "")
    return "\n\n".join(filter(None, (parsed.short_description, parsed.long_description)))


def check(declared: Any, subject: str) -> None:
    """Refuse values that the fields of a dataclass do not allow: other choices than a `Literal` has, beyond the bounds.

    Args:
        declared: the dataclass, with its values.
        subject: what they are parameters of, for the message.

    Raises:
        InputError: a value is not allowed; the first is named.

    Example:
        >>> from dataclasses import dataclass
        >>> @dataclass(frozen=True)
        ... class Options:
        ...     epochs: int = training(25, "Epochs of training.", min=1)
        >>> check(Options(epochs=0), "a run")
        Traceback (most recent call last):
        kerasemo.errors.InputError: a run: epochs must be at least 1. Received: 0
    """
    types = get_type_hints(type(declared))
    for each in fields(declared):
        value = getattr(declared, each.name)
        if value is None and each.default is None:
            continue
        if demand := _broken_demand(value, types[each.name], _settings(each) or {}):
            raise InputError(f"{subject}: {each.name} must {demand}. Received: {value!r}")


def _broken_demand(value: Any, kind: Any, settings: dict[str, Any]) -> str | None:
    """What the value must do and does not."""
    values = [value]
    if get_origin(kind) is Sequence:
        values, (kind,) = list(value), get_args(kind)
    if not values:
        return "have an entry at least"
    if get_origin(kind) is Literal and any(each not in get_args(kind) for each in values):
        return f"be one of {', '.join(map(str, get_args(kind)))}"
    least, most, above = settings.get("min", -math.inf), settings.get("max"), settings.get("above")
    if above is not None and not all(above < each < math.inf for each in values):
        return f"be above {above}"
    if most is not None and not all(least <= each <= most for each in values):
        return f"lie between {least} and {most}"
    if "min" in settings and not all(least <= each < math.inf for each in values):
        return f"be at least {least}"
    return None


def _settings(each: Field) -> dict[str, Any] | None:
    """What `option` was given; None: no option."""
    return each.metadata.get(SETTINGS, {})


def _parameter(each: Field, kind: Any, documented: str) -> inspect.Parameter:
    settings = {"help": documented, **_settings(each)}
    settings.pop("above", None)
    default = each.default if each.default_factory is MISSING else each.default_factory()
    if "type" in settings:
        kind, default = settings.pop("type") | None, None
    if get_origin(kind) is Sequence:
        # Typer has no lists of choices: `check` refuses what is none of them.
        settings.setdefault("metavar", f"[{'|'.join(get_args(get_args(kind)[0]))}]")
        kind, default = list[str], list(default)
    if settings.pop("required", False):
        default = MISSING
    names = settings.pop("name", "").split()
    if default is False:
        # A flag that is off has no `--no-` twin.
        names = [f"--{each.name.replace('_', '-')}"]
    return inspect.Parameter(
        each.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=inspect.Parameter.empty if default is MISSING else default,
        annotation=Annotated[kind, typer.Option(*names, **settings)],
    )


def _documented(docstring: str) -> dict[str, str]:
    """What a docstring in Google style says of each argument, in one line that begins with a capital."""
    described = {
        each.arg_name: " ".join((each.description or "").split()) for each in docstring_parser.parse(docstring).params
    }
    return {name: text[:1].upper() + text[1:] for name, text in described.items()}
