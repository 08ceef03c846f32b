"""The project's figures: one restrained style, safe for colour-blind readers, readable on a phone.

Every function returns a `matplotlib.figure.Figure`, and none touches matplotlib's global state. A figure is 4.8 inches
wide, little more than a phone, and prints its `notice` under its title. A history is a table with a row per epoch, as
in `history/<model>.csv`: `epoch`, `loss`, `val_loss`, `<task>_loss`, `val_<task>_loss`, `<task>_weight` and metrics.
"""

import io
import math
import os
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import MaxNLocator
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from kerasemo import files
from kerasemo.errors import InputError
from kerasemo.reporting import results as result_tables

WIDTH_IN = 4.8
DOTS_PER_INCH = 200

INK, FAINT, GRID, WARNING = "#1f2933", "#66727f", "#e3e7eb", "#a33c00"
# Okabe and Ito (2008), "Color universal design": told apart under every common kind of colour blindness.
COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000"]
_WEIGHT = "task weight"
_LINE_STYLES = ["-", "--", "-.", ":"]

_TITLE_PT, _TEXT_PT, _SMALL_PT = 11, 9, 8
_PANEL_IN, _SINGLE_PANEL_IN = 1.7, 2.6
_PALETTE = 96


@dataclass(frozen=True)
class Curve:
    """A line to draw over epochs; one with an empty label stays out of the legend."""

    label: str
    colour: str
    style: str
    epochs: pd.Series
    values: pd.Series


@dataclass(frozen=True)
class Panel:
    """A pair of axes to draw: its title, what its values are, and its curves."""

    title: str
    ylabel: str
    curves: list[Curve]


def loss_curves(history: pd.DataFrame, title: str, notice: str | None = None) -> Figure:
    """The losses of one training run: in total and, where there are several tasks, of each task."""
    return grid(loss_panels(history), title, notice)


def task_weights(history: pd.DataFrame, title: str, notice: str | None = None) -> Figure:
    """The weight of each task's loss over the epochs."""
    return grid([weight_panel("", [history])], title, notice)


def training_curves(history: pd.DataFrame, title: str, notice: str | None = None) -> Figure:
    """The losses of one training run, and its task weights where `weights_matter`."""
    panels = loss_panels(history)
    if weights_matter(history):
        panels.append(weight_panel("task weights", [history]))
    return grid(panels, title, notice)


def curves(
    history: pd.DataFrame,
    columns: Mapping[str, str],
    title: str,
    ylabel: str,
    notice: str | None = None,
) -> Figure:
    """Chosen columns of a history in one pair of axes.

    Args:
        history: a row per epoch.
        columns: label in the legend -> column of the history; a missing column is left out.
        title: the figure's title.
        ylabel: what the values are, with their unit.
        notice: a warning to print under the title.
    """
    drawn = [
        Curve(label, *_look(number), history["epoch"], history[column])
        for number, (label, column) in enumerate(columns.items())
        if column in history
    ]
    return grid([Panel("", ylabel, drawn)], title, notice)


def tasks(history: pd.DataFrame) -> list[str]:
    """The tasks that have a loss of their own in a history.

    >>> tasks(pd.DataFrame(columns=["epoch", "loss", "val_loss", "emotion_loss", "val_emotion_loss", "emotion_weight"]))
    ['emotion']
    """
    return [name.removesuffix("_loss") for name in history if name.endswith("_loss") and not name.startswith("val_")]


def weights_matter(history: pd.DataFrame) -> bool:
    """Whether a history's task weights say something: there are at least two, or one changes."""
    weights = history[[name for name in history if name.endswith("_weight")]]
    return weights.shape[1] > 1 or bool((weights.nunique() > 1).any())


def loss_panels(history: pd.DataFrame) -> list[Panel]:
    """The panels of `loss_curves`: the total, then each task where there are at least two."""
    names = tasks(history)
    if len(names) < 2:
        return [loss_panel("", [history])]
    return [loss_panel("total", [history])] + [loss_panel(name, [history], name) for name in names]


