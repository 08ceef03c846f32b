"""Figures of scores and confusion matrices, in the style of `figures`."""

import math
import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kerasemo.errors import InputError
from kerasemo.reporting import results as result_tables
from kerasemo.reporting.figures import COLOURS, FAINT, INK, SMALL_PT, blank, plain, style

__all__ = ["agreement", "confusion", "scores"]


def scores(results: Sequence[result_tables.Row], table: str, notice: str | None = None) -> Figure:
    """Draw one table of results as dots: published score, paper protocol, speakers held out.

    A bar is the interval from `low` to `high`. A grey line connects the two protocols; its length is the drop.

    Args:
        results: the rows of `results.json`.
        table: the name of the table to draw, also used as the title.
        notice: a warning to print under the title.

    Returns:
        The figure.

    Raises:
        InputError: There is no such table.
    """
    lines = result_tables.lines(results, table)
    metrics = list(dict.fromkeys(line.metric for line in lines))
    names = [textwrap.fill(line.row if len(metrics) == 1 else f"{line.row}, {line.metric}", 26) for line in lines]
    figure = blank(table, notice, 0.9 + sum(0.2 + 0.16 * (1 + name.count("\n")) for name in names))
    axes = figure.add_subplot()
    positions = np.arange(len(lines))
    for position, line in zip(positions, lines, strict=True):
        if line.drop is not None:
            ends = [line.scores[protocol].measured for protocol in result_tables.PROTOCOLS]
            axes.plot(ends, [position - 0.14, position + 0.14], color=FAINT, linewidth=0.8, zorder=1)
    if any(line.published is not None for line in lines):
        published = [math.nan if line.published is None else line.published for line in lines]
        look = {"color": INK, "markerfacecolor": "none", "markersize": 5}
        axes.plot(published, positions, "D", label="published", zorder=2, **look)
    for number, protocol in enumerate(result_tables.protocols(lines)):
        _dots(axes, lines, protocol, number)
    axes.set_yticks(positions, labels=names)
    axes.set_ylim(len(lines) - 0.5, -0.5)
    values = np.array(axes.dataLim.intervalx)
    if values.min() >= 0 and values.max() <= 1:
        axes.set_xlim(0, 1.02)
    style(axes)
    axes.tick_params(axis="y", labelcolor=INK, length=0)
    axes.set_xlabel(metrics[0] if len(metrics) == 1 else "")
    axes.legend(
        fontsize=SMALL_PT,
        frameon=False,
        labelcolor=INK,
        loc="lower right",
        bbox_to_anchor=(1, 1),
        ncols=3,
        columnspacing=1.2,
        handletextpad=0.2,
        borderaxespad=0.2,
    )
    return plain(figure)


def confusion(
    labels: Sequence[str],
    predictions: Sequence[str],
    classes: Sequence[str],
    title: str,
    notice: str | None = None,
) -> Figure:
    """Draw a confusion matrix in per cent of each true class, with the size of each class next to its name.

    Args:
        labels: the true class of each sample.
        predictions: the predicted class of each sample, in the same order.
        classes: all classes, in the order of rows and columns.
        title: the figure's title.
        notice: a warning to print under the title.

    Returns:
        The figure.

    Raises:
        InputError: A label or prediction is not one of the classes, or the numbers of labels and predictions differ.
    """
    unknown = sorted((set(labels) | set(predictions)) - set(classes))
    if unknown:
        raise InputError(f"{unknown[0]!r} is none of the classes {', '.join(classes)}; give all classes.")
    if len(labels) != len(predictions):
        raise InputError(f"there are {len(labels)} labels and {len(predictions)} predictions; give one for each.")
    numbers = {name: number for number, name in enumerate(classes)}
    counts = np.zeros((len(classes), len(classes)))
    np.add.at(
        counts,
        ([numbers[name] for name in labels], [numbers[name] for name in predictions]),
        1,
    )
    sizes = counts.sum(axis=1, keepdims=True)
    percent = np.divide(100 * counts, sizes, out=np.full_like(counts, np.nan), where=sizes > 0)
    figure = blank(title, notice, 1.2 + 0.36 * len(classes))
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
            fontsize=SMALL_PT,
            color=colour,
        )
    rows = [f"{name} ({int(size)})" for name, size in zip(classes, sizes[:, 0], strict=True)]
    _style_matrix(axes, rows, classes)
    axes.set_xlabel("predicted, % of the true class")
    axes.set_ylabel("true (samples)")
    return plain(figure)


def agreement(labels: Sequence[float], predictions: Sequence[float], title: str, notice: str | None = None) -> Figure:
    """Draw predicted numbers over the true ones, with a line on which both are equal.

    Args:
        labels: the true number of each sample.
        predictions: the predicted number of each sample, in the same order.
        title: the figure's title.
        notice: a warning to print under the title.

    Returns:
        The figure.
    """
    figure = blank(title, notice, 3.6)
    axes = figure.add_subplot()
    axes.axline((np.mean(labels),) * 2, slope=1, color=FAINT, linewidth=0.8)
    axes.plot(labels, predictions, "o", color=COLOURS[0], markersize=4, alpha=0.5, markeredgewidth=0)
    axes.set_xlabel("true")
    axes.set_ylabel("predicted")
    style(axes)
    return plain(figure)


def _dots(axes: Axes, lines: Sequence[result_tables.Line], protocol: str, number: int) -> None:
    """Draw the measured values of one protocol, a little above or below the middle of their lines."""
    offset = 0.14 * (2 * number - 1)
    dots = [(y + offset, line.scores[protocol]) for y, line in enumerate(lines) if protocol in line.scores]
    bars = [(y, score) for y, score in dots if score.low is not None and score.high is not None]
    colour = COLOURS[number]
    axes.hlines(
        [y for y, _ in bars],
        [s.low for _, s in bars],
        [s.high for _, s in bars],
        color=colour,
    )
    axes.plot(
        [score.measured for _, score in dots],
        [y for y, _ in dots],
        "os^v"[number % 4],
        color=colour,
        markersize=5,
        label=result_tables.PROTOCOLS.get(protocol, protocol),
        zorder=3,
    )


def _style_matrix(axes: Axes, rows: Sequence[str], columns: Sequence[str]) -> None:
    style(axes)
    axes.grid(False)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, labelcolor=INK)
    axes.set_yticks(range(len(rows)), labels=rows)
    tilted = len(columns) > 3
    axes.set_xticks(range(len(columns)), labels=columns, rotation=45 if tilted else 0, rotation_mode="anchor")
    for text in axes.get_xticklabels():
        text.set_ha("right" if tilted else "center")
