"""Labels of any task, which some clips may lack: classes, class numbers, and checks that a task can be learned."""

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
"""Columns that cannot be tasks, and names with another meaning in the tables; the exception is `gender`."""


def of_clips(
    manifest: pd.DataFrame, task: str, ends: Sequence[float] | None = None, levels: Sequence[str] = ()
) -> pd.Series:
    """Return the class of each clip; None for clips without a label.

    Args:
        manifest: one row per clip.
        task: the column with the labels.
        ends: for numeric labels, the upper ends of all classes except the last; None: the labels are classes.
        levels: the names of these classes.

    Raises:
        InputError: the manifest has no such labels.
    """
    known = ["gender", *(column for column in manifest if column not in RESERVED)]
    if task not in known:
        raise InputError(f"the corpus has no labels of {task}; possible values of --task are {', '.join(known)}.")
    values = manifest[task]
    if ends:
        values = pd.cut(values, [-np.inf, *ends, np.inf], labels=levels)
    return values.astype(object).where(values.notna(), None)


def classes(labels: pd.Series, task: str, known: Sequence[str] | None, set_aside: pd.DataFrame) -> list[str]:
    """Return the classes of a task that occur in the usable clips, in order.

    Args:
        labels: labels of the usable clips.
        task: name of the task.
        known: all classes, in order; None: any class, sorted by name.
        set_aside: the unusable clips, with `reason`, for the error message.

    Raises:
        InputError: there are fewer than two classes.
    """
    occurring = set(labels.dropna())
    if len(occurring) < 2:
        found = f"only one class, {occurring.pop()!r}" if occurring else "no label"
        if len(set_aside):
            found += f" in the usable clips ({len(set_aside)} are unusable, such as: {set_aside['reason'].iloc[0]})"
        raise InputError(f"{task} has {found}; at least two classes are needed: choose other tasks with --task.")
    return corpora.present(known or sorted(occurring, key=str), labels)


def read_clips(
    run: Run,
    corpus: Speech,
    root: Path,
    inputs: Mapping[str, NetworkInput],
    options: Options,
    classes_of: Mapping[str, Sequence[str] | None],
    ends_of: Mapping[str, Sequence[float]],
) -> Corpus:
    """Compute the features of clips, which stay on disk; clips may lack labels.

    Args:
        run, root, inputs, options: as in `corpora.read_clips`.
        corpus: the manifest and folds of the corpus.
        classes_of: task -> all of its classes in order; None: any class, sorted by name.
        ends_of: numeric task -> the upper ends of its classes, see `of_clips`.

    Returns:
        The corpus; missing labels are `UNKNOWN`.

    Raises:
        InputError: a task has fewer than two classes, there are too few groups, or see `corpora.read_clips`.
    """
    named = {task: of_clips(corpus.manifest, task, ends_of.get(task), known) for task, known in classes_of.items()}
    require_groups(options, corpus.manifest["group"], corpus.folds)
    table, feature_files, set_aside = corpora.read_clips(run, corpus.manifest.assign(**named), root, inputs, options)
    found = {task: classes(table[task], task, known, set_aside) for task, known in classes_of.items()}
    for task in found:
        if n := int(table[task].isna().sum()):
            run.note(f"{n} clips have no label of {task}: they are used for the other tasks only.")
    class_numbers = {task: numbers(table[task], names) for task, names in found.items()}
    items = table[["clip", "speaker", "group"]].assign(**class_numbers)
    return Corpus(items, found, corpus.folds, inputs, feature_files)


def numbers(labels: pd.Series, names: Sequence[str]) -> pd.Series:
    """Return the class number of each clip; `UNKNOWN` for clips without a label."""
    return labels.map({name: number for number, name in enumerate(names)}).fillna(UNKNOWN).astype(int)


def require_on_both_sides(table: pd.DataFrame, splits: Sequence[Split]) -> None:
    """Check that each task has training labels in every split, and test labels in at least one split.

    Args:
        table: class numbers, one column per task.
        splits: splits of the rows.

    Raises:
        InputError: a task has no labels for training or for the test.
    """
    for task in table:
        known = set(np.flatnonzero(table[task] != UNKNOWN))
        if unlearned := [split.name for split in splits if known.isdisjoint(split.train)]:
            raise InputError(
                f"no training clip of {unlearned[0]} has a label of {task}; choose other tasks with --task."
            )
        if all(known.isdisjoint(split.test) for split in splits):
            raise InputError(f"no test clip has a label of {task}; try another --seed, or other tasks with --task.")
