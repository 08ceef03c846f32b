"""The data of the artists in figures of curves."""

import math

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from kerasemo.reporting import curves, figures

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
    """Return the values of each line by its label, for each pair of axes."""
    return [{line.get_label(): list(line.get_ydata()) for line in axes.lines} for axes in figure.axes]


def test_one_task_has_one_panel_with_training_and_validation():
    figure = curves.loss_curves(ONE_TASK, "model")
    assert drawn(figure) == [{"training": [3.0, 2.0, 1.0], "validation": [3.5, 3.0, 3.25]}]
    assert list(figure.axes[0].lines[0].get_xdata()) == [1, 2, 3]


def test_each_task_has_a_panel_and_a_missing_validation_is_left_out():
    total, emotion, gender = drawn(curves.loss_curves(TWO_TASKS, "model"))
    assert total["validation"] == [3.5, 3.0, 3.25]
    assert emotion == {"training": [2.0, 1.5, 0.75], "validation": [2.5, 2.25, 2.0]}
    assert gender == {"training": [1.0, 0.5, 0.25]}


def test_training_curves_include_weights_that_matter():
    *_, weights = drawn(curves.training_curves(TWO_TASKS, "model"))
    assert weights == {"emotion": [0.5, 0.4, 0.3], "gender": [0.5, 0.6, 0.7]}
    assert len(curves.training_curves(ONE_TASK, "model").axes) == 1


@pytest.mark.parametrize(
    ("weights", "matter"),
    [({}, False), ({"a": [1, 1]}, False), ({"a": [1, 2]}, True), ({"a": [1, 1], "b": [1, 1]}, True)],
)
def test_weights_matter_if_there_are_two_or_one_changes(weights: dict[str, list[int]], matter: bool):
    history = pd.DataFrame({"epoch": [1, 2]} | {f"{task}_weight": values for task, values in weights.items()})
    assert curves.weights_matter(history) is matter


def test_weight_axes_start_at_zero():
    [axes] = curves.task_weights(TWO_TASKS, "model").axes
    assert axes.get_ylim()[0] == 0


def test_selected_columns_are_drawn_and_missing_ones_ignored():
    figure = curves.chosen(TWO_TASKS, {"all": "loss", "none": "absent", "val": "val_loss"}, "t", "accuracy")
    assert drawn(figure) == [{"all": [3.0, 2.0, 1.0], "val": [3.5, 3.0, 3.25]}]
    assert figure.axes[0].get_ylabel() == "accuracy"


def test_a_single_epoch_is_a_dot_and_infinite_values_are_gaps():
    [axes] = curves.loss_curves(ONE_TASK.head(1), "model").axes
    assert {line.get_marker() for line in axes.lines} == {"o"}
    [axes] = curves.loss_curves(ONE_TASK.replace(2.0, math.inf), "model").axes
    assert np.isnan(axes.lines[0].get_ydata()).tolist() == [False, True, False]


def test_a_history_of_nan_shows_a_message():
    history = ONE_TASK.assign(loss=math.nan, val_loss=math.nan)
    [axes] = curves.loss_curves(history, "model").axes
    assert [text.get_text() for text in axes.texts] == ["no finite values"]
    assert figures.png(axes.figure, "nothing")


def test_folds_are_drawn_in_one_panel_with_one_label():
    figure = curves.grid([curves.loss_panel("folds", [ONE_TASK, ONE_TASK * 2])], "t")
    [axes] = figure.axes
    assert [list(line.get_ydata()) for line in axes.lines if line.get_linestyle() == "--"] == [[3, 2, 1], [6, 4, 2]]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["training", "validation"]


def test_task_panel_shows_the_validation_loss_if_there_is_one():
    [axes] = curves.grid([curves.task_panel("tasks", [TWO_TASKS])], "t").axes
    assert drawn(axes.figure) == [{"emotion": [2.5, 2.25, 2.0], "gender": [1.0, 0.5, 0.25]}]
