"""The common style of all figures, and their files."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image

from kerasemo.reporting import charts, curves, figures

HISTORY = pd.DataFrame({"epoch": [1, 2, 3], "loss": [3.0, 2.0, 1.0], "val_loss": [3.5, 3.0, 3.25]})


def words(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in figure.texts)


@pytest.mark.parametrize("notice", [None, "synthetic corpus: not comparable with the paper"])
def test_every_figure_shows_its_notice(notice: str | None):
    rows = [{"table": "T", "row": "A", "protocol": "paper", "measured": 0.5}]
    for figure in [
        curves.loss_curves(HISTORY, "title", notice),
        curves.task_weights(HISTORY.assign(a_weight=0.5), "title", notice),
        curves.training_curves(HISTORY, "title", notice),
        curves.chosen(HISTORY, {"loss": "loss"}, "title", "loss", notice),
        charts.scores(rows, "T", notice),
        charts.confusion(["a"], ["a"], ["a"], "title", notice),
    ]:
        assert words(figure).split("\n")[1:] == ([notice] if notice else [])


def test_save_writes_a_high_resolution_png_with_alternative_text(tmp_path: Path):
    figure = curves.loss_curves(HISTORY, "Kosten in $ und $")
    figures.save(figure, tmp_path / "curves" / "model.png", "Losses of “model” – 3 epochs")
    with Image.open(tmp_path / "curves" / "model.png") as image:
        assert (image.format, image.width) == ("PNG", round(figures.WIDTH_IN * figures.DOTS_PER_INCH))
        assert image.info["Description"] == "Losses of “model” – 3 epochs"
        assert np.asarray(image.convert("L")).min() < 64
    assert [path.name for path in (tmp_path / "curves").iterdir()] == ["model.png"]


def test_dollar_signs_do_not_start_a_formula():
    history = HISTORY.rename(columns={"loss": "$x_{$"})
    figure = curves.chosen(history, {"$\\frac$": "$x_{$"}, "$\\bad{$", "$\\worse{$", "$\\notice{$")
    assert figures.png(figure, "dollars")


def test_a_title_too_long_for_the_figure_is_wrapped():
    figure = curves.loss_curves(HISTORY, "word " * 30)
    figures.png(figure, "long")
    assert figure.texts[0].get_window_extent().x1 < figure.bbox.width
