"""A self-contained HTML report of one or several runs, and figures of their training curves."""

import base64
import io
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import jinja2
import pandas as pd
from markdown_it import MarkdownIt
from markupsafe import Markup
from PIL import Image

from kerasemo import __version__, files, progress
from kerasemo.errors import InputError, WrongCall
from kerasemo.reporting import charts, curves, figures, results, run_folder
from kerasemo.reporting.headline import Headline, headline
from kerasemo.reporting.run_folder import RunFolder
from kerasemo.training.run import MODEL_CARD

__all__ = ["Picture", "Table", "number", "plot_run", "signed", "write_report"]

_PANELS_PER_IMAGE = 16
_SET_ASIDE_ROWS = 500


@dataclass(frozen=True)
class Picture:
    """An image in the page: its data URI, its size in CSS pixels, its alternative text and its caption."""

    source: str
    width: int
    height: int
    alt: str
    caption: str


@dataclass(frozen=True)
class Table:
    """A table of results.

    Attributes:
        name: the table's name.
        lines: its lines.
        protocols: the protocols of the scores, one column each.
        words: for each line, the metric, corpus or model to show under its name, if the name is not unique.
        common: the metric and corpus that all lines have in common.
        unit: whether all values are between 0 and 1, so that they can be drawn on one scale.
    """

    name: str
    lines: list[results.Line]
    protocols: list[str]
    words: list[str]
    common: list[str]
    unit: bool


