"""Every public name is listed in `__all__` and documented as the house asks: sentence, arguments, result, errors."""

import ast
import dataclasses
import inspect
import pkgutil
import re
import textwrap
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import FunctionType

import docstring_parser
import pytest
from sphinx.util.inventory import InventoryFile

import kerasemo
from kerasemo.command_line import SETTINGS

MODULES = sorted(
    each.name for each in pkgutil.walk_packages(kerasemo.__path__, "kerasemo.") if "__main__" not in each.name
)
INVENTORY = Path(__file__).parents[1] / "docs" / "_build" / "objects.inv"
ERRORS = {"InputError", "ValueError", "BrokenClip"}
METHODS = re.compile(r"kerasemo\.(losses|weighting|layers|models|metrics|fusion)\.")
SOURCE = re.compile(r"Source: |\b(19|20)\d\d\b|(chae|atmaja|zhang|goswami|ryabinov)20\d\d")
NOT_PUBLISHED = {
    "fusion.fuse", "fusion.mean", "fusion.methods", "fusion.multistage_grid", "fusion.network", "fusion.predictions",
    "fusion.protocols", "fusion.recordings", "fusion.saved", "fusion.scoring", "fusion.stage",
    "layers.chunked_lstm", "layers.frame_wise", "layers.in_training", "layers.valid_frames", "losses.replicas",
    "metrics.spread", "models.from_waveform", "models.on_features", "weighting.random_state", "weighting.weighting",
}  # fmt: skip
"""Modules that contain no method of a paper."""
RESULT = re.compile(r"(Return|Yield|Whether)\b")
"""How a first line begins that says what a function returns."""
ELSEWHERE = re.compile(r"^See `[\w.]+`\.$|[Aa]rguments( and result)? as in `")
"""How a docstring says that its parameters are those of another function."""
PASSED_ON = {"self", "cls", "args", "kwargs"}
"""Parameters without a meaning of their own."""


def public_names(name: str) -> list[str]:
    """Return the public functions and classes that a module defines."""
    kinds = (ast.FunctionDef, ast.ClassDef)
    body = ast.parse(inspect.getsource(import_module(name))).body
    return [each.name for each in body if isinstance(each, kinds) and not each.name.startswith("_")]


def parsed(documented) -> docstring_parser.Docstring:
    return docstring_parser.parse(documented.__doc__ or "", docstring_parser.DocstringStyle.GOOGLE)


def described(documented) -> set[str]:
    """Return the parameters that a docstring names: under `Args:`, or fields of a dataclass under `Attributes:`."""
    sections = {"param", "attribute"} if dataclasses.is_dataclass(documented) else {"param"}
    names = (each.arg_name.split(",") for each in parsed(documented).params if each.args[0] in sections)
    return {name.strip().lstrip("*") for part in names for name in part}


def own_methods(owner: type) -> Iterator[FunctionType]:
    """Yield the public methods that a class defines; one without a docstring may be documented by a base class."""
    for name, member in vars(owner).items():
        function = inspect.unwrap(getattr(member, "__func__", member))
        is_inherited = any(hasattr(base, name) for base in owner.__mro__[1:])
        is_own = inspect.isfunction(function) and function.__qualname__ == f"{owner.__qualname__}.{name}"
        if is_own and not name.startswith("_") and (function.__doc__ or not is_inherited):
            yield function


def raised_by(*functions: FunctionType) -> set[str]:
    """Return which `ERRORS` the bodies of functions raise by themselves, outside `try`, which may catch them."""
    trees = [ast.parse(textwrap.dedent(inspect.getsource(function))) for function in functions]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    tried = {id(inner) for node in nodes if isinstance(node, ast.Try) for part in node.body for inner in ast.walk(part)}
    calls = [node.exc for node in nodes if isinstance(node, ast.Raise) and id(node) not in tried]
    return {getattr(getattr(call, "func", call), "id", None) for call in calls} & ERRORS


def returns_a_value(function: FunctionType) -> bool:
    """Return whether a function returns something other than None."""
    annotation = inspect.signature(function).return_annotation
    if annotation is not inspect.Signature.empty:
        return annotation not in (None, "None")
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    return any(isinstance(node, ast.Return) and node.value for node in ast.walk(tree))


