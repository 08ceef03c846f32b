"""Converts the rows of `results.json` to tables, with the published value and the value of each protocol in a line."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from kerasemo.errors import InputError

__all__ = ["PROTOCOLS", "Line", "Row", "Score", "lines", "protocols", "tables"]

PROTOCOLS = {"paper": "paper protocol", "speaker": "speakers held out"}

Row = Mapping[str, object]


@dataclass(frozen=True)
class Score:
    """One measured value; None where there is none.

    Attributes:
        measured: the value.
        low: lower end of its interval.
        high: upper end of its interval.
        n: number of samples.
    """

    measured: float | None
    low: float | None
    high: float | None
    n: int | None


@dataclass(frozen=True)
class Line:
    """One line of a table: the published value, and the value measured with each protocol.

    Attributes:
        row: name of the row.
        model: key of the network.
        metric: what the values are.
        corpus: the corpus on which they were measured.
        published: the value in the paper; None: there is none.
        scores: protocol -> measured value.
    """

    row: str
    model: str
    metric: str
    corpus: str
    published: float | None = None
    scores: dict[str, Score] = field(default_factory=dict)

    @property
    def drop(self) -> float | None:
        """Score with speakers held out minus score with the paper's protocol.

        None if one of them is missing, or if the metric is an error, a loss or a weight.
        """
        if re.search(r"\b(NLL|RMSE|weight)\b", self.metric):
            return None
        paper, speaker = (self.scores.get(protocol) for protocol in PROTOCOLS)
        if paper is None or speaker is None or paper.measured is None or speaker.measured is None:
            return None
        return speaker.measured - paper.measured


def tables(results: Sequence[Row]) -> list[str]:
    """Return the names of the tables, in their order.

    Args:
        results: the rows of `results.json`.

    Example:
        >>> tables([{"table": "Experiment 1"}, {"table": "Experiment 2"}, {"table": "Experiment 1"}])
        ['Experiment 1', 'Experiment 2']
    """
    return list(dict.fromkeys(str(row["table"]) for row in results))


def lines(results: Sequence[Row], table: str) -> list[Line]:
    """Return the lines of one table, in their order; the protocols of the same score are one line.

    Two rows belong to the same line if row, metric, corpus and model are equal; protocol and fold in the name of a
    model are ignored.

    Args:
        results: the rows of `results.json`.
        table: the name of the table.

    Raises:
        InputError: No row belongs to the table.

    >>> rows = [
    ...     {"table": "1", "row": "LSTM", "protocol": "paper", "published": 0.9, "measured": 0.8},
    ...     {"table": "1", "row": "LSTM", "protocol": "speaker", "published": 0.9, "measured": 0.5},
    ... ]
    >>> [line] = lines(rows, "1")
    >>> line.published, line.scores["speaker"].measured, round(line.drop, 3)
    (0.9, 0.5, -0.3)
    """
    lines_by_key: dict[tuple[str, ...], dict[str, object]] = {}
    for row in results:
        if str(row["table"]) != table:
            continue
        key = (
            str(row["row"]),
            _network(_text(row, "model")),
            _text(row, "metric"),
            _text(row, "corpus"),
        )
        line = lines_by_key.setdefault(key, {"published": None, "scores": {}})
        if line["published"] is None:
            line["published"] = _number(row, "published")
        score = Score(*(_number(row, name) for name in ["measured", "low", "high", "n"]))
        if score.measured is not None:
            line["scores"][_text(row, "protocol")] = score
    if not lines_by_key:
        raise InputError(f"the results have no table {table!r}; there are {', '.join(tables(results)) or 'none'}.")
    return [Line(*key, **line) for key, line in lines_by_key.items()]


def protocols(table: Sequence[Line]) -> list[str]:
    """Return the protocols of a table: `paper`, `speaker`, then any others in their order.

    Args:
        table: the lines of the table.
    """
    present = dict.fromkeys(protocol for line in table for protocol in line.scores)
    return [protocol for protocol in PROTOCOLS if protocol in present] + [
        protocol for protocol in present if protocol not in PROTOCOLS
    ]


def _network(model: str) -> str:
    """Return a model's name without protocol and fold."""
    return re.sub(r"\.(paper|speaker|fold\d+)(?=\.|$)", "", model)


def _text(row: Row, name: str) -> str:
    value = row.get(name)
    return "" if value is None else str(value)


def _number(row: Row, name: str) -> float | None:
    value = row.get(name)
    return None if value is None or math.isnan(value) else value
