"""What the curves draw: the data of their artists."""

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
    """Per pair of axes, the values of each line by its label."""
    return [{line.get_label(): list(line.get_ydata()) for line in axes.lines} for axes in figure.axes]


def test_one_task_has_one_panel_with_training_and_validation():
    figure = curves.loss_curves(ONE_TASK, "model")
    assert drawn(figure) == [{"training": [3.0, 2.0, 1.0], "validation": [3.5, 3.0, 3.25]}]
    assert list(figure.axes[0].lines[0].get_xdata()) == [1, 2, 3]


def test_several_tasks_have_a_panel_each_and_a_missing_validation_is_left_out():
    total, emotion, gender = drawn(curves.loss_curves(TWO_TASKS, "model"))
    assert total["validation"] == [3.5, 3.0, 3.25]
    assert emotion == {"training": [2.0, 1.5, 0.75], "validation": [2.5, 2.25, 2.0]}
    assert gender == {"training": [1.0, 0.5, 0.25]}


def test_training_curves_add_the_weights_where_they_say_something():
    *_, weights = drawn(curves.training_curves(TWO_TASKS, "model"))
    assert weights == {"emotion": [0.5, 0.4, 0.3], "gender": [0.5, 0.6, 0.7]}
    assert len(curves.training_curves(ONE_TASK, "model").axes) == 1


@pytest.mark.parametrize(
    ("weights", "matter"),
    [({}, False), ({"a": [1, 1]}, False), ({"a": [1, 2]}, True), ({"a": [1, 1], "b": [1, 1]}, True)],
)
def test_weights_matter_when_there_are_two_or_one_changes(weights: dict[str, list[int]], matter: bool):
    history = pd.DataFrame({"epoch": [1, 2]} | {f"{task}_weight": values for task, values in weights.items()})
    assert curves.weights_matter(history) is matter


def test_weight_axes_begin_at_zero():
    [axes] = curves.task_weights(TWO_TASKS, "model").axes
    assert axes.get_ylim()[0] == 0


def test_curves_draw_the_chosen_columns_and_skip_a_missing_one():
    figure = curves.chosen(TWO_TASKS, {"all": "loss", "none": "absent", "val": "val_loss"}, "t", "accuracy")
    assert drawn(figure) == [{"all": [3.0, 2.0, 1.0], "val": [3.5, 3.0, 3.25]}]
    assert figure.axes[0].get_ylabel() == "accuracy"


def test_a_lone_epoch_is_a_dot_and_infinite_values_are_gaps():
    [axes] = curves.loss_curves(ONE_TASK.head(1), "model").axes
    assert {line.get_marker() for line in axes.lines} == {"o"}
    [axes] = curves.loss_curves(ONE_TASK.replace(2.0, math.inf), "model").axes
    assert np.isnan(axes.lines[0].get_ydata()).tolist() == [False, True, False]


def test_a_history_of_nan_says_so():
    history = ONE_TASK.assign(loss=math.nan, val_loss=math.nan)
    [axes] = curves.loss_curves(history, "model").axes
    assert [text.get_text() for text in axes.texts] == ["no finite values"]
    assert figures.png(axes.figure, "nothing")


def test_folds_lie_over_each_other_under_one_label():
    figure = curves.grid([curves.loss_panel("folds", [ONE_TASK, ONE_TASK * 2])], "t")
    [axes] = figure.axes
    assert [list(line.get_ydata()) for line in axes.lines if line.get_linestyle() == "--"] == [[3, 2, 1], [6, 4, 2]]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["training", "validation"]


def test_the_loss_of_a_task_is_the_validation_one_where_there_is_one():
    [axes] = curves.grid([curves.task_panel("tasks", [TWO_TASKS])], "t").axes
    assert drawn(axes.figure) == [{"emotion": [2.5, 2.25, 2.0], "gender": [1.0, 0.5, 0.25]}]
