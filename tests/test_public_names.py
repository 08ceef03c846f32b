"""Every public name is listed in `__all__`, has a docstring that fits its parameters, and stands in the reference."""

import ast
import inspect
import pkgutil
from importlib import import_module
from pathlib import Path

import docstring_parser
import pytest

import kerasemo

REFERENCE = Path(__file__).parents[1] / "docs" / "reference" / "index.md"
MODULES = sorted(
    each.name for each in pkgutil.walk_packages(kerasemo.__path__, "kerasemo.") if "__main__" not in each.name
)


def defined_in(name: str) -> list[str]:
    """Return the public functions and classes that a module defines."""
    tree = ast.parse(Path(import_module(name).__file__).read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.ClassDef)
    return [each.name for each in tree.body if isinstance(each, kinds) and not each.name.startswith("_")]


def described(documented) -> list[str]:
    """Return the parameters that the section `Args:` of a docstring names."""
    parsed = docstring_parser.parse(documented.__doc__, docstring_parser.DocstringStyle.GOOGLE)
    names = (name.strip().lstrip("*") for each in parsed.params for name in each.arg_name.split(","))
    return list(names)


@pytest.mark.parametrize("name", MODULES)
def test_public_names_are_listed_and_documented(name):
    module = import_module(name)
    assert module.__doc__ and module.__doc__.split("\n")[0].endswith((".", ":"))
    for public in defined_in(name):
        documented = getattr(module, public)
        assert public in module.__all__
        assert documented.__doc__, f"{public} has no docstring"
        if inspect.isfunction(documented) and (names := described(documented)):
            assert set(names) == set(inspect.signature(documented).parameters), public


def test_modules_stand_in_the_reference():
    listed = {line.strip() for line in REFERENCE.read_text(encoding="utf-8").splitlines()}
    tops = {name.split(".")[1] for name in MODULES} - {"cli"}  # the command has a page of its own
    assert tops <= listed
