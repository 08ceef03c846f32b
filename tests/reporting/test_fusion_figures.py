import json

import pytest
from PIL import Image

from kerasemo.errors import InputError
from kerasemo.reporting.fusion_figures import ccc_per_stage, plot_fusion

TARGETS = ["arousal", "valence", "liking", "average"]


def rows(method, protocol, *values, low=0.1, high=0.9):
    return [
        {
            "method": method, "stage": stage, "protocol": protocol, "target": target, "ccc": value, "low": low,
            "high": high, "n": 100, "default": False,
        }
        for stage, value in enumerate(values, start=1)
        for target in TARGETS
    ]  # fmt: skip


RESULTS = [
    *rows("svr", "in-sample", 0.5, 0.6),
    *rows("svr", "held-out", 0.4, 0.3),
    *rows("mean", "in-sample", 0.42),
    *rows("mean", "held-out", 0.41),
]


def test_each_target_has_a_panel_with_curves_and_horizontal_lines():
    figure = ccc_per_stage(RESULTS, "title")
    assert [axes.get_title(loc="left") for axes in figure.axes] == TARGETS
    for axes in figure.axes:
        assert {line.get_label(): list(line.get_ydata()) for line in axes.lines} == {
            "svr, in-sample": [0.5, 0.6],
            "svr, held-out": [0.4, 0.3],
            "mean, held-out": [0.41, 0.41],
        }
        assert len(axes.collections) == 1


def test_methods_with_one_stage_are_dots_and_in_sample_is_drawn_without_held_out():
    figure = ccc_per_stage(rows("mean", "in-sample", 0.42) + rows("ridge", "in-sample", 0.5), "title")
    assert [list(line.get_ydata()) for line in figure.axes[0].lines] == [[0.42], [0.5]]


def test_without_intervals_there_is_no_shaded_area():
    results = rows("svr", "held-out", 0.4, 0.3, low=None, high=None) + rows("mean", "held-out", 0.4, low=None)
    assert not ccc_per_stage(results, "title").axes[0].collections


def test_plot_fusion_writes_a_figure_with_alternative_text(tmp_path):
    (tmp_path / "results.json").write_text(json.dumps(RESULTS))
    path = plot_fusion(tmp_path, notice="synthetic corpus")
    assert path == tmp_path / "figures" / "ccc_per_stage.png"
    assert "svr held-out 0.300" in Image.open(path).text["Description"]


@pytest.mark.parametrize("content", [None, "", "[{}]", "[]", "{}"])
def test_a_folder_without_results_of_a_fusion_is_an_error(tmp_path, content):
    if content is not None:
        (tmp_path / "results.json").write_text(content)
    with pytest.raises(InputError, match="holds no results of a fusion"):
        plot_fusion(tmp_path)
