"""The tables of a paper: the published number beside the measured ones."""

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
    macro_f1,
    macro_precision,
    unweighted_average_recall,
    weighted_f1,
    weighted_precision,
)

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
# Macro: the mean over classes. Weighted: each class as often as it occurs.
AVERAGED = {
    "macro precision": macro_precision,
    "macro recall": unweighted_average_recall,
    "macro F1": macro_f1,
    "weighted precision": weighted_precision,
    "weighted recall": accuracy,
    "weighted F1": weighted_f1,
}


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
) -> dict:
    """A row of the results: a score of one network on one partition, from its saved predictions.

    Under `paper` every item counts, as in the papers; under `speaker` a clip counts once in a fold, by the mean of its
    items, and the folds are pooled: a clip that trains in several folds counts in each. The interval draws whole
    speakers.

    Args:
        folder: the run folder.
        protocol: `paper` or `speaker`.
        models: the network's models, one a fold; the first one's name up to the first dot is the network's.
        table: which table of the paper the row belongs to.
        row: the row's name there.
        partition: `test`, `validation` or `train`.
        corpus: what was measured on.
        metric: one of `METRICS` or `AVERAGED`.
        published: the paper's number.
        task: the column of the true class; the row's metric names it where it is not the emotion.
        output: the network's output to score.

    Returns:
        A dict with the keys `COLUMNS`.
    """
    scored = pooled_predictions(folder, protocol, models, partition, task, output)
    score = (METRICS | AVERAGED)[metric]
    low, high = bootstrap_by_group(scored, lambda rows: score(rows[task], rows["predicted"]))
    return {
        "table": table,
        "row": row,
        "model": models[0].split(".")[0],
        "metric": f"{partition} {metric}" if task == "emotion" else f"{partition} {metric} of {task}",
        "protocol": protocol,
        "corpus": corpus,
        "published": published,
        "measured": score(scored[task], scored["predicted"]),
        "low": low,
        "high": high,
        "n": len(scored),
    }


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
    """A row of the results: the mean of the column `value`, and its interval, which draws whole speakers.

    Args:
        values: a row an item; `speaker` and `value`. Without a row the mean is not known.
        model: the network's name.
        table, row, protocol, metric, corpus, published: as in `score_row`.

    Returns:
        A dict with the keys `COLUMNS`.
    """
    low, high = mean_by_group(values, "value")
    mean = float(values["value"].mean()) if len(values) else None
    found = [table, row, model, metric, protocol, corpus, published, mean, low, high, len(values)]
    return dict(zip(COLUMNS, found, strict=True))


def pooled_predictions(
    folder: Path, protocol: str, models: Sequence[str], partition: str, task: str = "emotion", output: str = "emotion"
) -> pd.DataFrame:
    """The saved predictions of a network's folds as one table; under `speaker` a row a clip and fold.

    Args:
        folder, protocol, models, partition, task, output: as in `score_row`.
    """
    file = f"{partition}.csv" if output == "emotion" else f"{partition}.{output}.csv"
    # Names stay as they are written: a class may be called 1, or None.
    names = dict.fromkeys([*KEYS, task, "predicted"], str)
    folds = [pd.read_csv(folder / "predictions" / model / file, dtype=names, keep_default_na=False) for model in models]
    return pd.concat([by_clip(fold, task) if protocol == "speaker" else fold for fold in folds], ignore_index=True)


def write(rows: list[dict], folder: Path, notice: str | None = None, notes: Sequence[str] = ()) -> None:
    """Write `results.md` and, as the last sign that a run has finished, `results.json` into a run folder.

    Args:
        rows: a flat dict a number, with the keys `COLUMNS`.
        folder: the run folder.
        notice: a sentence every table must carry, such as that the corpus is synthetic.
        notes: sentences that a reader of the tables must know.
    """
    table = pd.DataFrame(rows, columns=COLUMNS)
    with files.whole(folder / "results.md") as temporary:
        temporary.write_text(to_markdown(table, notice, notes), encoding="utf-8")
    with files.whole(folder / "results.json") as temporary:
        temporary.write_text(json.dumps(rows, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def to_markdown(table: pd.DataFrame, notice: str | None = None, notes: Sequence[str] = ()) -> str:
    """The results as Markdown: per table of the paper a row and metric a line, published and both protocols beside
    each other, intervals in brackets, numbers of items behind them; the notes stand below."""
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
                f"| {_text(row)} | {_text(metric)} | {_number(published.iloc[0]) if len(published) else ''} | "
                + " | ".join(measured)
                + " |"
            )
        parts.append("\n".join(lines) + "\n")
    if notes:
        parts.append("\n".join(["## Notes\n", *(f"- {note}" for note in notes)]) + "\n")
    return "\n".join(parts)


def _text(name: str) -> str:
    """A name in a cell: a class of the user's may hold the mark between cells."""
    return name.replace("|", r"\|")


def _cell(cells: pd.DataFrame) -> str:
    if cells.empty or np.isnan(cells["measured"].iloc[0]):
        return ""
    cell = cells.iloc[0]
    interval = "" if pd.isna(cell["low"]) else f" [{_number(cell['low'])}, {_number(cell['high'])}]"
    return f"{_number(cell['measured'])}{interval} (n = {cell['n']})"


def _number(value: float) -> str:
    """Three decimals without the leading zero, as the field prints scores below 1."""
    return f"{value:.3f}".replace("0.", ".", 1) if abs(value) < 1 else f"{value:.3f}"
