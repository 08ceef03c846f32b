"""The corpus of a run: the user's or a synthetic one, and what a reader must be told of it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from kerasemo import files
from kerasemo.corpora.synthetic import SyntheticCorpus, is_synthetic
from kerasemo.errors import InputError
from kerasemo.evaluation import protocols
from kerasemo.experiment.options import Options
from kerasemo.features.network_input import NetworkInput
from kerasemo.training.run import Run

SYNTHETIC_NOTICE = "synthetic corpus: not comparable with the paper"


@dataclass(frozen=True)
class Corpus:
    """A corpus as networks read it, the same items for each.

    Attributes:
        table: a row an item: `clip, speaker, group` (what is held out whole), and the class number of each task.
        classes: by task, in order, the names of the classes.
        folds: of each group.
        inputs: how each input of a network is made of a file; none for features that others computed.
        features: of each input, one entry an item: an array, or the files that hold arrays.
    """

    table: pd.DataFrame
    classes: dict[str, list[str]]
    folds: pd.Series
    inputs: dict[str, NetworkInput]
    features: dict[str, np.ndarray | list[Path]]


def corpus_root(key: str, options: Options, corpus: type[SyntheticCorpus], size: dict, quick: dict) -> Path:
    """The folder of the user's corpus, or of the synthetic one, which is written into the user's cache on first use.

    Args:
        key: the experiment's key.
        options: of the run.
        corpus: the synthetic one.
        size: its parameters, such as how large it is.
        quick: what of that differs under `--quick`.
    """
    if options.root:
        return options.root
    root = files.user_cache("synthetic", f"{key}-{'quick' if options.quick else 'full'}-{options.seed}")
    corpus(**(size | quick if options.quick else size), seed=options.seed).write(root, options.jobs)
    return root


def name_corpus(run: Run, root: Path, name: str, synthetic_name: str | None = None, **entries) -> None:
    """Write into the run's configuration what its numbers are measured on, and the notice that goes with it.

    Args:
        run: the run.
        root: the corpus' folder.
        name: what the corpus is called in the tables.
        synthetic_name: the name of the corpus that the synthetic one imitates; None: `name`.
        entries: what else became known of the corpus, such as `classes`.
    """
    synthetic = is_synthetic(root)
    corpus = f"synthetic {synthetic_name or name}" if synthetic else name
    run.configure(corpus=corpus, notice=SYNTHETIC_NOTICE if synthetic else None, **entries)


def set_aside(run: Run, clips: pd.DataFrame) -> None:
    """Write which clips are not used, each with its reason, into the run's folder, and note how many there are.

    Args:
        run: the run.
        clips: `clip, file, feature_set, reason`, as `training.items.read_items` gives them.
    """
    run.write_table(clips, "set_aside.csv")
    if len(clips):
        run.note(f"{len(clips)} clips are set aside; set_aside.csv says why.")


def require_groups(options: Options, groups: pd.Series, folds: pd.Series) -> None:
    """Say at once, before features are computed, where there are too few groups to hold out.

    Raises:
        InputError: there are.
    """
    if options.protocol != "paper":
        protocols.speaker_splits(groups, folds, options.seed)


def require_classes(classes: dict[str, list[str]]) -> None:
    """Raise an `InputError` where a task has one class."""
    if lone := [task for task, names in classes.items() if len(names) < 2]:
        raise InputError(f"of {', '.join(lone)} the corpus has one class; every task needs two.")


def classes_that_occur(run: Run, table: pd.DataFrame, classes: list[str]) -> tuple[pd.DataFrame, list[str]]:
    """The clips with new class numbers where all clips of an emotion are set aside, and the classes that are left."""
    left = [name for number, name in enumerate(classes) if (table["emotion"] == number).any()]
    if lost := [name for name in classes if name not in left]:
        run.note(f"No clip can be used of {', '.join(lost)}: the classes are {', '.join(left)}.")
        run.configure(classes={"emotion": left})
    numbers = {classes.index(name): number for number, name in enumerate(left)}
    return table.assign(emotion=table["emotion"].map(numbers)), left
