"""Curves over the epochs of training: losses, metrics and task weights.

A history is a table with one row per epoch, as in `history/<model>.csv`: `epoch`, `loss`, `val_loss`, `<task>_loss`,
`val_<task>_loss`, `<task>_weight` and metrics. The functions return a `matplotlib.figure.Figure` in the style of
`figures`, or panels of a figure.
"""

import math
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from kerasemo.reporting.figures import COLOURS, FAINT, INK, LINE_STYLES, SMALL_PT, blank, look, plain, style

__all__ = [
    "Curve",
    "Panel",
    "chosen",
    "compared_panels",
    "grid",
    "loss_curves",
    "loss_panel",
    "loss_panels",
    "task_panel",
    "task_weights",
    "tasks",
    "training_curves",
    "weight_panel",
    "weights_matter",
    "with_equal_weights",
]

_WEIGHT = "task weight"
_PANEL_IN, _SINGLE_PANEL_IN = 1.7, 2.6


@dataclass(frozen=True)
class Curve:
    """A curve over epochs.

    Attributes:
        label: its name in the legend; empty: it has no entry there.
        colour: colour of the line, for matplotlib.
        style: style of the line, for matplotlib.
        epochs: the epochs, from 1.
        values: the value of each epoch.
    """

    label: str
    colour: str
    style: str
    epochs: pd.Series
    values: pd.Series


@dataclass(frozen=True)
class Panel:
    """A pair of axes.

    Attributes:
        title: title of the axes; may be empty.
        ylabel: label of the values, with their unit.
        curves: the curves.
    """

    title: str
    ylabel: str
    curves: list[Curve]


def loss_curves(history: pd.DataFrame, title: str, notice: str | None = None) -> Figure:
    """Draw the total loss of one model and, if there are several tasks, the loss of each task.

    Args:
        history: one row per epoch, with `epoch` and the columns of `history/<model>.csv`.
        title: the figure's title.
        notice: a warning to print under the title.

    Returns:
        The figure.
    """
    return grid(loss_panels(history), title, notice)


def task_weights(history: pd.DataFrame, title: str, notice: str | None = None) -> Figure:
    """Draw the weight of each task's loss over the epochs.

    Args:
        history: one row per epoch, with `epoch` and the columns of `history/<model>.csv`.
        title: the figure's title.
        notice: a warning to print under the title.

    Returns:
        The figure.
    """
    return grid([weight_panel("", [history])], title, notice)


def training_curves(history: pd.DataFrame, title: str, notice: str | None = None) -> Figure:
    """Draw the losses of one model, and its task weights if `weights_matter`.

    Args:
        history: one row per epoch, with `epoch` and the columns of `history/<model>.csv`.
        title: the figure's title.
        notice: a warning to print under the title.

    Returns:
        The figure.
    """
    panels = loss_panels(history)
    if weights_matter(history):
        panels.append(weight_panel("task weights", [history]))
    return grid(panels, title, notice)


def chosen(
    history: pd.DataFrame,
    columns: Mapping[str, str],
    title: str,
    ylabel: str,
    notice: str | None = None,
) -> Figure:
    """Draw selected columns of a history in one pair of axes.

    Args:
        history: one row per epoch.
        columns: label in the legend -> column of the history; missing columns are ignored.
        title: the figure's title.
        ylabel: label of the values, with their unit.
        notice: a warning to print under the title.

    Returns:
        The figure.
    """
    selected = [
        Curve(label, *look(number), history["epoch"], history[column])
        for number, (label, column) in enumerate(columns.items())
        if column in history
    ]
    return grid([Panel("", ylabel, selected)], title, notice)


def tasks(history: pd.DataFrame) -> list[str]:
    """Return the tasks that have a loss in a history.

    Args:
        history: one row per epoch, with `epoch` and the columns of `history/<model>.csv`.

    Example:
        >>> tasks(pd.DataFrame(columns=["epoch", "loss", "emotion_loss", "val_emotion_loss", "emotion_weight"]))
        ['emotion']
    """
    return [name.removesuffix("_loss") for name in history if name.endswith("_loss") and not name.startswith("val_")]


def weights_matter(history: pd.DataFrame) -> bool:
    """Return whether the task weights of a history are worth drawing: there are at least two, or one changes.

    Args:
        history: one row per epoch, with `epoch` and the columns of `history/<model>.csv`.
    """
    weights = history[[name for name in history if name.endswith("_weight")]]
    return weights.shape[1] > 1 or bool((weights.nunique() > 1).any())


def with_equal_weights(history: pd.DataFrame) -> pd.DataFrame:
    """Return a history with the mean of the tasks' losses beside their weighted sum: `equal_loss`, `val_equal_loss`.

    Args:
        history: one row per epoch, with `epoch` and the columns of `history/<model>.csv`.
    """
    means = {
        f"{side}equal_loss": history[[f"{side}{task}_loss" for task in tasks(history)]].mean(axis=1)
        for side in ("", "val_")
    }
    return history.assign(**means)


def loss_panels(history: pd.DataFrame) -> list[Panel]:
    """Return the panels of `loss_curves`: the total loss, then each task if there are at least two.

    Args:
        history: one row per epoch, with `epoch` and the columns of `history/<model>.csv`.
    """
    names = tasks(history)
    if len(names) < 2:
        return [loss_panel("", [history])]
    return [loss_panel("total", [history])] + [loss_panel(name, [history], name) for name in names]


