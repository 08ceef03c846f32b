import pytest

from kerasemo.reporting.headline import headline


def rows(network: str, paper: float | None, speaker: float | None, metric: str = "test accuracy") -> list[dict]:
    common = {"table": "Experiment 1", "row": network.upper(), "model": network, "metric": metric, "published": 0.9}
    scores = {"paper": paper, "speaker": speaker}
    return [
        {**common, "protocol": protocol, "measured": score, "low": score - 0.1, "high": score + 0.1, "n": 60}
        for protocol, score in scores.items()
        if score is not None
    ]


def test_the_sentence_is_about_the_exported_network_and_the_rows_compare_it_with_the_others():
    others = rows("cnn", 0.8, 0.4) + rows("lstm", 0.9, 0.99, metric="train accuracy")
    found = headline(others + rows("lstm", 0.75, 0.5), "lstm")
    assert found.sentence == (
        "LSTM has a test accuracy of .750 [.650, .850] with the paper's protocol, "
        "and .500 [.400, .600] with speakers held out: .250 less."
    )
    assert [line.row for line in found.lines] == ["CNN", "LSTM"]
    assert {row["metric"] for row in found.rows} == {"test accuracy"}


def test_a_score_that_is_higher_with_speakers_held_out_is_called_more():
    assert headline(rows("lstm", 0.5, 0.6), "lstm").sentence.endswith("held out: .100 more.")


def test_the_last_network_stands_for_one_that_was_trained_on_everything():
    found = headline(rows("baseline", 0.9, 0.6) + rows("lstm", 0.8, 0.5), "final")
    assert found.sentence.startswith("LSTM has a test accuracy of .800") and len(found.lines) == 2


@pytest.mark.parametrize("results", [[], rows("lstm", 0.5, 0.6)])
def test_without_an_exported_network_there_is_no_headline(results):
    assert headline(results, None) is None
    assert headline([], "lstm") is None


def test_one_protocol_is_no_headline():
    assert headline(rows("lstm", 0.5, None), "lstm") is None
