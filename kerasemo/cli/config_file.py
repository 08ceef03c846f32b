"""Options of a command in a YAML file."""

import json
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperArgument, TyperOption

from kerasemo.errors import InputError, WrongCall, one_line

__all__ = ["NOT_SAVED", "text", "use"]

NOT_SAVED = ("config", "write_config", "resume", "debug", "help")


def use(context: typer.Context, _, path: Path | None) -> None:
    """Take options that are not given on the command line from a YAML file; the callback of `--config`.

    Raises:
        InputError: the file is not YAML.
        WrongCall: some entries are not valid; the message lists all of them.
    """
    if path is None:
        return
    import yaml

    try:
        entries = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read as YAML: {one_line(error)}.") from None
    if not isinstance(entries, dict):
        raise InputError(f"{path} must contain lines such as `epochs: 20`.")
    options = {option.name: option for option in _options(context)}
    values = {
        str(name).replace("-", "_"): json.dumps(value) if isinstance(value, list | dict) else value
        for name, value in entries.items()
        if value is not None
    }
    faults = []
    for name, value in values.items():
        try:
            if name not in options:
                raise typer.BadParameter("there is no such option")
            options[name].process_value(context, value if isinstance(value, bool) else str(value))
        except typer.BadParameter as error:
            faults.append(f"{name}: {error.message.rstrip('.')}.")
    if faults:
        raise WrongCall(f"{path} has wrong entries. {' '.join(faults)}")
    context.default_map = values


def text(context: typer.Context, values: dict[str, Any]) -> str:
    """Return the values of a command's options as YAML, each below its help text."""
    import yaml

    entries = []
    for option in _options(context):
        value = values[option.name]
        value = str(value) if isinstance(value, Path) else value
        entries.append(f"# {' '.join((option.help or '').split())}\n{yaml.safe_dump({option.name: value})}")
    return "\n".join(entries)


def _options(context: typer.Context) -> list[TyperOption | TyperArgument]:
    return [option for option in context.command.get_params(context) if option.name not in NOT_SAVED]
