"""The corpus of a run: the user's corpus or a synthetic one, and the notes about it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from kerasemo import files
from kerasemo import manifest as manifests
from kerasemo.corpora.synthetic import SyntheticCorpus, is_synthetic
from kerasemo.errors import InputError
from kerasemo.evaluation import protocols
from kerasemo.experiment.options import Options
from kerasemo.features.network_input import NetworkInput
from kerasemo.training.audiovisual import AudioVisual
from kerasemo.training.missing import UNKNOWN
from kerasemo.training.run import CLIPS, Run

if TYPE_CHECKING:
    from kerasemo.experiment.cells import Cell
    from kerasemo.training.clips import Clips
    from kerasemo.training.items import Items
    from kerasemo.training.segments import Segments

    MakeClips = Callable[..., Clips | Segments]

__all__ = [
    "SYNTHETIC_NOTICE",
    "Corpus",
    "corpus_root",
    "name_corpus",
    "note_left_out",
    "present",
    "read_audiovisual",
    "read_clips",
    "require_classes",
    "require_groups",
    "set_aside",
    "try_building",
]

SYNTHETIC_NOTICE = "synthetic corpus: not comparable with the paper"


@dataclass(frozen=True)
class Corpus:
    """The items of a corpus, with the same items for all networks.

    Attributes:
        table: one row per item: `clip, speaker, group` (held out as a whole under `speaker`), and for each task the
            class number or number; see `training.missing` for items without a label.
        classes: task -> the names of its classes, in order; None: the task is a number.
        folds: the fold of each group.
        inputs: how each input of a network is computed from a file; empty if the features were computed by others.
        features: input -> its values, one entry per item: an array, or the paths of files with arrays.
        published: the split of the protocol `paper`; None: it is drawn at random.
    """

    table: pd.DataFrame
    classes: dict[str, list[str] | None]
    folds: pd.Series
    inputs: dict[str, NetworkInput]
    features: dict[str, np.ndarray | list[Path]]
    published: protocols.Split | None = None

    @classmethod
    def of_clips(
        cls,
        clips: pd.DataFrame,
        classes: dict[str, list[str] | None],
        folds: pd.Series,
        inputs: dict[str, NetworkInput],
        features: dict[str, np.ndarray | list[Path]],
    ) -> "Corpus":
        """Create a corpus from clips with class names or numbers as labels.

        Args:
            clips: one row per clip: `clip, speaker`, the label of each task (None or NaN: unknown), and optionally
                `group`; without it, each speaker is a group.
            classes, folds, inputs, features: as in the attributes.

        Returns:
            The corpus.
        """
        groups = clips["group"] if "group" in clips else clips["speaker"]
        numbers = {
            task: clips[task].astype(float)
            if names is None
            else clips[task].map(names.index, na_action="ignore").fillna(UNKNOWN).astype(int)
            for task, names in classes.items()
        }
        return cls(clips[["clip", "speaker"]].assign(group=groups, **numbers), classes, folds, inputs, features)

    def widths(self, tasks: Sequence[str]) -> dict[str, int]:
        """Return the number of values that a network gives for each task: its classes, or 1 if it is a number.

        Args:
            tasks: the tasks, keys of `classes`.
        """
        return {task: len(self.classes[task] or [task]) for task in tasks}

    def items(
        self, cell: "Cell", targets: Mapping[str, str], inputs: Sequence[str] | None = None
    ) -> "dict[str, Items]":
        """Return the items of each partition of a cell.

        Args:
            cell: a cell with a split of `table`.
            targets: output of the network -> its task.
            inputs: inputs of the network; None: all features.

        Returns:
            Partition -> items.
        """
        from kerasemo.training.items import Items

        arrays = {name: self.features[name] for name in inputs or self.features}
        sides = cell.split.partitions()
        return {side: Items.of_rows(rows, arrays, cell.items, targets) for side, rows in sides.items()}

    def clips(
        self, make: "MakeClips", cell: "Cell", tasks: Sequence[str], inputs: Sequence[str] | None = None
    ) -> "dict[str, Clips | Segments]":
        """Return the items of each partition of a cell, for features that stay on disk.

        Args:
            make, tasks: as in `clips_of_rows`.
            cell, inputs: as in `items`.

        Returns:
            Partition -> items.
        """
        sides = cell.split.partitions()
        return {side: self.clips_of_rows(make, rows, tasks, inputs) for side, rows in sides.items()}

    def clips_of_rows(
        self, make: "MakeClips", rows: np.ndarray, tasks: Sequence[str], inputs: Sequence[str] | None = None
    ) -> "Clips | Segments":
        """Return the items of some rows of `table`, for features that stay on disk.

        Args:
            make: `Clips` for whole clips, `Segments.of_clips` for all segments of clips.
            rows: row numbers.
            tasks: the tasks of the network; its outputs have the same names.
            inputs: inputs of the network; None: all features.
        """
        names, selected = inputs or list(self.features), self.table.iloc[rows].reset_index(drop=True)
        return make(
            {name: self.inputs[name] for name in names},
            {name: [self.features[name][row] for row in rows] for name in names},
            {task: selected[task].to_numpy() for task in tasks},
            selected[["clip", "speaker"]],
        )


def corpus_root(key: str, options: Options, corpus: type[SyntheticCorpus], size: dict, quick: dict) -> Path:
    """Return the folder of the user's corpus, or of a synthetic one, which is written to the user's cache if needed.

    Args:
        key: key of the experiment.
        options: options of the run.
        corpus: the synthetic corpus.
        size: its parameters, such as its size.
        quick: arguments that replace or extend `size` under `--quick`.

    Returns:
        The folder.
    """
    if options.root:
        return options.root
    root = files.user_cache("synthetic", f"{key}-{'quick' if options.quick else 'full'}-{options.seed}")
    corpus(**(size | quick if options.quick else size), seed=options.seed).write(root, options.jobs)
    return root


def name_corpus(
    run: Run,
    root: Path,
    name: str,
    synthetic_name: str | None = None,
    manifest: pd.DataFrame | None = None,
    **entries,
) -> None:
    """Write name and folder of the corpus to the run's configuration, with a notice if it is synthetic.

    Args:
        run: the run folder.
        root: folder of the corpus.
        name: name of the corpus in the tables.
        synthetic_name: name of the corpus that the synthetic one imitates; None: `name`.
        manifest: one row per clip; written to `clips.csv`, from which the report finds the recordings. None: the corpus
            has no clips.
        **entries: further entries of the configuration, such as `classes`.
    """
    synthetic = is_synthetic(root)
    corpus = f"synthetic {synthetic_name or name}" if synthetic else name
    notice = SYNTHETIC_NOTICE if synthetic else None
    run.configure(corpus=corpus, corpus_root=str(root.resolve()), notice=notice, **entries)
    if manifest is not None:
        columns = [name for name in [*manifests.COLUMNS, "whole_file"] if name in manifest]
        run.write_table(manifest[columns], CLIPS)


def set_aside(run: Run, clips: pd.DataFrame) -> None:
    """Write the list of unusable clips to `set_aside.csv` in the run folder, and note their number.

    Args:
        run: the run folder.
        clips: `clip, file, feature_set, reason`, as returned by `training.items.read_items`.
    """
    run.write_table(clips, "set_aside.csv")
    if len(clips):
        run.note(f"{len(clips)} clips are set aside; the reasons are in set_aside.csv.")


def note_left_out(run: Run, labels: Iterable[str], has_sound: bool) -> None:
    """Note which networks are left out because no video or no sound was read.

    Args:
        run: the run folder.
        labels: titles of the networks; without any, nothing is noted.
        has_sound: whether sound was read; then video was not.
    """
    if names := ", ".join(labels):
        run.note(f"Left out, because no {'video' if has_sound else 'sound'} was read: {names}.")


def try_building(build: Callable, *arguments: Any, **keywords: Any) -> None:
    """Build a network that starts from the weights in a user's file, to find out early whether the file fits.

    Args:
        build: builds the network.
        *arguments: its arguments.
        **keywords: its keyword arguments.

    Raises:
        InputError: the file does not fit the network, see `features.pretrained`.
    """
    from kerasemo.training.reproducible import one_thread

    one_thread()  # training, which may run in this process, needs it before TensorFlow starts
    build(*arguments, **keywords)


def read_clips(
    run: Run, manifest: pd.DataFrame, root: Path, inputs: Mapping[str, NetworkInput], options: Options
) -> tuple[pd.DataFrame, dict[str, list[Path]], pd.DataFrame]:
    """Compute the features of clips, which stay on disk, and list unusable clips in the run folder.

    Args:
        run: the run folder.
        manifest: one row per clip.
        root: folder of the corpus.
        inputs: how each input of a network is computed from a file.
        options: options of the run, with `max_bad`.

    Returns:
        The same as `training.clips.read_clips`.

    Raises:
        InputError: see `training.clips.read_clips`.
    """
    from kerasemo.training import clips

    table, feature_files, unusable = clips.read_clips(
        manifest, root, inputs, jobs=options.jobs, max_bad=options.max_bad
    )
    set_aside(run, unusable)
    if lacking := len(manifest) - len(table) - len(unusable):
        run.note(f"{lacking} clips are left out, because they have only sound or only video.")
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
    """Read clips with sound, an image or both into memory, and list unusable clips in the run folder.

    Args:
        run: the run folder.
        manifest: one row per clip, with `emotion`.
        root: folder of the corpus.
        classes: the emotions to keep, in order. Emotions without any usable clip are dropped, with a note.
        folds: the fold of each speaker.
        inputs: how the inputs `audio` and `image`, or one of them, are computed from a file.
        options: options of the run, with `max_bad`.

    Returns:
        The corpus.

    Raises:
        InputError: no clip has the inputs, only one class is left, or there are too few speakers.
    """
    media = AudioVisual.read(manifest, root, list(classes), inputs, jobs=options.jobs, max_bad=options.max_bad)
    table, arrays, unused = media.clips(manifest[manifest["emotion"].isin(classes)])
    set_aside(run, pd.concat([media.set_aside, unused], ignore_index=True))
    table = table.assign(emotion=[classes[number] for number in table["emotion"]]).reset_index(drop=True)
    left = present(classes, table["emotion"])
    if lost := [name for name in classes if name not in left]:
        run.note(f"There are no usable clips of {', '.join(lost)}; the remaining classes are {', '.join(left)}.")
        run.configure(classes={"emotion": left})
    if len(left) < 2:
        raise InputError(f"the corpus has only one class, {left[0]}; at least two are needed.")
    require_groups(options, table["speaker"], folds)
    inputs_read = {name: inputs[name] for name in arrays}
    return Corpus.of_clips(table, {"emotion": left}, folds, inputs_read, arrays)


def require_groups(options: Options, groups: pd.Series, folds: pd.Series) -> None:
    """Check, before features are computed, that there are enough groups for the protocol.

    Args:
        options: options of the run.
        groups: the group of each clip.
        folds: the fold of each group.

    Raises:
        InputError: there are too few groups to hold them out.
    """
    if options.protocol != "paper":
        protocols.speaker_splits(groups, folds, options.seed)


def present(known: Iterable[str], labels: pd.Series) -> list[str]:
    """Return the classes of `known` that occur in `labels`, in the order of `known`.

    Args:
        known: all classes, in order.
        labels: the class of each item.
    """
    occurring = set(labels)
    return [name for name in known if name in occurring]


def require_classes(classes: dict[str, list[str]]) -> None:
    """Raise an `InputError` if a task has fewer than two classes.

    Args:
        classes: task -> names of its classes.

    Raises:
        InputError: a task has only one class.
    """
    if lone := [task for task, names in classes.items() if len(names) < 2]:
        raise InputError(f"the corpus has only one class of {', '.join(lone)}; every task needs at least two.")
