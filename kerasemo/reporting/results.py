"""The rows of `results.json` as tables: the published value beside the value under each protocol."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from kerasemo.errors import InputError

PROTOCOLS = {"paper": "paper protocol", "speaker": "speakers held out"}

Row = Mapping[str, object]


@dataclass(frozen=True)
class Score:
    """One measured value, its interval and the number of samples behind it; None where there is none."""

    measured: float | None
    low: float | None
    high: float | None
    n: int | None


@dataclass(frozen=True)
class Line:
    """One line of a table: what was published, and what was measured under each protocol."""

    row: str
    model: str
    metric: str
    corpus: str
    published: float | None = None
    scores: dict[str, Score] = field(default_factory=dict)

    @property
    def drop(self) -> float | None:
        """Measured with speakers held out minus measured as in the paper; None unless both are there, and of a loss
        or a weight, which are no scores."""
        if re.search(r"\b(NLL|weight)\b", self.metric):
            return None
        paper, speaker = (self.scores.get(protocol) for protocol in PROTOCOLS)
        if paper is None or speaker is None or paper.measured is None or speaker.measured is None:
            return None
        return speaker.measured - paper.measured


def tables(results: Sequence[Row]) -> list[str]:
    """The names of the tables, in the order they come.

    >>> tables([{"table": "Experiment 1"}, {"table": "Experiment 2"}, {"table": "Experiment 1"}])
    ['Experiment 1', 'Experiment 2']
    """
    return list(dict.fromkeys(str(row["table"]) for row in results))


def lines(results: Sequence[Row], table: str) -> list[Line]:
    """The lines of one table, in the order they come, the protocols of a line brought together.

    Two rows belong to one line when row, metric, corpus and model agree; the protocol and the fold that a model's
    name may carry do not count.

    Args:
        results: rows as in `results.json`.
        table: the table's name.

    Raises:
        InputError: no row belongs to that table.

    >>> rows = [
    ...     {"table": "1", "row": "LSTM", "protocol": "paper", "published": 0.9, "measured": 0.8},
    ...     {"table": "1", "row": "LSTM", "protocol": "speaker", "published": 0.9, "measured": 0.5},
    ... ]
    >>> [line] = lines(rows, "1")
    >>> line.published, line.scores["speaker"].measured, round(line.drop, 3)
    (0.9, 0.5, -0.3)
    """
    found: dict[tuple[str, ...], dict[str, object]] = {}
    for row in results:
        if str(row["table"]) != table:
            continue
        key = (
            str(row["row"]),
            _network(_text(row, "model")),
            _text(row, "metric"),
            _text(row, "corpus"),
        )
        line = found.setdefault(key, {"published": None, "scores": {}})
        if line["published"] is None:
            line["published"] = _number(row, "published")
        score = Score(*(_number(row, name) for name in ["measured", "low", "high", "n"]))
        if score.measured is not None:
            line["scores"][_text(row, "protocol")] = score
    if not found:
        raise InputError(f"the results hold no table {table!r}; there are {', '.join(tables(results)) or 'none'}.")
    return [Line(*key, **line) for key, line in found.items()]


def protocols(table: Sequence[Line]) -> list[str]:
    """The protocols a table's lines were measured under: `paper`, `speaker`, then any other in order."""
    present = dict.fromkeys(protocol for line in table for protocol in line.scores)
    return [protocol for protocol in PROTOCOLS if protocol in present] + [
        protocol for protocol in present if protocol not in PROTOCOLS
    ]


def _network(model: str) -> str:
    """A model's name without its protocol and its fold."""
    return re.sub(r"\.(paper|speaker|fold\d+)(?=\.|$)", "", model)


def _text(row: Row, name: str) -> str:
    value = row.get(name)
    return "" if value is None else str(value)


def _number(row: Row, name: str) -> float | None:
    value = row.get(name)
    return None if value is None or math.isnan(value) else value
