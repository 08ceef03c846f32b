"""Figures of the CCC of fusion methods per stage, in-sample and on held-out dialogues, in the style of `figures`."""

import json
import os
from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from kerasemo.errors import InputError
from kerasemo.reporting import figures
from kerasemo.reporting.figures import COLOURS, INK, SMALL_PT, blank, plain, style
from kerasemo.reporting.results import Row

__all__ = ["ccc_per_stage", "described", "plot_fusion"]

_PANEL_IN, _LEGEND_LINE_IN = 1.6, 0.17
_STYLES = {"in-sample": "--", "held-out": "-"}


def plot_fusion(folder: str | os.PathLike, notice: str | None = None) -> Path:
    """Draw `figures/ccc_per_stage.png` for a folder that `kerasemo fuse` wrote.

    Args:
        folder: the folder with `results.json`.
        notice: a warning to print under the title.

    Returns:
        The path of the figure.

    Raises:
        InputError: There is no `results.json`, or it does not contain results of a fusion.
    """
    source = Path(folder, "results.json")
    try:
        rows = json.loads(source.read_text(encoding="utf-8"))
        if not rows:
            raise ValueError("no rows")
        figure, alt = ccc_per_stage(rows, "Fusion of saved predictions", notice), described(rows)
    except (OSError, ValueError, KeyError, TypeError):
        raise InputError(f"{source} holds no results of a fusion; run kerasemo fuse with this folder.") from None
    path = Path(folder, "figures", "ccc_per_stage.png")
    figures.save(figure, path, alt)
    return path


def ccc_per_stage(rows: Sequence[Row], title: str, notice: str | None = None) -> Figure:
    """Draw a panel for each target and the average: methods with several stages as curves, others as horizontal lines.

    Dashed lines are in-sample, solid lines held-out; the shaded area is the held-out interval of methods with several
    stages. Methods with one stage are only drawn with their held-out scores, if there are any. If all methods have one
    stage, each is drawn as a dot with its interval.

    Args:
        rows: the rows of the `results.json` of a fusion.
        title: the figure's title.
        notice: a warning to print under the title.

    Returns:
        The figure.
    """
    targets = list(dict.fromkeys(str(row["target"]) for row in rows))
    curves = _curves(rows)
    n_lines = -(-len(curves) // 2)
    figure = blank(title, notice, 2 * _PANEL_IN + _LEGEND_LINE_IN * n_lines + 0.2)
    first = None
    for number, target in enumerate(targets):
        first = figure.add_subplot(2, 2, number + 1, sharex=first, sharey=first)
        _draw(first, [row for row in rows if row["target"] == target], curves)
        first.set_title(target, loc="left", fontsize=SMALL_PT, color=INK)
        first.set_ylabel("" if number % 2 else "CCC")
        first.set_xlabel("stage" if number > 1 and len(rows) > len(targets) * len(_runs(rows)) else "")
        style(first)
    handles = dict(zip(*reversed(first.get_legend_handles_labels()), strict=True))
    figure.legend(
        handles.values(), handles.keys(), loc="outside lower center", ncols=2, fontsize=SMALL_PT, frameon=False,
        labelcolor=INK, columnspacing=1.0, handlelength=2.6,
    )  # fmt: skip
    return plain(figure)


def described(rows: Sequence[Row]) -> str:
    """Return the figure in words: the average CCC of each method's last stage.

    Args:
        rows: the rows of the `results.json` of a fusion.
    """
    last = {(row["method"], row["protocol"]): row for row in rows if row["target"] == "average"}
    words = [f"{method} {protocol} {row['ccc']:.3f}" for (method, protocol), row in last.items()]
    return "CCC of fusion methods per stage. Average of the targets at the last stage: " + ", ".join(words) + "."


def _curves(rows: Sequence[Row]) -> dict[tuple[str, str], str]:
    """Return the curves to draw: (method, protocol) -> colour."""
    methods = list(dict.fromkeys(str(row["method"]) for row in rows))
    staged = {str(row["method"]) for row in rows if row["stage"] > 1}
    is_held_out = any(row["protocol"] == "held-out" for row in rows)
    return {
        (method, protocol): COLOURS[methods.index(method) % len(COLOURS)]
        for method, protocol in _runs(rows)
        if method in staged or protocol == "held-out" or not is_held_out
    }


def _runs(rows: Sequence[Row]) -> list[tuple[str, str]]:
    """Return all pairs of method and protocol, each once."""
    return list(dict.fromkeys((str(row["method"]), str(row["protocol"])) for row in rows))


def _draw(axes: Axes, rows: Sequence[Row], curves: dict[tuple[str, str], str]) -> None:
    """Draw one panel."""
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True, min_n_ticks=1))
    last = max(row["stage"] for row in rows)
    for x, ((method, protocol), colour) in enumerate(curves.items()):
        points = [row for row in rows if (row["method"], row["protocol"]) == (method, protocol)]
        look = {"color": colour, "linestyle": _STYLES[protocol], "linewidth": 1.4, "label": f"{method}, {protocol}"}
        if last == 1:
            (point,) = points
            axes.plot([x], [point["ccc"]], marker="o", markersize=4, **look)
            axes.vlines([x] if point["low"] is not None else [], point["low"], point["high"], color=colour)
            axes.set_xticks([])
            continue
        if len(points) == 1:
            axes.plot([1, last], [points[0]["ccc"]] * 2, **look)
            continue
        stages = [row["stage"] for row in points]
        axes.plot(stages, [row["ccc"] for row in points], marker="o", markersize=3, **look)
        if protocol == "held-out" and points[0]["low"] is not None:
            ends = ([row[end] for row in points] for end in ("low", "high"))
            axes.fill_between(stages, *ends, color=colour, alpha=0.15, linewidth=0)
