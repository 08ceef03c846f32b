"""What the figures draw: the data of their artists, and the files they become."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from PIL import Image

from kerasemo.errors import InputError
from kerasemo.reporting import figures

TWO_TASKS = pd.DataFrame(
    {
        "epoch": [1, 2, 3],
        "loss": [3.0, 2.0, 1.0],
        "val_loss": [3.5, 3.0, 3.25],
        "emotion_loss": [2.0, 1.5, 0.75],
        "val_emotion_loss": [2.5, 2.25, 2.0],
        "gender_loss": [1.0, 0.5, 0.25],
        "emotion_weight": [0.5, 0.4, 0.3],
        "gender_weight": [0.5, 0.6, 0.7],
    }
)
ONE_TASK = TWO_TASKS[["epoch", "loss", "val_loss"]]


def drawn(figure: Figure) -> list[dict[str, list[float]]]:
    """Per pair of axes, the values of each line by its label."""
    return [{line.get_label(): list(line.get_ydata()) for line in axes.lines} for axes in figure.axes]


def words(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in figure.texts)


def test_one_task_has_one_panel_with_training_and_validation():
    figure = figures.loss_curves(ONE_TASK, "model")
    assert drawn(figure) == [{"training": [3.0, 2.0, 1.0], "validation": [3.5, 3.0, 3.25]}]
    assert list(figure.axes[0].lines[0].get_xdata()) == [1, 2, 3]


def test_several_tasks_have_a_panel_each_and_a_missing_validation_is_left_out():
    total, emotion, gender = drawn(figures.loss_curves(TWO_TASKS, "model"))
    assert total["validation"] == [3.5, 3.0, 3.25]
    assert emotion == {"training": [2.0, 1.5, 0.75], "validation": [2.5, 2.25, 2.0]}
    assert gender == {"training": [1.0, 0.5, 0.25]}


def test_training_curves_add_the_weights_where_they_say_something():
    *_, weights = drawn(figures.training_curves(TWO_TASKS, "model"))
    assert weights == {"emotion": [0.5, 0.4, 0.3], "gender": [0.5, 0.6, 0.7]}
    assert len(figures.training_curves(ONE_TASK, "model").axes) == 1


@pytest.mark.parametrize(
    ("weights", "matter"),
    [({}, False), ({"a": [1, 1]}, False), ({"a": [1, 2]}, True), ({"a": [1, 1], "b": [1, 1]}, True)],
)
def test_weights_matter_when_there_are_two_or_one_changes(weights: dict[str, list[int]], matter: bool):
    history = pd.DataFrame({"epoch": [1, 2]} | {f"{task}_weight": values for task, values in weights.items()})
    assert figures.weights_matter(history) is matter


def test_weight_axes_begin_at_zero():
    [axes] = figures.task_weights(TWO_TASKS, "model").axes
    assert axes.get_ylim()[0] == 0


def test_curves_draw_the_chosen_columns_and_skip_a_missing_one():
    figure = figures.curves(TWO_TASKS, {"all": "loss", "none": "absent", "val": "val_loss"}, "t", "accuracy")
    assert drawn(figure) == [{"all": [3.0, 2.0, 1.0], "val": [3.5, 3.0, 3.25]}]
    assert figure.axes[0].get_ylabel() == "accuracy"


def test_a_lone_epoch_is_a_dot_and_infinite_values_are_gaps():
    [axes] = figures.loss_curves(ONE_TASK.head(1), "model").axes
    assert {line.get_marker() for line in axes.lines} == {"o"}
    [axes] = figures.loss_curves(ONE_TASK.replace(2.0, math.inf), "model").axes
    assert np.isnan(axes.lines[0].get_ydata()).tolist() == [False, True, False]


def test_a_history_of_nan_says_so():
    history = ONE_TASK.assign(loss=math.nan, val_loss=math.nan)
    [axes] = figures.loss_curves(history, "model").axes
    assert [text.get_text() for text in axes.texts] == ["no finite values"]
    assert figures.png(axes.figure, "nothing")


def test_folds_lie_over_each_other_under_one_label():
    figure = figures.grid([figures.loss_panel("folds", [ONE_TASK, ONE_TASK * 2])], "t")
    [axes] = figure.axes
    assert [list(line.get_ydata()) for line in axes.lines if line.get_linestyle() == "--"] == [[3, 2, 1], [6, 4, 2]]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["training", "validation"]


def test_the_loss_of_a_task_is_the_validation_one_where_there_is_one():
    [axes] = figures.grid([figures.task_panel("tasks", [TWO_TASKS])], "t").axes
    assert drawn(axes.figure) == [{"emotion": [2.5, 2.25, 2.0], "gender": [1.0, 0.5, 0.25]}]


@pytest.mark.parametrize("notice", [None, "synthetic corpus: not comparable with the paper"])
def test_every_figure_prints_its_notice(notice: str | None):
    rows = [{"table": "T", "row": "A", "protocol": "paper", "measured": 0.5}]
    for figure in [
        figures.loss_curves(ONE_TASK, "title", notice),
        figures.task_weights(TWO_TASKS, "title", notice),
        figures.training_curves(TWO_TASKS, "title", notice),
        figures.curves(ONE_TASK, {"loss": "loss"}, "title", "loss", notice),
        figures.scores(rows, "T", notice),
        figures.confusion(["a"], ["a"], ["a"], "title", notice),
    ]:
        assert words(figure).split("\n")[1:] == ([notice] if notice else [])


def test_scores_draw_each_number_at_its_place():
    both = {"table": "T", "metric": "accuracy", "published": 0.9}
    rows = [
        {**both, "row": "A", "protocol": "paper", "measured": 0.8, "low": 0.7, "high": 0.85},
        {**both, "row": "A", "protocol": "speaker", "measured": 0.4, "low": 0.3, "high": 0.5},
        {**both, "row": "B", "protocol": "paper", "measured": None},
    ]
    [axes] = figures.scores(rows, "T").axes
    dots = {line.get_label(): list(line.get_xdata()) for line in axes.lines if line.get_marker() not in ("", "None")}
    assert dots == {"published": [0.9, 0.9], "paper protocol": [0.8], "speakers held out": [0.4]}
    bars = [[float(x) for x, _ in path.vertices] for bars in axes.collections for path in bars.get_paths()]
    assert bars == [[0.7, 0.85], [0.3, 0.5]]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["A", "B"]
    assert axes.get_xlabel() == "accuracy"
    assert axes.get_ylim() == (1.5, -0.5)


def test_scores_of_thirty_rows_grow_and_values_outside_zero_to_one_are_shown():
    rows = [{"table": "T", "row": f"row {n}", "protocol": "paper", "measured": 10.0 * n} for n in range(30)]
    long, short = figures.scores(rows, "T"), figures.scores(rows[:3], "T")
    assert long.get_figheight() > 5 * short.get_figheight() / 2
    assert long.axes[0].get_xlim()[1] > 290


def test_confusion_is_in_per_cent_of_the_true_class():
    figure = figures.confusion(list("aaaab"), list("aaabb"), ["a", "b", "c"], "t")
    [axes] = figure.axes
    assert np.array_equal(
        axes.images[0].get_array().filled(np.nan), [[75, 25, 0], [0, 100, 0], [np.nan] * 3], equal_nan=True
    )
    assert [text.get_text() for text in axes.texts] == ["75", "25", "0", "0", "100", "0", "", "", ""]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a (4)", "b (1)", "c (0)"]
    assert to_rgb(axes.texts[4].get_color()) == (1, 1, 1)


def test_confusion_takes_one_class_and_none_of_its_samples():
    assert figures.confusion([], [], ["only"], "t").axes[0].texts[0].get_text() == ""
    assert figures.confusion(["only"], ["only"], ["only"], "t").axes[0].texts[0].get_text() == "100"


@pytest.mark.parametrize(
    ("labels", "predictions", "fault"), [("ax", "aa", "'x' is none"), ("aa", "a", "2 labels and 1")]
)
def test_confusion_refuses_what_does_not_match(labels: str, predictions: str, fault: str):
    with pytest.raises(InputError, match=fault):
        figures.confusion(list(labels), list(predictions), ["a"], "t")


def test_save_writes_a_png_of_twice_the_screens_density_with_its_words(tmp_path: Path):
    figure = figures.loss_curves(ONE_TASK, "Kosten in $ und $")
    figures.save(figure, tmp_path / "curves" / "model.png", "Losses of “model” – 3 epochs")
    with Image.open(tmp_path / "curves" / "model.png") as image:
        assert (image.format, image.width) == ("PNG", round(figures.WIDTH_IN * figures.DOTS_PER_INCH))
        assert image.info["Description"] == "Losses of “model” – 3 epochs"
        assert np.asarray(image.convert("L")).min() < 64
    assert [path.name for path in (tmp_path / "curves").iterdir()] == ["model.png"]


def test_dollar_signs_are_no_formula():
    history = ONE_TASK.rename(columns={"loss": "$x_{$"})
    figure = figures.curves(history, {"$\\frac$": "$x_{$"}, "$\\bad{$", "$\\worse{$", "$\\notice{$")
    assert figures.png(figure, "dollars")


def test_a_title_too_long_for_the_figure_is_wrapped():
    figure = figures.loss_curves(ONE_TASK, "word " * 30)
    figures.png(figure, "long")
    assert figure.texts[0].get_window_extent().x1 < figure.bbox.width