def loss_panel(title: str, histories: Sequence[pd.DataFrame], task: str | None = None) -> Panel:
    """The training and validation loss of one model, its folds laid over each other; of one task, or in total."""
    column = "loss" if task is None else f"{task}_loss"
    looks = {
        column: ("training", COLOURS[0], "--"),
        f"val_{column}": ("validation", COLOURS[1], "-"),
    }
    return Panel(title, "loss", _overlay(histories, looks))


def task_panel(title: str, histories: Sequence[pd.DataFrame]) -> Panel:
    """The loss of each task of one model, its folds laid over each other; on the validation data where there are."""
    looks = {}
    for number, task in enumerate(dict.fromkeys(name for history in histories for name in tasks(history))):
        held = f"val_{task}_loss"
        column = held if any(held in history for history in histories) else f"{task}_loss"
        looks[column] = (task, *_look(number))
    return Panel(title, "loss", _overlay(histories, looks))


def weight_panel(title: str, histories: Sequence[pd.DataFrame]) -> Panel:
    """The task weights of one model, its folds laid over each other."""
    names = dict.fromkeys(name for history in histories for name in history if name.endswith("_weight"))
    # Equal weights lie on each other: dashes let the ones below show.
    looks = {
        name: (name.removesuffix("_weight"), _look(number)[0], _LINE_STYLES[number % len(_LINE_STYLES)])
        for number, name in enumerate(names)
    }
    return Panel(title, _WEIGHT, _overlay(histories, looks))


def grid(panels: Sequence[Panel], title: str, notice: str | None = None) -> Figure:
    """Panels beside and under each other, two in a row; a single one takes the whole width.

    Args:
        panels: what to draw; see `loss_panel` and `weight_panel`. One without a finite value says so.
        title: the figure's title.
        notice: a warning to print under the title.
    """
    columns = min(2, len(panels))
    rows = math.ceil(len(panels) / 2)
    figure = _figure(title, notice, rows * _PANEL_IN if columns == 2 else _SINGLE_PANEL_IN)
    labels: list[str] = []
    for number, panel in enumerate(panels):
        axes = figure.add_subplot(rows, columns, number + 1)
        _draw(axes, panel)
        beside = panels[number - 1].ylabel if number % 2 else None
        axes.set_ylabel("" if panel.ylabel == beside else panel.ylabel)
        axes.set_xlabel("epoch" if number + columns >= len(panels) else "")
        if (shown := [curve.label for curve in panel.curves if curve.label]) and shown != labels:
            axes.legend(fontsize=_SMALL_PT, frameon=False, labelcolor=INK, loc="best")
            labels = shown
    return _plain(figure)


def scores(results: Sequence[result_tables.Row], table: str, notice: str | None = None) -> Figure:
    """One table of results as dots: published, under the paper's protocol, with speakers held out.

    A bar is the interval from `low` to `high`; a grey line joins the two protocols, so that its length is the drop.

    Args:
        results: rows as in `results.json`.
        table: which of its tables to draw; its name is the title.
        notice: a warning to print under the title.

    Raises:
        InputError: there is no such table.
    """
    lines = result_tables.lines(results, table)
    metrics = list(dict.fromkeys(line.metric for line in lines))
    names = [textwrap.fill(line.row if len(metrics) == 1 else f"{line.row}, {line.metric}", 26) for line in lines]
    figure = _figure(table, notice, 0.9 + sum(0.2 + 0.16 * (1 + name.count("\n")) for name in names))
    axes = figure.add_subplot()
    places = np.arange(len(lines))
    for place, line in zip(places, lines, strict=True):
        if line.drop is not None:
            ends = [line.scores[protocol].measured for protocol in result_tables.PROTOCOLS]
            axes.plot(ends, [place - 0.14, place + 0.14], color=FAINT, linewidth=0.8, zorder=1)
    published = [math.nan if line.published is None else line.published for line in lines]
    axes.plot(
        published,
        places,
        "D",
        color=INK,
        markerfacecolor="none",
        markersize=5,
        label="published",
        zorder=2,
    )
    for number, protocol in enumerate(result_tables.protocols(lines)):
        _dots(axes, lines, protocol, number)
    axes.set_yticks(places, labels=names)
    axes.set_ylim(len(lines) - 0.5, -0.5)
    values = np.array(axes.dataLim.intervalx)
    if values.min() >= 0 and values.max() <= 1:
        axes.set_xlim(0, 1.02)
    _style(axes)
    axes.tick_params(axis="y", labelcolor=INK, length=0)
    axes.set_xlabel(metrics[0] if len(metrics) == 1 else "")
    axes.legend(
        fontsize=_SMALL_PT,
        frameon=False,
        labelcolor=INK,
        loc="lower right",
        bbox_to_anchor=(1, 1),
        ncols=3,
        columnspacing=1.2,
        handletextpad=0.2,
        borderaxespad=0.2,
    )
    return _plain(figure)


