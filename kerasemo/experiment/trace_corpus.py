"""A corpus of recordings with labels over time (traces), such as SEWA, with features or with saved predictions."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kerasemo.corpora import avec2019, avec2019_files
from kerasemo.corpora.avec2019 import FEATURE_SETS
from kerasemo.errors import InputError
from kerasemo.experiment.corpora import name_corpus
from kerasemo.fusion import predictions
from kerasemo.training import trace_features
from kerasemo.training.run import Run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kerasemo.training.items import Items

__all__ = ["TraceCorpus"]


@dataclass(frozen=True)
class TraceCorpus:
    """The content of a copy of AVEC 2019 CES.

    Attributes:
        root: folder of the corpus.
        sets: names of its feature sets, see `avec2019.FEATURE_SETS`; empty if there are only predictions.
        train: recording -> traces, for the partition Train.
        devel: recording -> traces, for the partition Devel, on which models are scored.
        given: model -> recording -> predicted traces of Devel; empty if there are features.
        shift: number of frames by which labels are shifted to earlier frames for training.
    """

    root: Path
    sets: list[str]
    train: dict[str, np.ndarray]
    devel: dict[str, np.ndarray]
    given: dict[str, dict[str, np.ndarray]]
    shift: int

    @classmethod
    def read(cls, run: Run, root: Path, needed: str, shift_s: float) -> "TraceCorpus":
        """Read labels and check features, or read predictions if there are no features; note in the run what was found.

        Args:
            run: the run folder.
            root: folder of the corpus.
            needed: a feature set that must be present if there are any features.
            shift_s: shift of the labels, seconds.

        Returns:
            The corpus.

        Raises:
            InputError: labels of Devel are missing, there are neither features nor predictions, or features without
                labels of Train or without the needed feature set.
        """
        labels = avec2019_files.read_traces(root / "labels")
        sets, notes = trace_features.available(root, labels)
        for sentence in notes:
            run.note(sentence)
        train, devel = (
            {recording: trace for recording, trace in labels.items() if avec2019.partition(recording) == partition}
            for partition in ("Train", "Devel")
        )
        if not devel:
            raise InputError(f"{root / 'labels'} has no recording of Devel, but models are scored on Devel; add them.")
        name_corpus(run, root, "AVEC 2019 CES", "SEWA", classes={})
        if sets and (not train or needed not in sets):
            raise InputError(
                f"{root} has features, but training also needs labels of Train and the feature set "
                f"{FEATURE_SETS[needed]}."
            )
        given = {} if sets else _read_predictions(root, needed)
        corpus = cls(root, sets, train, devel, given, round(shift_s / avec2019.HOP_S))
        corpus._describe(run)
        return corpus

    def items(self, sets: "Sequence[str]") -> "dict[str, Items]":
        """Return the items of a network with the given feature sets: `train` (Train) and `validation` (Devel).

        Args:
            sets: names of the feature sets, which are the inputs of the network.
        """
        from kerasemo.training.sequences import sequence_items

        features = self._features(sets)
        sides = {"train": self.train, "validation": self.devel}
        return {side: sequence_items(features, traces, self.shift) for side, traces in sides.items()}

    def unlabelled_items(self, sets: "Sequence[str]") -> "Items | None":
        """Return the items of the recordings of Test, whose labels were never published; None if there are none.

        Args:
            sets: names of the feature sets, which are the inputs of the network.
        """
        from kerasemo.training.sequences import sequence_items

        features = self._features(sets)
        recordings = set.intersection(*(set(recordings) for recordings in features.values()))
        tested = [name for name in sorted(recordings) if avec2019.partition(name) == "Test"]
        first = next(iter(features.values()))
        traces = {name: np.zeros((len(first[name]), len(avec2019.TARGETS))) for name in tested}
        return sequence_items(features, traces, self.shift) if traces else None

    def _features(self, sets: "Sequence[str]") -> dict[str, dict[str, np.ndarray]]:
        return {name: trace_features.read(self.root / FEATURE_SETS[name]) for name in sets}

    def _describe(self, run: Run) -> None:
        if not self.sets:
            run.note(
                f"{self.root.name} has no features, so no network is trained. The saved predictions of "
                f"{len(self.given)} models are fused instead: tables 2 and 3 do not have the rows of the networks, and "
                "the published numbers belong to other models. Options for training have no effect."
            )
            return
        run.note(
            f"{len(self.train)} recordings for training, {len(self.devel)} for scoring; {len(self.sets)} feature sets."
        )
        if missing := [folder for name, folder in FEATURE_SETS.items() if name not in self.sets]:
            run.note(f"The corpus does not have the feature sets {', '.join(missing)}.")


def _read_predictions(root: Path, needed: str) -> dict[str, dict[str, np.ndarray]]:
    """Read the predictions of all models except the organisers' fusion, which was fitted on the labels of Devel."""
    folders = [path for path in sorted((root / "predictions").glob("*")) if path.is_dir()]
    if not folders:
        raise InputError(
            f"{root} contains neither feature sets such as {FEATURE_SETS[needed]} nor predictions/<model>/."
        )
    return predictions.read([folder for folder in folders if folder.name != predictions.ORGANISERS_FUSION])