def write_report(runs: Sequence[str | os.PathLike], out: str | os.PathLike | None = None) -> Path:
    """Write an HTML page about one or several runs, which needs no other files, no network and no scripts.

    Unfinished runs are included and marked as such. Damaged files of a run folder are left out and listed.

    Args:
        runs: run folders.
        out: path of the page; required for several runs, by default `report.html` in the folder of a single run.

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
    html = _template().render(sections=sections, version=__version__)
    with files.whole(page) as temporary:
        temporary.write_text(html, encoding="utf-8")
    return page


def plot_run(run: str | os.PathLike) -> list[Path]:
    """Draw the losses (and, if `curves.weights_matter`, the task weights) of all histories of a run.

    Args:
        run: a run folder.

    Returns:
        The paths of the images, `figures/curves/<model>.png`, one for each `history/<model>.csv`.

    Raises:
        InputError: The folder is not a run folder, it has no history yet, or a history cannot be read.
    """
    folder = run_folder.read(run)
    damaged = [problem for problem in folder.problems if problem.startswith("history/")]
    if damaged:
        raise InputError(f"{folder.path}: {damaged[0]}")
    if not folder.histories:
        raise InputError(f"{folder.path} has no history to plot yet; wait for the first epoch to end.")
    paths = []
    for model, history in progress.track(folder.histories.items(), len(folder.histories), "Drawing curves"):
        path = folder.path / "figures" / "curves" / f"{model}.png"
        alt = f"Losses of {model} over {len(history)} epochs"
        figures.save(curves.training_curves(history, model, folder.notice), path, alt)
        paths.append(path)
    return paths


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
    return environment.get_template("report.html.j2")


def number(value: float) -> str:
    """Format a score with three decimals, a large number with two.

    >>> number(0.91), number(158.38)
    ('0.910', '158.38')
    """
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.2f}"


def signed(value: float) -> str:
    """Format a difference with its sign.

    >>> signed(-0.456), signed(0.02)
    ('−0.456', '+0.020')
    """
    return ("−" if value < 0 else "+") + number(abs(value))


def _section(folder: RunFolder) -> dict[str, object]:
    """Return the values of the template for one run."""
    found = headline(folder.results or [], folder.config.get("exported"))
    return {
        "run": folder,
        "title": folder.config.get("title") or folder.path.resolve().name,
        "name": folder.path.resolve().name,
        "labels": results.PROTOCOLS,
        "headline": found,
        "headline_figure": _headline_figure(found, folder.notice),
        "tables": [_table(folder.results, name) for name in results.tables(folder.results or [])],
        "figures": [_experiment_figure(name, png) for name, png in folder.figures.items()],
        "losses": _losses(folder),
        "task_losses": _task_losses(folder),
        "weights": _weights(folder),
        "confusions": _confusions(folder),
        "card": _card(folder),
        "options": list(_flat(folder.config.get("options", {}))),
        "environment": list(_flat(folder.environment)),
        "set_aside": folder.set_aside.head(_SET_ASIDE_ROWS).to_dict("records"),
    }


def _headline_figure(found: Headline | None, notice: str | None) -> Picture | None:
    if found is None:
        return None
    table = str(found.rows[0]["table"])
    alt = f"{table}: {found.rows[0]['metric']} of each network under both protocols"
    return _picture(figures.png(charts.scores(found.rows, table, notice), alt), alt, "Published and measured scores")


def _card(folder: RunFolder) -> Markup | None:
    """Return the model card as HTML, with headings from the third level on; HTML in the text itself is escaped."""
    path = folder.path / MODEL_CARD
    if not path.is_file():
        return None
    sections = path.read_text(encoding="utf-8").partition("\n## ")[2]
    deeper = re.sub("^#", "##", f"## {sections}", flags=re.MULTILINE)
    return Markup(MarkdownIt("js-default").render(deeper))


def _table(rows: Sequence[results.Row], name: str) -> Table:
    lines = results.lines(rows, name)
    metrics, corpora = ({getattr(line, word) for line in lines} for word in ["metric", "corpus"])
    differ = [word for word, values in [("metric", metrics), ("corpus", corpora)] if len(values) > 1]
    if len({(line.row, line.metric, line.corpus) for line in lines}) < len(lines):
        differ.append("model")
    values = [line.published for line in lines]
    for line in lines:
        values += [value for score in line.scores.values() for value in (score.measured, score.low, score.high)]
    return Table(
        name=name,
        lines=lines,
        protocols=results.protocols(lines),
        words=[", ".join(getattr(line, word) for word in differ) for line in lines],
        common=[values.pop() for values in (metrics, corpora) if len(values) == 1],
        unit=all(0 <= value <= 1 for value in values if value is not None),
    )


def _picture(png: bytes, alt: str, caption: str) -> Picture:
    with Image.open(io.BytesIO(png)) as image:
        # The file has two or more dots for each CSS pixel, so that it is sharp on high-resolution screens.
        dots = image.info.get("dpi", (96, 96))[0] / 96
        width, height = (round(size / dots) for size in image.size)
    return Picture("data:image/png;base64," + base64.b64encode(png).decode("ascii"), width, height, alt, caption)


def _experiment_figure(name: str, png: bytes) -> Picture:
    caption = re.sub(r"[_.-]+", " ", Path(name).stem).strip().capitalize()
    with Image.open(io.BytesIO(png)) as image:
        alt = image.info.get("Description", caption)
    return _picture(png, alt, caption)


def _losses(folder: RunFolder) -> list[Picture]:
    panels = [curves.loss_panel(title, histories) for title, histories in _models(folder).items()]
    return _grids(panels, "Training and validation loss", folder.notice)


def _task_losses(folder: RunFolder) -> list[Picture]:
    panels = [
        curves.task_panel(title, histories)
        for title, histories in _models(folder).items()
        if len(curves.tasks(histories[0])) > 1
    ]
    return _grids(panels, "Loss of each task", folder.notice)


def _weights(folder: RunFolder) -> list[Picture]:
    panels = [
        curves.weight_panel(title, histories)
        for title, histories in _models(folder).items()
        if any(curves.weights_matter(history) for history in histories)
    ]
    return _grids(panels, "Task weights", folder.notice)


def _models(folder: RunFolder) -> dict[str, list[pd.DataFrame]]:
    """Return the histories of all folds of each model: first the main models, then their variations."""
    models: dict[str, list[pd.DataFrame]] = {}
    for name in sorted(folder.histories, key=lambda name: not run_folder.is_main(name)):
        models.setdefault(run_folder.without_fold(name), []).append(folder.histories[name])
    return {
        name if len(histories) == 1 else f"{name} ({len(histories)} folds)": histories
        for name, histories in models.items()
    }


def _grids(panels: Sequence[curves.Panel], title: str, notice: str | None) -> list[Picture]:
    """Draw the panels in images of at most `_PANELS_PER_IMAGE` panels."""
    starts = range(0, len(panels), _PANELS_PER_IMAGE)
    pictures = []
    for start in progress.track(starts, len(starts), f"Drawing: {title.lower()}"):
        image_panels = panels[start : start + _PANELS_PER_IMAGE]
        last = start + len(image_panels)
        caption = title if len(image_panels) == len(panels) else f"{title}, {start + 1} to {last}"
        alt = f"{title} over the epochs: {', '.join(panel.title for panel in image_panels)}"
        pictures.append(_picture(figures.png(curves.grid(image_panels, caption, notice), alt), alt, caption))
    return pictures


def _confusions(folder: RunFolder) -> list[Picture]:
    """Draw the confusion matrix of each main model; if there are only variations, of all models."""
    names = [name for name in folder.predictions if run_folder.is_main(name)] or list(folder.predictions)
    pictures = []
    for name in progress.track(names, len(names), "Drawing: confusion matrices"):
        table = folder.predictions[name]
        task = table["task"].iloc[0]
        figure = charts.confusion(
            table["label"], table["predicted"], folder.config["classes"][task], f"{name}: {task}", folder.notice
        )
        caption = f"{name}, test partition, {len(table)} predictions"
        alt = f"Confusion matrix of {task}: {caption}"
        pictures.append(_picture(figures.png(figure, alt), alt, caption))
    return pictures


def _flat(nested: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield the values of nested mappings, each with its dotted name."""
    for name, value in nested.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", str(value)
