"""Labels of any task, which not every clip needs to have: their classes, their numbers, and what cannot be learnt."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from kerasemo import manifest as manifests
from kerasemo.errors import InputError
from kerasemo.evaluation.protocols import Split
from kerasemo.training.segments import UNKNOWN

MULTITASK = "multitask"
RESERVED = {*manifests.COLUMNS, "whole_file", "group", "predicted", MULTITASK}
"""Columns that are no labels, and names that stand for something else in tables; gender is both."""


def of_clips(
    manifest: pd.DataFrame, task: str, ends: Sequence[float] | None = None, levels: Sequence[str] = ()
) -> pd.Series:
    """The class of each clip, missing where it has no label.

    Args:
        manifest: a clip a row.
        task: the column of the labels.
        ends: of a number, the upper ends of all classes but the last; None: the labels are classes.
        levels: the names of those classes.

    Raises:
        InputError: the manifest has no such labels.
    """
    known = ["gender", *(column for column in manifest if column not in RESERVED)]
    if task not in known:
        raise InputError(f"the corpus has no labels of {task}; give one of {', '.join(known)} as --task.")
    values = manifest[task]
    if ends:
        values = pd.cut(values, [-np.inf, *ends, np.inf], labels=levels)
    return values.astype(object).where(values.notna(), None)


def classes(labels: pd.Series, task: str, known: Sequence[str] | None, set_aside: pd.DataFrame) -> list[str]:
    """The classes of a task that occur among the clips that can be used, in order.

    Args:
        labels: of these clips.
        task: its name.
        known: all classes, in order; None: in the order of their names.
        set_aside: the clips that cannot be used, for the message.

    Raises:
        InputError: there are fewer than two.
    """
    present = set(labels.dropna())
    if len(present) < 2:
        found = f"one class, {present.pop()!r}" if present else "no label"
        if len(set_aside):
            found += f" in the clips that can be used ({len(set_aside)} cannot: {set_aside['reason'].iloc[0]})"
        raise InputError(f"{task} has {found}; two classes or more are needed: name other tasks with --task.")
    return [label for label in known or sorted(present, key=str) if label in present]


def numbers(labels: pd.Series, names: Sequence[str]) -> pd.Series:
    """The class number of each clip, `UNKNOWN` where it has no label."""
    return labels.map({name: number for number, name in enumerate(names)}).fillna(UNKNOWN).astype(int)


def require_on_both_sides(table: pd.DataFrame, splits: Sequence[Split]) -> None:
    """Each network learns from a label of each task, and a label of each is tested in one split at least.

    Args:
        table: class numbers, a column a task.
        splits: of its rows.

    Raises:
        InputError: a task has no label where it needs one.
    """
    for task in table:
        known = set(np.flatnonzero(table[task] != UNKNOWN))
        if unlearnt := [split.name for split in splits if known.isdisjoint(split.train)]:
            raise InputError(f"no clip that trains under {unlearnt[0]} has a label of {task}; name other tasks.")
        if all(known.isdisjoint(split.test) for split in splits):
            raise InputError(f"no clip that is tested has a label of {task}; try another --seed, or other tasks.")
