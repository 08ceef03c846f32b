"""What the networks of a run predict for its test clips, read from `predictions/<model>/test*.csv`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from kerasemo.errors import InputError
from kerasemo.evaluation.scores import KEYS, by_clip
from kerasemo.reporting.results import PROTOCOLS

__all__ = ["Decisions", "pooled", "read_decisions"]


@dataclass(frozen=True)
class Decisions:
    """The predictions of one model for one task.

    Attributes:
        model: the model's name, without fold and seed if several are pooled.
        output: the output of the network, such as `image_probe`; empty: the main one.
        task: what is predicted.
        classes: the classes, in order; None: the task is a number.
        table: `clip, speaker, label, predicted`, then a probability for each class, if they were saved.
    """

    model: str
    output: str
    task: str
    classes: Sequence[str] | None
    table: pd.DataFrame

    @property
    def key(self) -> tuple[str, str, str]:
        """What is equal for the same predictions of another run."""
        return self.model, self.output, self.task

    @property
    def network(self) -> str:
        """The first word of the model's name."""
        return self.model.partition(".")[0]

    @property
    def protocol(self) -> str:
        """The protocol in the model's name, in words; empty if there is none."""
        return next((PROTOCOLS[word] for word in self.model.split(".") if word in PROTOCOLS), "")


def read_decisions(path: Path, model: str, tasks: Mapping[str, Sequence[str] | None]) -> Decisions:
    """Read one file of predictions; with speakers held out, items of the same clip are averaged, as in the scores.

    Args:
        path: the CSV file.
        model: name of the pooled model.
        tasks: task -> its classes; None: the task is a number.

    Returns:
        The predictions.

    Raises:
        InputError: A column is missing, or a label or prediction is not a class of the task.
    """
    columns = pd.read_csv(path, nrows=0).columns.tolist()
    task = columns[columns.index("predicted") - 1] if "predicted" in columns else None
    if task not in tasks or not {*KEYS} <= {*columns}:
        raise InputError("it has no columns clip, speaker, a task of config.json and predicted")
    classes = tasks[task]
    # Names stay strings: a clip may be called 007 or NA.
    names = [*KEYS, task, "predicted"]
    table = pd.read_csv(path, dtype=dict.fromkeys(names if classes else KEYS, str), keep_default_na=False)
    if classes:
        if unknown := (set(table[task]) | set(table["predicted"])) - set(classes):
            raise InputError(f"{min(unknown)!r} is not a class of {task} in config.json")
        table = table[[*names, *(classes if {*classes} <= {*table} else [])]]
    if "speaker" in model.split(".") and (len(table.columns) > len(names) or not classes):
        table = by_clip(table, task)
    output = path.name.removesuffix(".csv").partition(".")[2]
    table = table.rename(columns={task: "label"})
    return Decisions(model, "" if output == task else output, task, classes, table)


def pooled(files: Iterable[Decisions]) -> list[Decisions]:
    """Return the predictions of all folds and seeds of a model as one table.

    Args:
        files: the predictions of each fold and seed.
    """
    groups: dict[tuple, list[Decisions]] = {}
    for each in files:
        groups.setdefault(each.key, []).append(each)
    return [
        Decisions(*key, group[0].classes, pd.concat([each.table for each in group], ignore_index=True))
        for key, group in groups.items()
    ]
