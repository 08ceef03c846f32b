"""Settings of the documentation, which `make docs` builds."""

import importlib
import re
import sys
from pathlib import Path

import typer
from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx
from typer.cli import get_docs_for_click

import kerasemo
from kerasemo import cli
from kerasemo.quiet import import_tensorflow

SCRIPTS = Path(__file__).parents[1] / "experiments"
sys.path.insert(0, str(SCRIPTS))
import_tensorflow()

project = "kerasemo"
release = kerasemo.__version__
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
]
exclude_patterns = ["_build", "_templates"]
templates_path = ["_templates"]

default_role = "py:obj"
autodoc_default_options = {"exclude-members": "set_fit_request, set_predict_request, set_score_request"}
autodoc_inherit_docstrings = False
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_typehints_format = "short"
napoleon_use_rtype = False
python_maximum_signature_line_length = 80

myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3

smartquotes = False
html_theme = "furo"
html_title = "kerasemo"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_math_renderer = "mathml"
html_copy_source = False
html_show_copyright = False


def setup(app: Sphinx) -> None:
    """Add the parts that no extension has: formulas as MathML, options of the commands."""
    app.add_html_math_renderer("mathml", (write_formula, None), (write_formula, None))
    app.connect("autodoc-process-docstring", keep_colons, priority=1)
    app.connect("source-read", add_options)
    app.connect("source-read", link_modules)


def write_formula(translator, node: nodes.Element) -> None:
    """Write a formula as MathML, which browsers show without a script."""
    display = "block" if isinstance(node, nodes.math_block) else "inline"
    translator.body.append(convert(node.astext(), display=display))
    raise nodes.SkipNode


def keep_colons(app: Sphinx, what: str, name: str, documented: object, options: object, lines: list[str]) -> None:
    """Begin the text on an attribute with an empty comment; otherwise the words before a colon are read as its type."""
    if what in ("attribute", "data", "property"):
        lines[:0] = ["..", ""]


def add_options(site: Sphinx, page: str, source: list[str]) -> None:
    """Append the options of the command, or of the scripts, to the page on them."""
    if page == "reference/command":
        source[0] += options_of(cli.app, "kerasemo")
    if page == "reference/scripts":
        for script in sorted(SCRIPTS.glob("*.py")):
            module = importlib.import_module(script.stem)
            app = module.STUDY.app(module.__doc__) if hasattr(module, "STUDY") else module.app
            source[0] += options_of(app, f"experiments/{script.name}")


def options_of(app: typer.Typer, name: str) -> str:
    """The help of a command and its sub-commands in Markdown, below a heading of the second level."""
    command = typer.main.get_command(app)
    return get_docs_for_click(obj=command, ctx=typer.Context(command, info_name=name), name=name, indent=1)


def link_modules(site: Sphinx, page: str, source: list[str]) -> None:
    """Let links to files of the package lead to their modules in the reference."""

    def role(link: re.Match) -> str:
        return f"{{py:mod}}`{link[1]} <{link[2].replace('/', '.')}>`"

    source[0] = re.sub(r"\[([^\]]+)\]\((?:\.\./)+(kerasemo/[\w/]+)\.py\)", role, source[0])
