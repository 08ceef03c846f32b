"""The pictures of the report page, and figures of training curves."""

import base64
import io
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from PIL import Image

from kerasemo import progress
from kerasemo.errors import InputError
from kerasemo.reporting import charts, curves, figures, run_folder
from kerasemo.reporting.headline import Headline
from kerasemo.reporting.run_folder import RunFolder

__all__ = [
    "Picture",
    "embedded",
    "experiment_figure",
    "headline_figure",
    "losses",
    "plot_run",
    "task_losses",
    "weights",
]

_PANELS_PER_IMAGE = 16


@dataclass(frozen=True)
class Picture:
    """An image in the page.

    Attributes:
        source: its data URI.
        width, height: its size in CSS pixels.
        alt: its alternative text.
        caption: its caption.
    """

    source: str
    width: int
    height: int
    alt: str
    caption: str


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


def headline_figure(found: Headline | None, notice: str | None) -> Picture | None:
    """Return the figure of the main finding; None if there is none.

    Args:
        found: the main finding.
        notice: the warning to print under the title.
    """
    if found is None:
        return None
    table = str(found.rows[0]["table"])
    alt = f"{table}: {found.rows[0]['metric']} of each network under both protocols"
    return embedded(figures.png(charts.scores(found.rows, table, notice), alt), alt, "Published and measured scores")


def embedded(png: bytes, alt: str, caption: str) -> Picture:
    """Return an image as a picture of the page.

    Args:
        png: content of the file.
        alt: the alternative text.
        caption: the caption.
    """
    with Image.open(io.BytesIO(png)) as image:
        # The file has two or more dots for each CSS pixel, so that it is sharp on high-resolution screens.
        dots = image.info.get("dpi", (96, 96))[0] / 96
        width, height = (round(size / dots) for size in image.size)
    return Picture("data:image/png;base64," + base64.b64encode(png).decode("ascii"), width, height, alt, caption)


def experiment_figure(name: str, png: bytes) -> Picture:
    """Return a figure of the experiment; its caption is the file's name, its alternative text the file's description.

    Args:
        name: name of the file.
        png: its content.
    """
    caption = re.sub(r"[_.-]+", " ", Path(name).stem).strip().capitalize()
    with Image.open(io.BytesIO(png)) as image:
        alt = image.info.get("Description", caption)
    return embedded(png, alt, caption)


def losses(folder: RunFolder) -> list[Picture]:
    """Return drawings of the training and validation losses of all models.

    Args:
        folder: the run.
    """
    return _drawn(folder, "Training and validation loss", curves.loss_panel)


def task_losses(folder: RunFolder) -> list[Picture]:
    """Return drawings of the losses of each task, of all models with several tasks.

    Args:
        folder: the run.
    """
    return _drawn(folder, "Loss of each task", curves.task_panel, lambda history: len(curves.tasks(history)) > 1)


def weights(folder: RunFolder) -> list[Picture]:
    """Return drawings of the task weights of all models for which `curves.weights_matter`.

    Args:
        folder: the run.
    """
    return _drawn(folder, "Task weights", curves.weight_panel, curves.weights_matter)


def _drawn(
    folder: RunFolder,
    title: str,
    panel: Callable[[str, list[pd.DataFrame]], curves.Panel],
    is_shown: Callable[[pd.DataFrame], bool] = lambda history: True,
) -> list[Picture]:
    """Draw a panel for each model of which at least one history is shown."""
    models = _models(folder).items()
    return _grids([panel(name, each) for name, each in models if any(map(is_shown, each))], title, folder.notice)


def _models(folder: RunFolder) -> dict[str, list[pd.DataFrame]]:
    """Return the histories of all folds and seeds of each model: first the main models, then their variations."""
    models: dict[str, list[pd.DataFrame]] = {}
    for name in sorted(folder.histories, key=lambda name: not run_folder.is_main(name)):
        models.setdefault(run_folder.pooled_name(name), []).append(folder.histories[name])
    return {
        name if len(histories) == 1 else f"{name} ({len(histories)} runs)": histories
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
        pictures.append(embedded(figures.png(curves.grid(image_panels, caption, notice), alt), alt, caption))
    return pictures
