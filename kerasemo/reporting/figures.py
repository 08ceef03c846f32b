"""The look of the project's figures: one restrained style, safe for colour-blind readers, readable on a phone.

A figure is 4.8 inches wide, little more than a phone, and prints its `notice` under its title. Nothing touches
matplotlib's global state. What is drawn stands in modules of its own: `curves`, `charts`.
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

WIDTH_IN = 4.8
DOTS_PER_INCH = 200

INK, FAINT, GRID, WARNING = "#1f2933", "#66727f", "#e3e7eb", "#a33c00"
# Okabe and Ito (2008), "Color universal design": told apart under every common kind of colour blindness.
COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000"]
LINE_STYLES = ["-", "--", "-.", ":"]

# matplotlib's own, then what is installed for classes in other scripts.
_OTHER_SCRIPTS = ("Noto Sans CJK SC", "Noto Sans CJK JP", "WenQuanYi Zen Hei", "Microsoft YaHei", "PingFang SC")
FONTS = ["DejaVu Sans", *(name for name in _OTHER_SCRIPTS if name in font_manager.get_font_names())]
TITLE_PT, TEXT_PT, SMALL_PT = 11, 9, 8
_PALETTE = 96


def blank(title: str, notice: str | None, body_in: float) -> Figure:
    """An empty figure with its title and notice; `body_in` inches are left for the axes."""
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
    """The colour and line style of the curve of that number."""
    return COLOURS[number % len(COLOURS)], LINE_STYLES[number // len(COLOURS) % len(LINE_STYLES)]


def style(axes: Axes) -> None:
    """Faint axes, grid and tick labels; what the axes show stands out."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(GRID)
    axes.grid(color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=SMALL_PT, labelcolor=FAINT, color=GRID)
    for label in [axes.xaxis.label, axes.yaxis.label]:
        label.set(fontsize=TEXT_PT, color=FAINT)


def plain(figure: Figure) -> Figure:
    """Names of models, rows and classes are no formulas, and in any script: a dollar sign stays a dollar sign."""
    for text in figure.findobj(Text):
        text.set_parse_math(False)
        text.set_fontfamily(FONTS)
    return figure


def png(figure: Figure, alt: str) -> bytes:
    """A figure as PNG, with the words that stand for it (`alt`) as the image's description."""
    canvas = FigureCanvasAgg(figure)
    with warnings.catch_warnings():
        # Where no font has a class's letters the figure shows boxes; tables and page have them.
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
    """Write a figure as PNG, whole or not at all.

    Args:
        figure: what to write.
        path: the PNG file.
        alt: what the figure shows, in words, for those who cannot see it; the report reads it from the file.
    """
    with files.whole(path) as temporary:
        temporary.write_bytes(png(figure, alt))
