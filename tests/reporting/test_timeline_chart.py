import numpy as np
import pandas as pd

from kerasemo.reporting.timeline_chart import timeline_chart


def table(times):
    share = np.linspace(0, 1, len(times))
    return pd.DataFrame({"time_s": times, "a $ class": share, "other": 1 - share})


def cells(figure):
    (mesh,) = figure.axes[0].collections
    return mesh


def test_each_window_is_a_cell_per_class_and_silence_is_blank():
    expected = table([1.5, 3.5, 5.5, 6.5])
    expected.loc[1, ["a $ class", "other"]] = np.nan
    figure = timeline_chart(expected, "A recording")
    values = cells(figure).get_array()
    np.testing.assert_allclose(values.filled(np.nan), expected[["a $ class", "other"]].T)
    edges = cells(figure).get_coordinates()[0, :, 0]
    np.testing.assert_allclose(edges, [0.5, 2.5, 4.5, 6, 7])
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["a $ class", "other"]


def test_recordings_of_one_window_and_of_several_hours():
    assert cells(timeline_chart(table([1.5]), "short")).get_array().shape == (2, 1)
    figure = timeline_chart(table(np.arange(1.5, 7200, 2)), "long")
    assert figure.axes[0].get_xlabel() == "time, h:min:s"
    assert "1:00:00" in [label.get_text() for label in figure.axes[0].get_xticklabels()]
