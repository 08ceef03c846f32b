"""The main finding of a run: the test scores of its first table, and what the exported network reaches."""

from collections.abc import Sequence
from dataclasses import dataclass

from kerasemo.evaluation.tables import short
from kerasemo.reporting import results
from kerasemo.reporting.results import PROTOCOLS, Line, Row, Score


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
    """Return the main finding; None if no test score of the exported network was measured under both protocols.

    Args:
        rows: the rows of `results.json`.
        exported: the network that the run has exported; None: none.

    Example:
        >>> row = {"table": "1", "row": "LSTM", "model": "lstm", "metric": "test accuracy", "n": 90}
        >>> paper = row | {"protocol": "paper", "measured": 0.9, "low": 0.8, "high": 0.95}
        >>> held_out = row | {"protocol": "speaker", "measured": 0.5, "low": 0.4, "high": 0.6}
        >>> print(headline([paper, held_out], "lstm").sentence)
        LSTM has a test accuracy of .900 [.800, .950] with the paper's protocol, and .500 [.400, .600] with speakers
        held out: .400 less.
    """
    tested = [row for row in rows if str(row.get("metric")).startswith("test ")]
    for first in tested:
        if first.get("model") != exported:
            continue
        compared = [row for row in tested if (row["table"], row["metric"]) == (first["table"], first["metric"])]
        found = Headline("", compared)
        line = next(line for line in found.lines if line.row == first["row"])
        if line.drop is not None:
            return Headline(_sentence(line), compared)
    return None


def _sentence(line: Line) -> str:
    paper, speaker = (score_text(line.scores[protocol]) for protocol in PROTOCOLS)
    change = f"{short(abs(line.drop))} {'less' if line.drop < 0 else 'more'}"
    return (
        f"{line.row} has a {line.metric} of {paper} with the paper's protocol, "
        f"and {speaker} with speakers held out: {change}."
    )


def score_text(score: Score | None) -> str:
    """Return a score with its interval, such as `.613 [.530, .702]`; empty if there is none."""
    if score is None:
        return ""
    interval = "" if score.low is None else f" [{short(score.low)}, {short(score.high)}]"
    return f"{short(score.measured)}{interval}"
