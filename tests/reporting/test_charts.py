"""What scores and confusion matrices draw: the data of their artists."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from kerasemo.errors import InputError
from kerasemo.reporting import charts


def test_scores_draw_each_number_at_its_place():
    both = {"table": "T", "metric": "accuracy", "published": 0.9}
    rows = [
        {**both, "row": "A", "protocol": "paper", "measured": 0.8, "low": 0.7, "high": 0.85},
        {**both, "row": "A", "protocol": "speaker", "measured": 0.4, "low": 0.3, "high": 0.5},
        {**both, "row": "B", "protocol": "paper", "measured": None},
    ]
    [axes] = charts.scores(rows, "T").axes
    dots = {line.get_label(): list(line.get_xdata()) for line in axes.lines if line.get_marker() not in ("", "None")}
    assert dots == {"published": [0.9, 0.9], "paper protocol": [0.8], "speakers held out": [0.4]}
    bars = [[float(x) for x, _ in path.vertices] for bars in axes.collections for path in bars.get_paths()]
    assert bars == [[0.7, 0.85], [0.3, 0.5]]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["A", "B"]
    assert axes.get_xlabel() == "accuracy"
    assert axes.get_ylim() == (1.5, -0.5)


def test_scores_of_thirty_rows_grow_and_values_outside_zero_to_one_are_shown():
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


def test_confusion_takes_one_class_and_none_of_its_samples():
    assert charts.confusion([], [], ["only"], "t").axes[0].texts[0].get_text() == ""
    assert charts.confusion(["only"], ["only"], ["only"], "t").axes[0].texts[0].get_text() == "100"


@pytest.mark.parametrize(
    ("labels", "predictions", "fault"), [("ax", "aa", "'x' is none"), ("aa", "a", "2 labels and 1")]
)
def test_confusion_refuses_what_does_not_match(labels: str, predictions: str, fault: str):
    with pytest.raises(InputError, match=fault):
        charts.confusion(list(labels), list(predictions), ["a"], "t")
