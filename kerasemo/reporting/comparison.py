"""Comparison of several runs: their scores side by side, and differences paired by clip."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from kerasemo.evaluation.intervals import bootstrap_by_group, mean_by_group
from kerasemo.evaluation.scores import KEYS, ccc
from kerasemo.reporting import results
from kerasemo.reporting.decisions import Decisions
from kerasemo.reporting.results import PROTOCOLS, Score
from kerasemo.reporting.run_folder import WITHOUT_EFFECT, RunFolder, flat, is_main

__all__ = ["Comparison", "Difference", "ScoreRow", "compare", "difference"]


@dataclass(frozen=True)
class ScoreRow:
    """A score of each run.

    Attributes:
        table: name of its table.
        row: name of its row.
        metric: the metric.
        protocol: the protocol, in words.
        scores: one for each run; None: the run has no such score.
    """

    table: str
    row: str
    metric: str
    protocol: str
    scores: list[Score | None]

    @property
    def other(self) -> bool:
        """Whether it is a score of training or validation clips."""
        return self.metric.startswith(("train ", "validation "))


@dataclass(frozen=True)
class Difference:
    """The score of a later run minus the score of the first run, over the clips that both have scored.

    Attributes:
        run: number of the later run; the first run has number 1.
        network: the network, or the networks of both runs.
        protocol: the protocol, in words.
        task: what is predicted.
        metric: `accuracy`, or `CCC` if the task is a number.
        measured: the difference.
        low: lower end of its interval; None: there is none.
        high: upper end of its interval.
        n: number of clips.
        speakers: number of speakers.
    """

    run: int
    network: str
    protocol: str
    task: str
    metric: str
    measured: float
    low: float | None
    high: float | None
    n: int
    speakers: int


@dataclass(frozen=True)
class Comparison:
    """Several runs side by side.

    Attributes:
        options: options that differ: name -> its value in each run; empty where a run does not have it.
        rows: the scores.
        differences: what the later runs do better or worse than the first one.
    """

    options: dict[str, list[str]]
    rows: list[ScoreRow]
    differences: list[Difference]


def compare(folders: Sequence[RunFolder]) -> Comparison:
    """Return the comparison of several runs.

    Networks of the same name are compared, and the main networks, those of the last row of the first table, if they
    have different names.

    Args:
        folders: the runs.
    """
    differences = [
        found
        for number, folder in enumerate(folders[1:], start=2)
        for first, second in _pairs(folders[0], folder)
        if (found := difference(first, second, number))
    ]
    return Comparison(_options(folders), _rows(folders), differences)


def difference(first: Decisions, second: Decisions, run: int = 2) -> Difference | None:
    """Return the difference of two networks over the clips with the same label in both; None if there is none.

    Several predictions of a clip, such as those of its images or of several seeds, are averaged first. The bootstrap
    for the interval draws whole speakers, and both networks are scored on the same ones.

    Args:
        first: predictions of the first run.
        second: predictions of the later run, of the same task.
        run: number of the later run.
    """
    clips = pd.concat([_by_clip(first), _by_clip(second)], axis=1, keys=["first", "second"], join="inner").reset_index()
    if clips.empty:
        return None
    if first.classes:
        clips["value"] = clips["second"] - clips["first"]
        metric, measured = "accuracy", float(clips["value"].mean())
        low, high = mean_by_group(clips, "value")
    else:
        metric, measured = "CCC", _ccc_difference(clips)
        low, high = bootstrap_by_group(clips, _ccc_difference)
    name = second.network if second.network == first.network else f"{second.network} minus {first.network}"
    return Difference(
        run=run,
        network=" ".join([name, *([second.output] if second.output else [])]).replace("_", " "),
        protocol=second.protocol,
        task=second.task,
        metric=metric,
        measured=measured,
        low=low,
        high=high,
        n=len(clips),
        speakers=clips["speaker"].nunique(),
    )


def _by_clip(decisions: Decisions) -> pd.Series:
    """Return the share of correct predictions of each clip, or its mean number, indexed by clip, speaker and label."""
    table = decisions.table
    values = table["predicted"] == table["label"] if decisions.classes else table["predicted"]
    return table.assign(value=values.astype(float)).groupby([*KEYS, "label"])["value"].mean()


def _ccc_difference(clips: pd.DataFrame) -> float:
    label = clips["label"].to_numpy()
    return ccc(label, clips["second"].to_numpy()) - ccc(label, clips["first"].to_numpy())


def _pairs(first: RunFolder, second: RunFolder) -> Iterator[tuple[Decisions, Decisions]]:
    """Yield the predictions of both runs that are compared."""
    later = {each.key: each for each in second.predictions if is_main(each.model)}
    ours, theirs = _main_network(first), _main_network(second)
    for each in first.predictions:
        network, _, protocol = each.model.partition(".")
        if each.key in later:
            yield each, later[each.key]
        elif network == ours and (f"{theirs}.{protocol}", *each.key[1:]) in later:
            yield each, later[f"{theirs}.{protocol}", *each.key[1:]]


def _main_network(folder: RunFolder) -> str | None:
    tested = [row for row in folder.results or [] if str(row.get("metric")).startswith("test ")]
    return next((row.get("model") for row in reversed(tested) if row["table"] == tested[0]["table"]), None)


def _rows(folders: Sequence[RunFolder]) -> list[ScoreRow]:
    found: dict[tuple[str, ...], list[Score | None]] = {}
    for number, folder in enumerate(folders):
        for table in results.tables(folder.results or []):
            for line in results.lines(folder.results, table):
                for protocol, score in line.scores.items():
                    key = (table, line.row, line.metric, PROTOCOLS.get(protocol, protocol))
                    found.setdefault(key, [None] * len(folders))[number] = score
    return [ScoreRow(*key, scores) for key, scores in found.items()]


def _options(folders: Sequence[RunFolder]) -> dict[str, list[str]]:
    each = [dict(flat(folder.config.get("options", {}))) for folder in folders]
    names = dict.fromkeys(name for options in each for name in options if name not in WITHOUT_EFFECT)
    values = {name: [options.get(name, "") for options in each] for name in names}
    return {name: row for name, row in values.items() if len(set(row)) > 1}
