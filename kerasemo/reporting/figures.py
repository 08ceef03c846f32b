"""The common style of the project's figures, suitable for colour-blind readers and for phones.

A figure is 4.8 inches wide, a little more than a phone, and shows its `notice` under its title. The global state of
matplotlib is not changed. Other modules, such as `curves` and `charts`, draw the contents.
"""

import io
import os
import textwrap
import warnings

import numpy as np
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from kerasemo import files

__all__ = [
    "COLOURS",
    "DOTS_PER_INCH",
    "FAINT",
    "FONTS",
    "GRID",
    "INK",
    "LINE_STYLES",
    "SMALL_PT",
    "TEXT_PT",
    "TITLE_PT",
    "WARNING",
    "WIDTH_IN",
    "blank",
    "look",
    "plain",
    "png",
    "save",
    "style",
]

WIDTH_IN = 4.8
DOTS_PER_INCH = 200

INK, FAINT, GRID, WARNING = "#1f2933", "#66727f", "#e3e7eb", "#a33c00"
# Okabe and Ito (2008), "Color universal design": distinguishable with all common kinds of colour blindness.
COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000"]
LINE_STYLES = ["-", "--", "-.", ":"]

# The default font of matplotlib, then installed fonts for class names in other scripts.
_OTHER_SCRIPTS = ("Noto Sans CJK SC", "Noto Sans CJK JP", "WenQuanYi Zen Hei", "Microsoft YaHei", "PingFang SC")
FONTS = ["DejaVu Sans", *(name for name in _OTHER_SCRIPTS if name in font_manager.get_font_names())]
TITLE_PT, TEXT_PT, SMALL_PT = 11, 9, 8
_PALETTE = 96


def blank(title: str, notice: str | None, body_in: float) -> Figure:
    """Return an empty figure with title and notice.

    Args:
        title: the figure's title.
        notice: a warning to print under the title.
        body_in: height of the axes, in inches.
    """
    heads = [(textwrap.fill(title, 46), TITLE_PT, INK, "bold")]
    if notice:
        heads.append((textwrap.fill(notice, 80), SMALL_PT, WARNING, "normal"))
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


def look(number: int) -> tuple[str, str]:
    """Return colour and line style of the curve with this number.

    Args:
        number: number of the curve, from 0.
    """
    return COLOURS[number % len(COLOURS)], LINE_STYLES[number // len(COLOURS) % len(LINE_STYLES)]


def style(axes: Axes) -> None:
    """Draw axes, grid and tick labels in light colours, so that the data stand out.

    Args:
        axes: the axes, which are changed.
    """
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(GRID)
    axes.grid(color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=SMALL_PT, labelcolor=FAINT, color=GRID)
    for label in [axes.xaxis.label, axes.yaxis.label]:
        label.set(fontsize=TEXT_PT, color=FAINT)


def plain(figure: Figure) -> Figure:
    """Return a figure with all text as plain text, in fonts for many scripts: a dollar sign does not start a formula.

    Args:
        figure: the figure, which is changed.
    """
    for text in figure.findobj(Text):
        text.set_parse_math(False)
        text.set_fontfamily(FONTS)
    return figure


def png(figure: Figure, alt: str) -> bytes:
    """Return a figure as PNG, with an alternative text as the image's description.

    Args:
        figure: the figure.
        alt: what it shows, for those who cannot see it.
    """
    canvas = FigureCanvasAgg(figure)
    with warnings.catch_warnings():
        # If no font has the letters of a class name, the figure shows boxes; tables and report show the name.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
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
    """Write a figure as PNG, completely or not at all.

    Args:
        figure: the figure.
        path: the PNG file.
        alt: alternative text, for readers who cannot see the figure; the report reads it from the file.
    """
    with files.whole(path) as temporary:
        temporary.write_bytes(png(figure, alt))