def confusion(
    labels: Sequence[str],
    predictions: Sequence[str],
    classes: Sequence[str],
    title: str,
    notice: str | None = None,
) -> Figure:
    """A confusion matrix in per cent of each true class, with the size of the class beside its name.

    Args:
        labels: the true class of each sample.
        predictions: the predicted class of each sample, in the same order.
        classes: all classes, in the order of rows and columns.
        title: the figure's title.
        notice: a warning to print under the title.

    Raises:
        InputError: a label or a prediction is none of the classes, or there are not as many of both.
    """
    strangers = sorted((set(labels) | set(predictions)) - set(classes))
    if strangers:
        raise InputError(f"{strangers[0]!r} is none of the classes {', '.join(classes)}; give all classes.")
    if len(labels) != len(predictions):
        raise InputError(f"there are {len(labels)} labels and {len(predictions)} predictions; give one for each.")
    place = {name: number for number, name in enumerate(classes)}
    counts = np.zeros((len(classes), len(classes)))
    np.add.at(
        counts,
        ([place[name] for name in labels], [place[name] for name in predictions]),
        1,
    )
    sizes = counts.sum(axis=1, keepdims=True)
    percent = np.divide(100 * counts, sizes, out=np.full_like(counts, np.nan), where=sizes > 0)
    figure = _figure(title, notice, 1.2 + 0.36 * len(classes))
    axes = figure.add_subplot()
    axes.imshow(percent, cmap="Blues", vmin=0, vmax=100, aspect="auto")
    for (row, column), value in np.ndenumerate(percent):
        text = "" if math.isnan(value) else f"{value:.0f}"
        colour = "white" if value > 62 else FAINT if value < 0.5 else INK
        axes.text(
            column,
            row,
            text,
            ha="center",
            va="center",
            fontsize=_SMALL_PT,
            color=colour,
        )
    rows = [f"{name} ({int(size)})" for name, size in zip(classes, sizes[:, 0], strict=True)]
    _style_matrix(axes, rows, classes)
    axes.set_xlabel("predicted, % of the true class")
    axes.set_ylabel("true (samples)")
    return _plain(figure)


