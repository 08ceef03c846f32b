"""Comparison of several runs: scores side by side, and differences paired by clip."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kerasemo.evaluation.scores import ccc
from kerasemo.reporting import run_folder
from kerasemo.reporting.comparison import compare, difference
from kerasemo.reporting.decisions import Decisions


def decisions(model: str, rows: list[tuple], classes: list[str] | None) -> Decisions:
    columns = ["clip", "speaker", "label", "predicted"]
    return Decisions(model, "", "emotion" if classes else "valence", classes, pd.DataFrame(rows, columns=columns))


def of_classes(model: str, hits: dict[str, str]) -> Decisions:
    """Return decisions: clip -> a letter for each of its predictions, r: right, w: wrong; its first letter speaks."""
    rows = [(clip, clip[0], "sad", "sad" if each == "r" else "calm") for clip in hits for each in hits[clip]]
    return decisions(model, rows, ["sad", "calm"])


def test_accuracies_are_compared_over_the_clips_that_both_have():
    first = of_classes("lstm.speaker", {"a1": "w", "a2": "w", "b1": "r", "only": "r"})
    second = of_classes("lstm.speaker", {"a1": "r", "a2": "r", "b1": "r", "other": "w"})
    found = difference(first, second)
    assert (found.measured, found.n, found.speakers) == (pytest.approx(2 / 3), 3, 2)
    assert (found.low, found.high) == (0.0, 1.0)  # all draws: only b, or only a
    assert (found.network, found.protocol, found.metric) == ("lstm", "speakers held out", "accuracy")


def test_several_predictions_of_a_clip_count_as_one():
    first = of_classes("lstm.paper", {"a": "rrww", "b": "r"})
    second = of_classes("dense.paper", {"a": "rrrr", "b": "r"})
    found = difference(first, second)
    assert (found.measured, found.n) == (0.25, 2)
    assert found.network == "dense minus lstm"


def test_there_is_no_difference_without_common_clips_and_no_interval_with_one_speaker():
    assert difference(of_classes("m.paper", {"a": "r"}), of_classes("m.paper", {"b": "r"})) is None
    alone = difference(of_classes("m.paper", {"a1": "r", "a2": "w"}), of_classes("m.paper", {"a1": "r", "a2": "r"}))
    assert (alone.measured, alone.low, alone.high) == (0.5, None, None)


def test_clips_of_the_same_name_with_another_label_are_different_clips():
    other = of_classes("m.paper", {"a": "r"})
    other.table["label"] = "calm"
    assert difference(of_classes("m.paper", {"a": "r"}), other) is None


def test_numbers_are_compared_by_ccc():
    generator = np.random.default_rng(0)
    true = generator.normal(size=40)
    both = [true + generator.normal(size=40) * noise for noise in (1.0, 0.5)]
    first, second = (
        decisions("m.paper", [(f"{i}", f"{i % 5}", true[i], values[i]) for i in range(40)], None) for values in both
    )
    found = difference(first, second)
    assert found.metric == "CCC"
    assert found.measured == pytest.approx(ccc(true, both[1]) - ccc(true, both[0]))
    assert found.low < found.measured < found.high


def test_a_run_compared_with_itself_has_no_differences(run: Path):
    found = compare([run_folder.read(run)] * 2)
    assert found.options == {}
    assert {(each.network, each.protocol): (each.measured, each.low, each.high) for each in found.differences} == {
        ("architecture 1", "paper protocol"): (0, 0, 0),
        ("architecture 4", "paper protocol"): (0, 0, 0),
        ("architecture 4", "speakers held out"): (0, 0, 0),
    }
    assert all(first == second for first, second in (row.scores for row in found.rows))


def test_main_networks_of_different_names_are_compared(run: Path, tmp_path: Path):
    other = tmp_path / "other"
    (run / "predictions" / "architecture_4.paper").rename(run / "predictions" / "lstm.paper")
    rows = [row | {"model": "architecture_4"} for row in json.loads((run / "results.json").read_text())]
    other.mkdir()
    for name, model in [("config.json", None), ("results.json", "lstm")]:
        text = json.dumps([row | {"model": model} for row in rows]) if model else (run / name).read_text()
        (other / name).write_text(text)
    (other / "predictions").mkdir()
    (run / "predictions" / "lstm.paper").rename(other / "predictions" / "lstm.paper")
    (run / "results.json").write_text(json.dumps([row | {"model": "architecture_1"} for row in rows]))
    [found] = compare([run_folder.read(run), run_folder.read(other)]).differences
    assert (found.network, found.run, found.n) == ("lstm minus architecture 1", 2, 48)


def test_a_score_that_a_run_does_not_have_is_empty(run: Path, bare_run: Path):
    rows = json.loads((bare_run / "results.json").read_text())
    (bare_run / "results.json").write_text(json.dumps(rows[1:3]))
    found = compare([run_folder.read(run), run_folder.read(bare_run)])
    assert {row.row for row in found.rows if row.scores[1]} == {"Architecture 1"}
    assert {row.row for row in found.rows} == {"Architecture 1", "Architecture 4", "Architecture 1 (50 %)"}
    assert [row.metric for row in found.rows if row.other] == ["train accuracy"]
    assert found.differences == []
