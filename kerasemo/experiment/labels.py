"""Labels of any task, classes or numbers, which some clips may lack, and checks that a task can be learned."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from kerasemo import manifest as manifests
from kerasemo.errors import InputError
from kerasemo.evaluation.protocols import Split
from kerasemo.experiment import corpora
from kerasemo.experiment.corpora import Corpus, name_corpus, require_groups
from kerasemo.experiment.options import Options
from kerasemo.experiment.speech import Speech
from kerasemo.features.network_input import NetworkInput
from kerasemo.training.missing import known
from kerasemo.training.run import Run

__all__ = ["MULTITASK", "RESERVED", "are_numbers", "classes", "of_clips", "read_clips", "require_on_both_sides"]

MULTITASK = "multitask"
RESERVED = {*manifests.COLUMNS, "whole_file", "group", "predicted", MULTITASK}
"""Columns that cannot be tasks, and names with another meaning in the tables; the exception is `gender`."""


def of_clips(
    manifest: pd.DataFrame, task: str, levels: Mapping[str, float] | None = None, as_number: bool = False
) -> pd.Series:
    """Return the label of each clip: a class, or a number; None or NaN for clips without a label.

    Args:
        manifest: one row per clip.
        task: the column with the labels.
        levels: for numeric labels, their classes: the name and upper end of each; None: the labels are the classes.
        as_number: whether numeric labels remain numbers; without effect on other labels.

    Raises:
        InputError: the manifest has no such labels.
    """
    columns = ["gender", *(column for column in manifest if column not in RESERVED)]
    if task not in columns:
        raise InputError(f"the corpus has no labels of {task}; its labels are {', '.join(columns)}.")
    values = manifest[task]
    if as_number and are_numbers(values):
        return values.astype(float).where(np.isfinite(values))
    if levels:
        values = pd.cut(values, [-np.inf, *levels.values()], labels=list(levels))
    return values.astype(object).where(values.notna(), None)


def are_numbers(labels: pd.Series) -> bool:
    """Return whether labels are numbers; truth values are classes.

    Args:
        labels: the column of a manifest.
    """
    return is_numeric_dtype(labels) and not is_bool_dtype(labels)


def classes(
    labels: pd.Series, task: str, in_order: Sequence[str] | None, set_aside: pd.DataFrame | None = None
) -> list[str] | None:
    """Return the classes of a task that occur in the usable clips, in order; None if the task is a number.

    Args:
        labels: labels of the usable clips, see `of_clips`.
        task: name of the task.
        in_order: all classes, in order; None: any class, sorted by name.
        set_aside: the unusable clips, with `reason`, for the error message.

    Raises:
        InputError: there are fewer than two classes, or different numbers.
    """
    is_number = labels.dtype == float
    occurring = set(labels.dropna())
    if len(occurring) < 2:
        one, several = ("value", "values") if is_number else ("class", "classes")
        found = f"only one {one}, {occurring.pop()!r}" if occurring else "no label"
        if set_aside is not None and len(set_aside):
            found += f" in the usable clips ({len(set_aside)} are unusable, such as: {set_aside['reason'].iloc[0]})"
        raise InputError(f"{task} has {found}; at least two {several} are needed.")
    return None if is_number else corpora.present(in_order or sorted(occurring, key=str), labels)


def read_clips(
    run: Run,
    corpus: Speech,
    root: Path,
    inputs: Mapping[str, NetworkInput],
    options: Options,
    tasks: Sequence[str],
    as_numbers: bool = False,
) -> Corpus:
    """Compute the features of clips, which stay on disk; clips may lack labels. Note what readers of tables need.

    Args:
        run, root, inputs, options: as in `corpora.read_clips`.
        corpus: the manifest and folds of the corpus.
        tasks: columns of the manifest.
        as_numbers: whether numeric labels remain numbers, instead of classes.

    Returns:
        The corpus; see `training.missing` for clips without a label.

    Raises:
        InputError: a task has fewer than two classes, no task is a number, there are too few groups, or see
            `corpora.read_clips`.
    """
    named = {task: of_clips(corpus.manifest, task, corpus.levels.get(task), as_numbers) for task in tasks}
    in_order = {task: corpus.levels.get(task) for task in named} | {"emotion": corpus.emotions}
    whole = {task: classes(values, task, in_order[task]) for task, values in named.items()}
    if as_numbers and None not in whole.values():
        raise InputError(f"no label of {', '.join(whole)} is a number; add a task with numbers, such as valence.")
    require_groups(options, corpus.manifest["group"], corpus.folds)
    table, feature_files, set_aside = corpora.read_clips(run, corpus.manifest.assign(**named), root, inputs, options)
    found = {task: classes(table[task], task, in_order[task], set_aside) for task in named}
    for task in found:
        if n := int(table[task].isna().sum()):
            run.note(f"{n} clips have no label of {task}: they are used for the other tasks only.")
    for sentence in (f"{len(table)} clips of {table['speaker'].nunique()} speakers.", *corpus.notes):
        run.note(sentence)
    name_corpus(run, root, corpus.name, manifest=corpus.manifest, classes=found)
    return Corpus.of_clips(table, found, corpus.folds, inputs, feature_files)


def require_on_both_sides(table: pd.DataFrame, splits: Sequence[Split]) -> None:
    """Check that each task has training labels in every split, and test labels in at least one split.

    Args:
        table: class numbers or numbers, one column per task.
        splits: splits of the rows.

    Raises:
        InputError: a task has no labels for training or for the test.
    """
    for task in table:
        labelled = set(np.flatnonzero(known(table[task].to_numpy())))
        if unlearned := [split.name for split in splits if labelled.isdisjoint(split.train)]:
            raise InputError(f"no training clip of {unlearned[0]} has a label of {task}; choose other tasks.")
        if all(labelled.isdisjoint(split.test) for split in splits):
            raise InputError(f"no test clip has a label of {task}; try another --seed, or other tasks.")
