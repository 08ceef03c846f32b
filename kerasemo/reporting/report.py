"""A self-contained HTML report of one or several runs."""

import base64
import hashlib
import os
import re
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

import jinja2
from markdown_it import MarkdownIt
from markupsafe import Markup

from kerasemo import __version__, files
from kerasemo.errors import InputError, WrongCall
from kerasemo.reporting import pictures, results, run_folder
from kerasemo.reporting.comparison import compare
from kerasemo.reporting.confusions import CLIPS_PER_CELL, confusions
from kerasemo.reporting.headline import headline
from kerasemo.reporting.recordings import recordings
from kerasemo.reporting.run_folder import RunFolder
from kerasemo.reporting.score_table import number, score_table, signed
from kerasemo.training.run import MODEL_CARD

__all__ = ["write_report"]

_SET_ASIDE_ROWS = 500


def write_report(
    runs: Sequence[str | os.PathLike], out: str | os.PathLike | None = None, with_recordings: bool = True
) -> Path:
    """Write an HTML page about one or several runs, which needs no other files and no network.

    It is complete without JavaScript, which sorts its tables, folds rows away and opens its figures large.

    Unfinished runs are included and marked as such. Damaged files of a run folder are left out and listed.

    Args:
        runs: run folders.
        out: path of the page; required for several runs, by default `report.html` in the folder of a single run.
        with_recordings: whether the page contains the recordings of a small corpus, see `recordings`.

    Returns:
        The path of the page.

    Raises:
        InputError: There is no run, or a folder is not a run folder.
        WrongCall: There are several runs and no `out`.
    """
    if not runs:
        raise InputError("there is no run to report on; give at least one run folder.")
    if out is None and len(runs) > 1:
        raise WrongCall(f"a page about {len(runs)} runs does not belong to one run folder; give the page's path.")
    folders = [run_folder.read(run) for run in runs]
    page = Path(out) if out is not None else folders[0].path / "report.html"
    sections = [_section(folder) for folder in folders]
    style, script = (Markup(_text(name)) for name in ("report.css", "report.js"))
    html = _template().render(
        sections=sections,
        comparison=compare(folders) if len(folders) > 1 else None,
        recordings=recordings(folders) if with_recordings else {},
        version=__version__,
        style=style,
        script=script,
        script_hash=_hash(script),
    )
    with files.whole(page) as temporary:
        temporary.write_text(html, encoding="utf-8")
    return page


def _text(name: str) -> str:
    return resources.files("kerasemo.reporting").joinpath(name).read_text(encoding="utf-8")


def _hash(script: str) -> str:
    """Return the name of a script in a Content-Security-Policy, so that the browser runs no other one."""
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")


def _template() -> jinja2.Template:
    # Everything is escaped, because names of clips, files and models and error messages depend on the user's files.
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("kerasemo.reporting", ""),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = number
    environment.filters["signed"] = signed
    environment.globals["clips_per_cell"] = CLIPS_PER_CELL
    return environment.get_template("report.html.j2")


def _section(folder: RunFolder) -> dict[str, object]:
    """Return the values of the template for one run."""
    found = headline(folder.results or [], folder.config.get("exported"))
    return {
        "run": folder,
        "title": folder.config.get("title") or folder.path.resolve().name,
        "name": folder.path.resolve().name,
        "labels": results.PROTOCOLS,
        "headline": found,
        "headline_figure": pictures.headline_figure(found, folder.notice),
        "tables": [score_table(folder.results, name) for name in results.tables(folder.results or [])],
        "figures": [pictures.experiment_figure(name, png) for name, png in folder.figures.items()],
        "losses": pictures.losses(folder),
        "task_losses": pictures.task_losses(folder),
        "weights": pictures.weights(folder),
        "confusions": confusions(folder),
        "card": _card(folder),
        "options": list(run_folder.flat(folder.config.get("options", {}))),
        "environment": list(run_folder.flat(folder.environment)),
        "set_aside": folder.set_aside.head(_SET_ASIDE_ROWS).to_dict("records"),
    }


def _card(folder: RunFolder) -> Markup | None:
    """Return the model card as HTML, with headings from the third level on; HTML in the text itself is escaped."""
    path = folder.path / MODEL_CARD
    if not path.is_file():
        return None
    sections = path.read_text(encoding="utf-8").partition("\n## ")[2]
    deeper = re.sub("^#", "##", f"## {sections}", flags=re.MULTILINE)
    return Markup(MarkdownIt("js-default").render(deeper))