def parameters(documented) -> set[str]:
    """Return the parameters of a function; of a class those that it adds, without fields that are options with help."""
    if inspect.isfunction(documented):
        return set(inspect.signature(documented).parameters) - PASSED_ON
    if dataclasses.is_dataclass(documented):
        added = vars(documented).get("__annotations__", ())
        fields = (field for field in dataclasses.fields(documented) if field.init and field.name in added)
        return {field.name for field in fields if not (field.metadata.get(SETTINGS) or {}).get("help")}
    if "__init__" not in vars(documented):
        return set()
    foreign = {base for base in documented.__mro__ if not base.__module__.startswith("kerasemo")} - {object}
    inherited = {name for base in foreign for name in inspect.signature(base.__init__).parameters}
    return set(inspect.signature(documented.__init__).parameters) - PASSED_ON - inherited


def constructors(owner: type) -> list[FunctionType]:
    """Return the functions that a class writes itself and that run when an object is made."""
    names = ["__post_init__"] if dataclasses.is_dataclass(owner) else ["__init__"]
    return [vars(owner)[name] for name in names if name in vars(owner)]


def faults_of(name: str, documented, inherited: set[str] = frozenset()) -> Iterator[str]:
    """Yield what is missing in the docstring of a function or class; `inherited` parameters stand at a base class."""
    text = inspect.cleandoc(documented.__doc__ or "")
    first = text.split("\n")[0]
    if not re.match(r"[A-Z`0-9].* .*[.:]$", first):
        yield f"{name}: the first line is no sentence: {first!r}"
    missing = parameters(documented) - described(documented) - inherited
    if missing and not ELSEWHERE.search(text):
        yield f"{name}: not under Args: {sorted(missing)}"
    is_class = inspect.isclass(documented)
    if not is_class and (unknown := described(documented) - set(inspect.signature(documented).parameters)):
        yield f"{name}: not a parameter: {sorted(unknown)}"
    raised = raised_by(*constructors(documented) if is_class else [documented])
    if missing := raised - {each.type_name for each in parsed(documented).raises}:
        yield f"{name}: not under Raises: {sorted(missing)}"
    is_told = RESULT.match(first) or ELSEWHERE.match(first) or parsed(documented).returns
    if not is_class and returns_a_value(documented) and not is_told:
        yield f"{name}: no Returns"


def faults(name: str) -> Iterator[str]:
    """Yield what is missing in the docstrings of a module; parameters of commands have their help instead."""
    module = import_module(name)
    for public in public_names(name):
        documented = inspect.unwrap(getattr(module, public))
        if public not in module.__all__:
            yield f"{public}: not in __all__"
        if name.startswith("kerasemo.cli"):
            continue
        yield from faults_of(public, documented)
        for method in own_methods(documented) if inspect.isclass(documented) else ():
            bases = (getattr(base, method.__name__, None) for base in documented.__mro__[1:])
            inherited = {each for base in bases for each in described(base)}
            yield from faults_of(f"{public}.{method.__name__}", method, inherited)


@pytest.mark.parametrize("name", MODULES)
def test_public_names_are_listed_and_documented(name):
    first = (import_module(name).__doc__ or "").split("\n")[0]
    assert first.endswith((".", ":"))
    assert list(faults(name)) == []


@pytest.mark.parametrize("name", [each for each in MODULES if METHODS.match(each)])
def test_a_module_with_a_published_method_names_its_source(name):
    tree = ast.parse(inspect.getsource(import_module(name)))
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef)
    texts = [ast.get_docstring(node) or "" for node in ast.walk(tree) if isinstance(node, kinds)]
    assert bool(SOURCE.search("\n".join(texts))) != (name.removeprefix("kerasemo.") in NOT_PUBLISHED)


def test_every_public_name_stands_in_the_reference():
    if not INVENTORY.exists():
        pytest.skip("needs the built documentation: make docs")
    with INVENTORY.open("rb") as file:
        names = InventoryFile.load(file, "", lambda base, page: page)
    listed = {name for kind, entries in names.items() if kind.startswith("py:") for name in entries}
    documented = [name for name in MODULES if not name.startswith("kerasemo.cli")]  # the command has a page of its own
    expected = {f"{name}.{public}" for name in documented for public in public_names(name)} | {*documented}
    assert expected - listed == set(), "not in the built reference, which may be old: make docs"
