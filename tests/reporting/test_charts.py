"""The data of the artists in figures of scores and confusion matrices."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from kerasemo.errors import InputError
from kerasemo.reporting import charts


def test_scores_are_drawn_at_their_values():
    common = {"table": "T", "metric": "accuracy", "published": 0.9}
    rows = [
        {**common, "row": "A", "protocol": "paper", "measured": 0.8, "low": 0.7, "high": 0.85},
        {**common, "row": "A", "protocol": "speaker", "measured": 0.4, "low": 0.3, "high": 0.5},
        {**common, "row": "B", "protocol": "paper", "measured": None},
    ]
    [axes] = charts.scores(rows, "T").axes
    dots = {line.get_label(): list(line.get_xdata()) for line in axes.lines if line.get_marker() not in ("", "None")}
    assert dots == {"published": [0.9, 0.9], "paper protocol": [0.8], "speakers held out": [0.4]}
    bars = [[float(x) for x, _ in path.vertices] for bars in axes.collections for path in bars.get_paths()]
    assert bars == [[0.7, 0.85], [0.3, 0.5]]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["A", "B"]
    assert axes.get_xlabel() == "accuracy"
    assert axes.get_ylim() == (1.5, -0.5)


def test_figure_grows_with_its_rows_and_shows_values_above_one():
    rows = [{"table": "T", "row": f"row {n}", "protocol": "paper", "measured": 10.0 * n} for n in range(30)]
    long, short = charts.scores(rows, "T"), charts.scores(rows[:3], "T")
    assert long.get_figheight() > 5 * short.get_figheight() / 2
    assert long.axes[0].get_xlim()[1] > 290


def test_confusion_is_in_per_cent_of_the_true_class():
    figure = charts.confusion(list("aaaab"), list("aaabb"), ["a", "b", "c"], "t")
    [axes] = figure.axes
    assert np.array_equal(
        axes.images[0].get_array().filled(np.nan), [[75, 25, 0], [0, 100, 0], [np.nan] * 3], equal_nan=True
    )
    assert [text.get_text() for text in axes.texts] == ["75", "25", "0", "0", "100", "0", "", "", ""]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a (4)", "b (1)", "c (0)"]
    assert to_rgb(axes.texts[4].get_color()) == (1, 1, 1)


def test_confusion_accepts_one_class_without_samples():
    assert charts.confusion([], [], ["only"], "t").axes[0].texts[0].get_text() == ""
    assert charts.confusion(["only"], ["only"], ["only"], "t").axes[0].texts[0].get_text() == "100"


@pytest.mark.parametrize(
    ("labels", "predictions", "fault"), [("ax", "aa", "'x' is none"), ("aa", "a", "2 labels and 1")]
)
def test_mismatched_labels_and_predictions_are_an_error(labels: str, predictions: str, fault: str):
    with pytest.raises(InputError, match=fault):
        charts.confusion(list(labels), list(predictions), ["a"], "t")


def test_predicted_numbers_are_drawn_over_the_true_ones():
    figure = charts.agreement([1.0, 2.0, 4.0], [1.5, 2.0, 3.0], "Agreement")
    (axes,) = figure.axes
    dots = axes.lines[-1]
    assert (dots.get_xdata().tolist(), dots.get_ydata().tolist()) == ([1, 2, 4], [1.5, 2, 3])
    line = axes.lines[0]
    assert line.get_slope() == 1 and line.get_xy1()[0] == line.get_xy1()[1]
