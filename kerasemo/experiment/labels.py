"""Labels of any task, which not every clip needs to have: their classes, their numbers, and what cannot be learnt."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from kerasemo import manifest as manifests
from kerasemo.errors import InputError
from kerasemo.evaluation.protocols import Split
from kerasemo.experiment import corpora
from kerasemo.experiment.corpora import Corpus, require_groups
from kerasemo.experiment.options import Options
from kerasemo.experiment.speech import Speech
from kerasemo.features.network_input import NetworkInput
from kerasemo.training.run import Run
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


def read_clips(
    run: Run,
    corpus: Speech,
    root: Path,
    inputs: Mapping[str, NetworkInput],
    options: Options,
    classes_of: Mapping[str, Sequence[str] | None],
    ends_of: Mapping[str, Sequence[float]],
) -> Corpus:
    """What networks read of a corpus whose clips may lack labels.

    Args:
        run, root, inputs, options: as in `corpora.read_clips`.
        corpus: the corpus.
        classes_of: task -> all its classes in order; None: in the order of their names.
        ends_of: of tasks that are numbers, see `of_clips`.

    Raises:
        InputError: a task has fewer than two classes, or see `corpora.read_clips`.
    """
    named = {task: of_clips(corpus.manifest, task, ends_of.get(task), known) for task, known in classes_of.items()}
    require_groups(options, corpus.manifest["group"], corpus.folds)
    table, files, set_aside = corpora.read_clips(run, corpus.manifest.assign(**named), root, inputs, options)
    found = {task: classes(table[task], task, known, set_aside) for task, known in classes_of.items()}
    for task in found:
        if n := int(table[task].isna().sum()):
            run.note(f"{n} clips have no label of {task}: they train the other tasks, and are not scored in this one.")
    class_numbers = {task: numbers(table[task], names) for task, names in found.items()}
    return Corpus(table[["clip", "speaker", "group"]].assign(**class_numbers), found, corpus.folds, inputs, files)


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
