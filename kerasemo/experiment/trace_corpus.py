"""A corpus of recordings with traces, such as SEWA: feature sets and labels, or predictions that others have made."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kerasemo.corpora import avec2019
from kerasemo.corpora.avec2019 import FEATURE_SETS
from kerasemo.errors import InputError
from kerasemo.experiment.corpora import name_corpus
from kerasemo.fusion import predictions
from kerasemo.training.run import Run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kerasemo.training.items import Items


@dataclass(frozen=True)
class TraceCorpus:
    """What stands under the root of a copy of AVEC 2019 CES.

    Attributes:
        root: the root.
        sets: names of its feature sets, see `avec2019.FEATURE_SETS`; empty where there are only predictions.
        train: recording -> traces, of Train.
        devel: recording -> traces, of Devel, which is what is scored.
        given: model -> recording -> predicted traces of Devel, where there are no features.
    """

    root: Path
    sets: list[str]
    train: dict[str, np.ndarray]
    devel: dict[str, np.ndarray]
    given: dict[str, dict[str, np.ndarray]]

    @classmethod
    def read(cls, run: Run, root: Path, needed: str) -> "TraceCorpus":
        """Read labels and check features, or read predictions; the run notes what was found.

        Args:
            run: the run.
            root: of the corpus.
            needed: the feature set that must be among those that are there.

        Raises:
            InputError: labels of Devel, or features as well as predictions, are missing.
        """
        labels = avec2019.read_traces(root / "labels")
        sets, slower = avec2019.feature_sets_of(root, labels)
        for sentence in slower:
            run.note(f"Left out, for its descriptors have a rate of their own: {sentence}")
        train, devel = (
            {recording: trace for recording, trace in labels.items() if avec2019.partition(recording) == partition}
            for partition in ("Train", "Devel")
        )
        if not devel:
            raise InputError(f"{root / 'labels'} has no recording of Devel, which is what is scored.")
        name_corpus(run, root, "AVEC 2019 CES", "SEWA", classes={})
        if sets and (not train or needed not in sets):
            raise InputError(
                f"{root} needs labels of Train and the feature set {FEATURE_SETS[needed]} beside those it has."
            )
        corpus = cls(root, sets, train, devel, {} if sets else _read_predictions(root, needed))
        corpus._describe(run)
        return corpus

    def items(self, sets: "Sequence[str]") -> "dict[str, Items]":
        """What a network of some feature sets is trained (Train) and scored (Devel) on, by partition."""
        from kerasemo.training.sequences import sequence_items

        features = {name: avec2019.read_features(self.root / FEATURE_SETS[name]) for name in sets}
        sides = {"train": self.train, "validation": self.devel}
        return {side: sequence_items(features, traces) for side, traces in sides.items()}

    def _describe(self, run: Run) -> None:
        if not self.sets:
            run.note(
                f"{self.root.name} has no features, so that no network is trained; {len(self.given)} saved predictions "
                "are fused, tables 2 and 3 lack the rows of the networks, and what was published is of other models."
            )
            return
        run.note(f"{len(self.train)} recordings train, {len(self.devel)} are scored; {len(self.sets)} feature sets.")
        if missing := [folder for name, folder in FEATURE_SETS.items() if name not in self.sets]:
            run.note(f"Feature sets that the corpus does not have: {', '.join(missing)}.")


def _read_predictions(root: Path, needed: str) -> dict[str, dict[str, np.ndarray]]:
    """The predictions of single models; what the organisers fused in-sample has seen the labels and stays out."""
    folders = [path for path in sorted((root / "predictions").glob("*")) if path.is_dir()]
    if not folders:
        raise InputError(f"{root} holds neither feature sets such as {FEATURE_SETS[needed]} nor predictions/<model>/.")
    return predictions.read([folder for folder in folders if folder.name != predictions.ORGANISERS_FUSION])
