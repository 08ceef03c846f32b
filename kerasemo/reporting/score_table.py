"""The tables of scores of the report page."""

from collections.abc import Sequence
from dataclasses import dataclass

from kerasemo.reporting import results

__all__ = ["Table", "number", "score_table", "signed"]


@dataclass(frozen=True)
class Table:
    """A table of results.

    Attributes:
        name: the table's name.
        lines: its lines.
        protocols: the protocols of the scores, one column each.
        words: for each line, the metric, corpus or model to show under its name, if the name is not unique.
        common: the metric and corpus that all lines have in common.
        other: for each line, whether it is a score of training or validation clips, and others are of test clips.
        unit: whether all values are between 0 and 1, so that they can be drawn on one scale.
    """

    name: str
    lines: list[results.Line]
    protocols: list[str]
    words: list[str]
    common: list[str]
    other: list[bool]
    unit: bool


def number(value: float) -> str:
    """Format a score with three decimals, a large number with two.

    Args:
        value: the number.

    Returns:
        The text.

    >>> number(0.91), number(158.38)
    ('0.910', '158.38')
    """
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.2f}"


def signed(value: float) -> str:
    """Format a difference with its sign.

    Args:
        value: the difference.

    Returns:
        The text, with a minus sign, not a hyphen.

    >>> signed(-0.456), signed(0.02)
    ('−0.456', '+0.020')
    """
    return ("−" if value < 0 else "+") + number(abs(value))


def score_table(rows: Sequence[results.Row], name: str) -> Table:
    """Return a table of results as the page shows it.

    Args:
        rows: the rows of `results.json`.
        name: name of the table.
    """
    lines = results.lines(rows, name)
    metrics, corpora = ({getattr(line, word) for line in lines} for word in ["metric", "corpus"])
    differ = [word for word, values in [("metric", metrics), ("corpus", corpora)] if len(values) > 1]
    if len({(line.row, line.metric, line.corpus) for line in lines}) < len(lines):
        differ.append("model")
    partitions = [line.metric.split(" ")[0] for line in lines]
    values = [line.published for line in lines]
    for line in lines:
        values += [value for score in line.scores.values() for value in (score.measured, score.low, score.high)]
    return Table(
        name=name,
        lines=lines,
        protocols=results.protocols(lines),
        words=[", ".join(getattr(line, word) for word in differ) for line in lines],
        common=[values.pop() for values in (metrics, corpora) if len(values) == 1],
        other=["test" in partitions and name in ("train", "validation") for name in partitions],
        unit=all(0 <= value <= 1 for value in values if value is not None),
    )
