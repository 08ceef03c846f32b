"""The main finding of a run: the test scores of its first table, and what the exported network reaches."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from kerasemo.evaluation.tables import short, with_interval
from kerasemo.reporting import results
from kerasemo.reporting.results import PROTOCOLS, Line, Row, Score

__all__ = ["Headline", "headline", "score_text"]


@dataclass(frozen=True)
class Headline:
    """The main finding.

    Attributes:
        sentence: what the exported network reaches under each protocol.
        rows: the rows of `results.json` that compare it with the other networks: one table and one metric.
    """

    sentence: str
    rows: list[Row]

    @property
    def lines(self) -> list[Line]:
        """The rows as lines of a table."""
        return results.lines(self.rows, str(self.rows[0]["table"]))


def headline(rows: Sequence[Row], exported: str | None) -> Headline | None:
    """Return the main finding; None if there is no such score under both protocols.

    Args:
        rows: the rows of `results.json`.
        exported: the network that the run has exported; None: none. If it was not tested, because it was trained on
            everything, the last network of the first table stands for it.

    Example:
        >>> row = {"table": "1", "row": "LSTM", "model": "lstm", "metric": "test accuracy", "n": 90}
        >>> paper = row | {"protocol": "paper", "measured": 0.9, "low": 0.8, "high": 0.95}
        >>> held_out = row | {"protocol": "speaker", "measured": 0.5, "low": 0.4, "high": 0.6}
        >>> print(headline([paper, held_out], "lstm").sentence)
        LSTM has a test accuracy of .900 [.800, .950] with the paper's protocol, and .500 [.400, .600] with speakers
        held out: .400 less.
    """
    tested = [row for row in rows if str(row.get("metric")).startswith("test ")]
    if exported is None or not tested:
        return None
    first = next((row for row in tested if row.get("model") == exported), None)
    table, metric = ((first or tested[0])[name] for name in ("table", "metric"))
    found = Headline("", [row for row in tested if (row["table"], row["metric"]) == (table, metric)])
    line = next(line for line in reversed(found.lines) if first is None or line.row == first["row"])
    return None if line.drop is None else replace(found, sentence=_sentence(line))


def _sentence(line: Line) -> str:
    paper, speaker = (score_text(line.scores[protocol]) for protocol in PROTOCOLS)
    change = f"{short(abs(line.drop))} {'less' if line.drop < 0 else 'more'}"
    return (
        f"{line.row} has a {line.metric} of {paper} with the paper's protocol, "
        f"and {speaker} with speakers held out: {change}."
    )


def score_text(score: Score | None) -> str:
    """Return a score with its interval; empty if there is no score.

    Args:
        score: the score, or None.
    """
    return "" if score is None else with_interval(score.measured, score.low, score.high)
