"""Figure of emotion over time, in the style of `figures`."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MultipleLocator

from kerasemo.reporting.figures import FAINT, INK, SMALL_PT, blank, plain, style

__all__ = ["clock", "timeline_chart"]

_TICKS_S = (1, 2, 5, 10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14_400, 28_800)


def timeline_chart(table: pd.DataFrame, title: str, notice: str | None = None) -> Figure:
    """Draw a row of cells for each class; darker cells mean higher probabilities, and unknown ones are blank.

    Args:
        table: one row per window, in the order of time: `time_s`, then a probability for each class, or NaN.
        title: the figure's title.
        notice: a warning to print under the title.

    Returns:
        The figure.
    """
    times, classes = table["time_s"].to_numpy(), list(table.columns[1:])
    probabilities = table[classes].to_numpy(float).T
    # The cell of a window extends halfway to its neighbours.
    middles = (times[1:] + times[:-1]) / 2
    steps = np.diff(times) if len(times) > 1 else np.ones(1)
    edges = np.concatenate([[times[0] - steps[0] / 2], middles, [times[-1] + steps[-1] / 2]])
    figure = blank(title, notice, 0.9 + 0.28 * len(classes))
    axes = figure.add_subplot()
    cells = axes.pcolormesh(edges, np.arange(len(classes) + 1), probabilities, cmap="Blues", vmin=0, vmax=1)
    cells.set_rasterized(True)
    axes.invert_yaxis()
    style(axes)
    axes.grid(False)
    axes.set_yticks(np.arange(len(classes)) + 0.5, labels=classes)
    axes.tick_params(axis="y", labelcolor=INK, length=0)
    tick_s = next((step for step in _TICKS_S if edges[-1] - edges[0] <= 6 * step), _TICKS_S[-1])
    axes.xaxis.set_major_locator(MultipleLocator(tick_s))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda seconds, _: clock(seconds)))
    axes.set_xlabel("time, min:s" if edges[-1] < 3600 else "time, h:min:s")
    bar = figure.colorbar(cells, ax=axes, fraction=0.04, pad=0.02, ticks=[0, 0.5, 1])
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=SMALL_PT, labelcolor=FAINT, length=0)
    bar.set_label("probability", fontsize=SMALL_PT, color=FAINT)
    return plain(figure)


def clock(seconds: float) -> str:
    """Return seconds as minutes and seconds, or hours, minutes and seconds; empty for negative values.

    Args:
        seconds: a time, rounded to whole seconds.

    Example:
        >>> clock(75), clock(3725), clock(-1)
        ('1:15', '1:02:05', '')
    """
    if seconds < 0:
        return ""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
