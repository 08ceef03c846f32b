"""Result tables: the published numbers of a paper next to the measured ones."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from kerasemo import files
from kerasemo.evaluation.intervals import bootstrap_by_group, mean_by_group
from kerasemo.evaluation.scores import (
    KEYS,
    accuracy,
    by_clip,
    ccc,
    macro_f1,
    macro_precision,
    root_mean_square_error,
    unweighted_average_recall,
    weighted_f1,
    weighted_precision,
)

__all__ = [
    "AVERAGED",
    "COLUMNS",
    "METRICS",
    "NUMERIC",
    "PROTOCOLS",
    "mean_row",
    "pooled_predictions",
    "score",
    "score_row",
    "short",
    "to_markdown",
    "with_interval",
    "write",
]

COLUMNS = [
    "table",
    "row",
    "model",
    "metric",
    "protocol",
    "corpus",
    "published",
    "measured",
    "low",
    "high",
    "n",
]
PROTOCOLS = ["paper", "speaker"]
METRICS = {"accuracy": accuracy, "UAR": unweighted_average_recall}
# Macro: the mean over classes. Weighted: each class is weighted by its number of items.
AVERAGED = {
    "macro precision": macro_precision,
    "macro recall": unweighted_average_recall,
    "macro F1": macro_f1,
    "weighted precision": weighted_precision,
    "weighted recall": accuracy,
    "weighted F1": weighted_f1,
}
# For tasks that are numbers.
NUMERIC = {"CCC": ccc, "RMSE": root_mean_square_error}


def score_row(
    folder: Path,
    protocol: str,
    models: Sequence[str],
    table: str,
    row: str,
    partition: str,
    *,
    corpus: str,
    metric: str = "accuracy",
    published: float | None = None,
    task: str = "emotion",
    output: str = "emotion",
    seeds: Sequence[int | None] | None = None,
) -> dict:
    """Create a row of the results: a score of one network on one partition, from its saved predictions.

    With the protocol `paper` each item is scored, as in the papers. With `speaker` each clip is scored once per fold,
    by the mean of its items, and the folds are pooled: a clip that is used for training in several folds is included
    several times. Over several seeds, it is the mean of the scores of each. The bootstrap for the interval draws whole
    speakers, with all seeds.

    Args:
        folder: the run folder.
        protocol: `paper` or `speaker`.
        models: names of the network's models, one per fold and seed; the network's name is the part before the first
            dot.
        table: name of the table of the paper.
        row: name of the row in that table.
        partition: `test`, `validation` or `train`.
        corpus: the corpus on which the score was measured.
        metric: one of `METRICS` or `AVERAGED`, or of `NUMERIC` if the task is a number.
        published: the number published in the paper.
        task: the column of the true class or number; if it is not the emotion, its name is added to the row's metric.
        output: the network's output to score.
        seeds: the seed of each model; None: all have the same.

    Returns:
        A dict with the keys `COLUMNS`.
    """
    groups: dict[int | None, list[str]] = {}
    for model, seed in zip(models, seeds or [None] * len(models), strict=True):
        groups.setdefault(seed, []).append(model)
    parts = [pooled_predictions(folder, protocol, group, partition, task, output) for group in groups.values()]
    scored = pd.concat([part.set_axis(np.full(len(part), number)) for number, part in enumerate(parts)])
    scored = scored[["speaker", task, "predicted"]]
    if metric not in NUMERIC:  # a thousand samples are scored, and numbers are compared faster than names
        names = np.unique(scored[[task, "predicted"]])
        scored = scored.assign(**{column: np.searchsorted(names, scored[column]) for column in (task, "predicted")})

    def mean_score(rows: pd.DataFrame) -> float:
        return float(np.mean([score(rows[rows.index == number], metric, task) for number in range(len(parts))]))

    low, high = bootstrap_by_group(scored, mean_score)
    return {
        "table": table,
        "row": row,
        "model": models[0].split(".")[0],
        "metric": f"{partition} {metric}" if task == "emotion" else f"{partition} {metric} of {task}",
        "protocol": protocol,
        "corpus": corpus,
        "published": published,
        "measured": mean_score(scored),
        "low": low,
        "high": high,
        "n": len(scored),
    }


def score(predictions: pd.DataFrame, metric: str, task: str) -> float:
    """Return a score of predictions: one of `METRICS` or `AVERAGED`, or of `NUMERIC` if the task is a number.

    Args:
        predictions: one row per clip, with the columns `task` and `predicted`.
        metric: name of the score.
        task: the column of the labels.
    """
    return (METRICS | AVERAGED | NUMERIC)[metric](predictions[task], predictions["predicted"])


def mean_row(
    values: pd.DataFrame,
    model: str,
    table: str,
    row: str,
    *,
    protocol: str,
    metric: str,
    corpus: str,
    published: float | None = None,
) -> dict:
    """Create a row of the results: the mean of a column, and its interval from a bootstrap over whole speakers.

    Args:
        values: one row per item, with the columns `speaker` and `value`. If it is empty, the mean is None.
        model: the network's name.
        table, row, protocol, metric, corpus, published: as in `score_row`.

    Returns:
        A dict with the keys `COLUMNS`.
    """
    low, high = mean_by_group(values, "value")
    mean = float(values["value"].mean()) if len(values) else None
    cells = [table, row, model, metric, protocol, corpus, published, mean, low, high, len(values)]
    return dict(zip(COLUMNS, cells, strict=True))


def pooled_predictions(
    folder: Path, protocol: str, models: Sequence[str], partition: str, task: str = "emotion", output: str = "emotion"
) -> pd.DataFrame:
    """Return the saved predictions of all folds as one table; with `speaker`, one row per clip and fold.

    Args:
        folder, protocol, models, partition, task, output: as in `score_row`.
    """
    file = f"{partition}.csv" if output == "emotion" else f"{partition}.{output}.csv"
    folds = [_read(folder / "predictions" / model / file, task) for model in models]
    return pd.concat([by_clip(fold, task) if protocol == "speaker" else fold for fold in folds], ignore_index=True)


def _read(file: Path, task: str) -> pd.DataFrame:
    # Names stay strings: a class may be called 1, or None.
    names = dict.fromkeys([*KEYS, task, "predicted"], str)
    table = pd.read_csv(file, dtype=names, keep_default_na=False)
    is_number = len(table.columns) == len(names)  # there are no probabilities of classes
    return table.astype(dict.fromkeys([task, "predicted"], float)) if is_number else table


def write(rows: list[dict], folder: Path, notice: str | None = None, notes: Sequence[str] = ()) -> None:
    """Write `results.md` and then `results.json` into a run folder; `results.json` shows that the run has finished.

    Args:
        rows: one flat dict per number, with the keys `COLUMNS`.
        folder: the run folder.
        notice: a sentence shown with all tables, such as that the corpus is synthetic.
        notes: sentences that readers of the tables need to know.
    """
    table = pd.DataFrame(rows, columns=COLUMNS)
    with files.whole(folder / "results.md") as temporary:
        temporary.write_text(to_markdown(table, notice, notes), encoding="utf-8")
    with files.whole(folder / "results.json") as temporary:
        temporary.write_text(json.dumps(rows, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def to_markdown(table: pd.DataFrame, notice: str | None = None, notes: Sequence[str] = ()) -> str:
    """Format the results as Markdown, with a section for each table of the paper, followed by the notes.

    Each line is a row and metric, with the published number, then for each protocol the measured number, its interval
    in brackets and the number of items. Arguments as in `write`; `table` has the columns `COLUMNS`.

    Returns:
        Lines of Markdown.
    """
    parts = [f"**{notice}**\n"] if notice else []
    for name, rows in table.groupby("table", sort=False):
        lines = [
            f"## {name}\n",
            "| row | metric | published | " + " | ".join(PROTOCOLS) + " |",
            "|---|---|---|---|---|",
        ]
        for (row, metric), cells in rows.groupby(["row", "metric"], sort=False):
            published = cells["published"].dropna()
            measured = [_cell(cells[cells["protocol"] == protocol]) for protocol in PROTOCOLS]
            lines.append(
                f"| {_text(row)} | {_text(metric)} | {short(published.iloc[0]) if len(published) else ''} | "
                + " | ".join(measured)
                + " |"
            )
        parts.append("\n".join(lines) + "\n")
    if notes:
        parts.append("\n".join(["## Notes\n", *(f"- {note}" for note in notes)]) + "\n")
    return "\n".join(parts)


def _text(name: str) -> str:
    """Escape the separator of cells, which a name of the user may contain."""
    return name.replace("|", r"\|")


def _cell(cells: pd.DataFrame) -> str:
    if cells.empty or np.isnan(cells["measured"].iloc[0]):
        return ""
    cell = cells.iloc[0]
    return f"{with_interval(cell['measured'], cell['low'], cell['high'])} (n = {cell['n']})"


def with_interval(measured: float, low: float | None, high: float | None) -> str:
    """Format a score with its interval, such as `.613 [.530, .702]`; without the interval if there is none.

    Args:
        measured: the score.
        low: lower end of its interval; None or NaN: there is no interval.
        high: upper end of its interval.

    Returns:
        The text.
    """
    return short(measured) if pd.isna(low) else f"{short(measured)} [{short(low)}, {short(high)}]"


def short(value: float) -> str:
    """Format with three decimals, without the leading zero of scores below 1, as is common in the field.

    Args:
        value: a score, of any sign.

    Returns:
        Text such as `.613` or `1.250`.
    """
    return f"{value:.3f}".replace("0.", ".", 1) if abs(value) < 1 else f"{value:.3f}"