def png(figure: Figure, alt: str) -> bytes:
    """A figure as PNG, with the words that stand for it (`alt`) as the image's description."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    image = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    # Lines and text need few colours; a palette makes the file a third of the size.
    image = image.quantize(_PALETTE, dither=Image.Dither.NONE)
    metadata = PngInfo()
    metadata.add_itxt("Description", alt)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", pnginfo=metadata, optimize=True, dpi=(DOTS_PER_INCH, DOTS_PER_INCH))
    return buffer.getvalue()


def save(figure: Figure, path: str | os.PathLike, alt: str) -> None:
    """Write a figure as PNG, whole or not at all.

    Args:
        figure: what to write.
        path: the PNG file.
        alt: what the figure shows, in words, for those who cannot see it; the report reads it from the file.
    """
    with files.whole(path) as temporary:
        temporary.write_bytes(png(figure, alt))


def _figure(title: str, notice: str | None, body_in: float) -> Figure:
    """An empty figure with its title and notice; `body_in` inches are left for the axes."""
    heads = [(textwrap.fill(title, 46), _TITLE_PT, INK, "bold")]
    if notice:
        heads.append((textwrap.fill(notice, 80), _SMALL_PT, WARNING, "normal"))
    head_in = 0.08 + sum((1 + text.count("\n")) * size * 1.35 / 72 + 0.04 for text, size, _, _ in heads)
    height = head_in + body_in
    figure = Figure(figsize=(WIDTH_IN, height), dpi=DOTS_PER_INCH, layout="constrained")
    figure.get_layout_engine().set(rect=(0, 0, 1, body_in / height), w_pad=0.05, h_pad=0.05)
    top = 0.08
    for text, size, colour, weight in heads:
        figure.text(
            0.08 / WIDTH_IN,
            1 - top / height,
            text,
            fontsize=size,
            color=colour,
            fontweight=weight,
            va="top",
            linespacing=1.2,
        )
        top += (1 + text.count("\n")) * size * 1.35 / 72 + 0.04
    return figure


def _look(number: int) -> tuple[str, str]:
    """The colour and line style of the curve of that number."""
    return COLOURS[number % len(COLOURS)], _LINE_STYLES[number // len(COLOURS) % len(_LINE_STYLES)]


def _overlay(histories: Sequence[pd.DataFrame], looks: Mapping[str, tuple[str, str, str]]) -> list[Curve]:
    """The columns of every history that has them; each label stands once."""
    drawn = []
    for column, (label, colour, style) in looks.items():
        holders = [history for history in histories if column in history]
        for number, history in enumerate(holders):
            drawn.append(
                Curve(
                    "" if number else label,
                    colour,
                    style,
                    history["epoch"],
                    history[column],
                )
            )
    return drawn


def _draw(axes: Axes, panel: Panel) -> None:
    """The curves of a panel; a lone epoch shows as a dot, and infinite values as gaps."""
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True, min_n_ticks=1))
    finite = False
    crowded = len(panel.curves) > 8
    for curve in panel.curves:
        values = curve.values.where(np.isfinite(curve.values))
        finite = finite or values.notna().any()
        axes.plot(
            curve.epochs,
            values,
            curve.style,
            color=curve.colour,
            label=curve.label or None,
            linewidth=0.8 if crowded else 1.4,
            alpha=0.6 if crowded else 1,
            marker="o" if values.notna().sum() <= 2 else None,
            markersize=4,
        )
    if not finite:
        axes.set(xticks=[], yticks=[])
        place = {"transform": axes.transAxes, "ha": "center", "va": "center"}
        axes.text(0.5, 0.5, "no finite values", color=FAINT, fontsize=_SMALL_PT, **place)
    elif panel.ylabel == _WEIGHT and axes.dataLim.ymin >= 0:
        axes.set_ylim(bottom=0)
    axes.set_title(textwrap.fill(panel.title, 32), loc="left", fontsize=_SMALL_PT, color=INK)
    _style(axes)


def _dots(axes: Axes, lines: Sequence[result_tables.Line], protocol: str, number: int) -> None:
    """The measured values of one protocol, a little above or below the middle of their line."""
    offset = 0.14 * (2 * number - 1)
    held = [(place + offset, line.scores[protocol]) for place, line in enumerate(lines) if protocol in line.scores]
    bars = [(place, score) for place, score in held if score.low is not None and score.high is not None]
    colour = COLOURS[number]
    axes.hlines(
        [place for place, _ in bars],
        [s.low for _, s in bars],
        [s.high for _, s in bars],
        color=colour,
    )
    axes.plot(
        [score.measured for _, score in held],
        [place for place, _ in held],
        "os^v"[number % 4],
        color=colour,
        markersize=5,
        label=result_tables.PROTOCOLS.get(protocol, protocol),
        zorder=3,
    )


def _style(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(GRID)
    axes.grid(color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=_SMALL_PT, labelcolor=FAINT, color=GRID)
    for label in [axes.xaxis.label, axes.yaxis.label]:
        label.set(fontsize=_TEXT_PT, color=FAINT)


def _style_matrix(axes: Axes, rows: Sequence[str], columns: Sequence[str]) -> None:
    _style(axes)
    axes.grid(False)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, labelcolor=INK)
    axes.set_yticks(range(len(rows)), labels=rows)
    tilted = len(columns) > 3
    axes.set_xticks(range(len(columns)), labels=columns, rotation=45 if tilted else 0, rotation_mode="anchor")
    for text in axes.get_xticklabels():
        text.set_ha("right" if tilted else "center")


def _plain(figure: Figure) -> Figure:
    """Names of models, rows and classes are no formulas: a dollar sign in one stays a dollar sign."""
    for text in figure.findobj(Text):
        text.set_parse_math(False)
    return figure