def loss_panel(title: str, histories: Sequence[pd.DataFrame], task: str | None = None) -> Panel:
    """Return a panel with training and validation loss of all folds of a model, for one task or in total.

    Args:
        title: title of the panel.
        histories: the history of each fold, one row per epoch.
        task: the task; None: the joint loss.
    """
    column = "loss" if task is None else f"{task}_loss"
    looks = {
        column: ("training", COLOURS[0], "--"),
        f"val_{column}": ("validation", COLOURS[1], "-"),
    }
    return Panel(title, "loss", _overlay(histories, looks))


def task_panel(title: str, histories: Sequence[pd.DataFrame]) -> Panel:
    """Return a panel with the loss of each task in all folds of a model; the validation loss, if there is one.

    Args:
        title: title of the panel.
        histories: the history of each fold, one row per epoch.
    """
    looks = {}
    for number, task in enumerate(dict.fromkeys(name for history in histories for name in tasks(history))):
        validation = f"val_{task}_loss"
        column = validation if any(validation in history for history in histories) else f"{task}_loss"
        looks[column] = (task, *look(number))
    return Panel(title, "loss", _overlay(histories, looks))


def weight_panel(title: str, histories: Sequence[pd.DataFrame]) -> Panel:
    """Return a panel with the task weights in all folds of a model.

    Args:
        title: title of the panel.
        histories: the history of each fold, one row per epoch.
    """
    names = dict.fromkeys(name for history in histories for name in history if name.endswith("_weight"))
    # Curves of equal weights cover each other: with different dashes, all of them are visible.
    looks = {
        name: (name.removesuffix("_weight"), look(number)[0], LINE_STYLES[number % len(LINE_STYLES)])
        for number, name in enumerate(names)
    }
    return Panel(title, _WEIGHT, _overlay(histories, looks))


def compared_panels(
    histories: Mapping[str, pd.DataFrame], labels: Mapping[str, str], column: str, compared: Mapping[str, Sequence[str]]
) -> list[Panel]:
    """Return two panels that compare a loss of several models, in training and in validation.

    Args:
        histories: the history of each model; the order determines the colours.
        labels: the label of each model.
        column: column of the histories, such as `loss`; `val_<column>` for validation.
        compared: title of a comparison (may be empty) -> the models to draw; skipped if one of them has no history.
    """
    looks = {name: look(number) for number, name in enumerate(histories)}

    def curve(name: str, drawn: str) -> Curve:
        return Curve(labels[name], *looks[name], histories[name]["epoch"], histories[name][drawn])

    return [
        Panel(f"{side}, {title}" if title else side, "loss", [curve(name, f"{prefix}{column}") for name in names])
        for title, names in compared.items()
        if set(names) <= set(histories)
        for side, prefix in (("training", ""), ("validation", "val_"))
    ]


def grid(panels: Sequence[Panel], title: str, notice: str | None = None) -> Figure:
    """Draw panels in a grid with two per row; a single panel has the full width.

    Args:
        panels: the panels, see `loss_panel` and `weight_panel`. A panel without finite values shows a message.
        title: the figure's title.
        notice: a warning to print under the title.

    Returns:
        The figure.
    """
    columns = min(2, len(panels))
    rows = math.ceil(len(panels) / 2)
    figure = blank(title, notice, rows * _PANEL_IN if columns == 2 else _SINGLE_PANEL_IN)
    labels: list[str] = []
    for number, panel in enumerate(panels):
        axes = figure.add_subplot(rows, columns, number + 1)
        _draw(axes, panel)
        left_ylabel = panels[number - 1].ylabel if number % 2 else None
        axes.set_ylabel("" if panel.ylabel == left_ylabel else panel.ylabel)
        axes.set_xlabel("epoch" if number + columns >= len(panels) else "")
        if (shown := [curve.label for curve in panel.curves if curve.label]) and shown != labels:
            axes.legend(fontsize=SMALL_PT, frameon=False, labelcolor=INK, loc="best")
            labels = shown
    return plain(figure)


def _overlay(histories: Sequence[pd.DataFrame], looks: Mapping[str, tuple[str, str, str]]) -> list[Curve]:
    """Return the curves of the columns of all histories that have them; each label is used once."""
    overlaid = []
    for column, (label, colour, line) in looks.items():
        with_column = [history for history in histories if column in history]
        for number, history in enumerate(with_column):
            overlaid.append(
                Curve(
                    "" if number else label,
                    colour,
                    line,
                    history["epoch"],
                    history[column],
                )
            )
    return overlaid


def _draw(axes: Axes, panel: Panel) -> None:
    """Draw the curves of a panel; a single epoch is drawn as a dot, infinite values as gaps."""
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
        position = {"transform": axes.transAxes, "ha": "center", "va": "center"}
        axes.text(0.5, 0.5, "no finite values", color=FAINT, fontsize=SMALL_PT, **position)
    elif panel.ylabel == _WEIGHT and axes.dataLim.ymin >= 0:
        axes.set_ylim(0, 1.05 * axes.dataLim.ymax or None)
    axes.set_title(textwrap.fill(panel.title, 32), loc="left", fontsize=SMALL_PT, color=INK)
    style(axes)
