"""The corpus of a run: the user's or a synthetic one, and what a reader must be told of it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from kerasemo import files
from kerasemo.corpora.synthetic import SyntheticCorpus, is_synthetic
from kerasemo.errors import InputError
from kerasemo.evaluation import protocols
from kerasemo.experiment.options import Options
from kerasemo.features.network_input import NetworkInput
from kerasemo.training.audiovisual import AudioVisual
from kerasemo.training.run import Run

if TYPE_CHECKING:
    from kerasemo.experiment.cells import Cell
    from kerasemo.training.clips import Clips
    from kerasemo.training.items import Items
    from kerasemo.training.segments import Segments

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

    @classmethod
    def of_clips(
        cls,
        clips: pd.DataFrame,
        classes: dict[str, list[str]],
        folds: pd.Series,
        inputs: dict[str, NetworkInput],
        features: dict[str, np.ndarray | list[Path]],
    ) -> "Corpus":
        """A corpus of clips whose labels are the names of classes.

        Args:
            clips: a row a clip: `clip, speaker`, the label of each task, and `group` where that is not the speaker.
            classes, folds, inputs, features: as above.
        """
        groups = clips["group"] if "group" in clips else clips["speaker"]
        numbers = {task: clips[task].map(names.index) for task, names in classes.items()}
        return cls(clips[["clip", "speaker"]].assign(group=groups, **numbers), classes, folds, inputs, features)

    def items(
        self, cell: "Cell", targets: Mapping[str, str], inputs: Sequence[str] | None = None
    ) -> "dict[str, Items]":
        """The items that a cell trains, validates and tests on, by partition.

        Args:
            cell: of a split of `table`.
            targets: output of the network -> its task.
            inputs: of the network; None: all features.
        """
        from kerasemo.training.items import Items

        arrays = {name: self.features[name] for name in inputs or self.features}
        sides = cell.split.partitions()
        return {side: Items.of_rows(rows, arrays, cell.items, targets) for side, rows in sides.items()}

    def clips(
        self, kind: "type[Clips | Segments]", cell: "Cell", tasks: Sequence[str], inputs: Sequence[str] | None = None
    ) -> "dict[str, Clips | Segments]":
        """As `items`, of features that stay on disk.

        Args:
            kind: whole clips, or all segments of them.
            cell, inputs: as in `items`.
            tasks: the outputs of the network, each the task of its name.
        """
        names = inputs or list(self.features)
        chosen = [{name: each[name] for name in names} for each in (self.inputs, self.features)]
        sides = cell.split.partitions()
        return {side: kind.of_rows(rows, *chosen, self.table, tasks) for side, rows in sides.items()}


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


def note_left_out(run: Run, labels: Iterable[str], has_sound: bool) -> None:
    """Say which networks are left out because the corpus has sound alone, or pictures alone."""
    if names := ", ".join(labels):
        run.note(f"Left out, because the corpus has no {'video' if has_sound else 'sound'}: {names}.")


def try_building(build: Callable, *arguments: Any) -> None:
    """Build a network that begins with a user's weights, so that a file that does not fit is said before all else.

    Raises:
        InputError: it does not, see `features.pretrained`.
    """
    from kerasemo.training.reproducible import one_thread

    one_thread()  # as training does later, in this process where there is but one
    build(*arguments)


def read_clips(
    run: Run, manifest: pd.DataFrame, root: Path, inputs: Mapping[str, NetworkInput], options: Options
) -> tuple[pd.DataFrame, dict[str, list[Path]], pd.DataFrame]:
    """What networks read of a corpus, left on disk; the clips that cannot be used are written into the run's folder.

    Args:
        run: the run.
        manifest: a clip a row.
        root: of the corpus.
        inputs: how each input is made.
        options: of the run, with `max_bad`.

    Returns:
        As `training.clips.read_clips`.

    Raises:
        InputError: see `training.clips.read_clips`.
    """
    from kerasemo.training import clips

    table, feature_files, unusable = clips.read_clips(
        manifest, root, inputs, jobs=options.jobs, max_bad=options.max_bad
    )
    set_aside(run, unusable)
    if lacking := len(manifest) - len(table) - len(unusable):
        run.note(f"{lacking} clips are left out, because they have sound without video or video without sound.")
    return table, feature_files, unusable


def read_audiovisual(
    run: Run,
    manifest: pd.DataFrame,
    root: Path,
    classes: Sequence[str],
    folds: pd.Series,
    inputs: Mapping[str, NetworkInput],
    options: Options,
) -> Corpus:
    """Clips with sound, a picture or both, in memory; what cannot be used is written into the run's folder.

    Args:
        run: the run.
        manifest: a clip a row, with `emotion`.
        root: of the corpus.
        classes: the emotions to keep, in order; of those whose clips are all set aside the run has a note.
        folds: of each speaker.
        inputs: how `audio` and `image` are made, or one of them.
        options: of the run, with `max_bad`.

    Raises:
        InputError: no clip has what is read, one class is left, or there are too few speakers to hold out.
    """
    media = AudioVisual.read(manifest, root, list(classes), inputs, jobs=options.jobs, max_bad=options.max_bad)
    table, arrays, unused = media.clips(manifest[manifest["emotion"].isin(classes)])
    set_aside(run, pd.concat([media.set_aside, unused], ignore_index=True))
    table = table.assign(emotion=[classes[number] for number in table["emotion"]]).reset_index(drop=True)
    left = present(classes, table["emotion"])
    if lost := [name for name in classes if name not in left]:
        run.note(f"No clip can be used of {', '.join(lost)}: the classes are {', '.join(left)}.")
        run.configure(classes={"emotion": left})
    if len(left) < 2:
        raise InputError(f"there is one class, {left[0]}; two or more are needed.")
    require_groups(options, table["speaker"], folds)
    read = {name: inputs[name] for name in arrays}
    return Corpus.of_clips(table, {"emotion": left}, folds, read, arrays)


def require_groups(options: Options, groups: pd.Series, folds: pd.Series) -> None:
    """Say at once, before features are computed, where there are too few groups to hold out.

    Raises:
        InputError: there are.
    """
    if options.protocol != "paper":
        protocols.speaker_splits(groups, folds, options.seed)


def present(known: Iterable[str], labels: pd.Series) -> list[str]:
    """Of all classes of a task those that occur among some labels, in order."""
    occurring = set(labels)
    return [name for name in known if name in occurring]


def require_classes(classes: dict[str, list[str]]) -> None:
    """Raise an `InputError` where a task has one class."""
    if lone := [task for task, names in classes.items() if len(names) < 2]:
        raise InputError(f"of {', '.join(lone)} the corpus has one class; every task needs two.")
