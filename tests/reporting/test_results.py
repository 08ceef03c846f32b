"""Tables created from the rows of results.json."""

import pytest

from kerasemo.errors import InputError
from kerasemo.reporting import results


def row(name: str, protocol: str | None, **values: object) -> dict:
    return {"table": "T", "row": name, "metric": "accuracy", "corpus": "C", "protocol": protocol, **values}


def test_the_protocols_of_a_row_are_one_line():
    rows = [
        row("A", "paper", model="a.paper", published=0.9, measured=0.875, low=0.75, high=1.0, n=8),
        row("B", "paper", model="b.paper", measured=0.5),
        row("A", "speaker", model="a.speaker.fold2", measured=0.25, low=None, high=None, n=None),
    ]
    first, second = results.lines(rows, "T")
    assert (first.row, first.model, first.published) == ("A", "a", 0.9)
    assert first.scores["paper"] == results.Score(0.875, 0.75, 1.0, 8)
    assert first.scores["speaker"] == results.Score(0.25, None, None, None)
    assert first.drop == -0.625
    assert second.drop is None


def test_a_loss_an_error_and_a_weight_have_no_drop():
    for metric in ("validation NLL per clip, equal weights", "final weight of gender", "test RMSE of valence"):
        rows = [
            row("A", name, measured=value) | {"metric": metric} for name, value in (("paper", 0.9), ("speaker", 1.2))
        ]
        assert results.lines(rows, "T")[0].drop is None


@pytest.mark.parametrize("word", ["model", "metric", "corpus"])
def test_rows_that_differ_in_one_field_are_different_lines(word: str):
    rows = [row("A", "paper", measured=0.5) | {word: value} for value in ["x", "y"]]
    assert [getattr(line, word) for line in results.lines(rows, "T")] == ["x", "y"]


def test_a_variation_of_a_model_is_another_model():
    rows = [row("A", "paper", model=f"a.paper{part}", measured=0.5) for part in ["", ".train50"]]
    assert [line.model for line in results.lines(rows, "T")] == ["a", "a.train50"]


def test_a_row_without_a_measurement_keeps_its_published_value():
    [line] = results.lines([row("A", None, published=0.85, measured=float("nan"))], "T")
    assert line.published == 0.85
    assert line.scores == {}


def test_paper_protocol_is_first_and_unknown_protocols_are_last():
    rows = [row("A", protocol, measured=0.5) for protocol in ["in-sample", "speaker", "paper"]]
    assert results.protocols(results.lines(rows, "T")) == ["paper", "speaker", "in-sample"]


def test_the_error_for_an_unknown_table_lists_the_known_ones():
    with pytest.raises(InputError, match="no table 'U'; there are T"):
        results.lines([row("A", "paper")], "U")
