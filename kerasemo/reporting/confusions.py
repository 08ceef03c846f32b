"""Confusion matrices as tables of the report page, and the clips in each of their cells."""

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from kerasemo.evaluation.scores import KEYS
from kerasemo.reporting.decisions import Decisions
from kerasemo.reporting.results import PROTOCOLS
from kerasemo.reporting.run_folder import RunFolder, is_main

__all__ = ["CLIPS_PER_CELL", "Clip", "Confusion", "ConfusionCell", "confusions"]

CLIPS_PER_CELL = 15


@dataclass(frozen=True)
class Clip:
    """A prediction.

    Attributes:
        name: name of the clip.
        speaker: its speaker.
        probabilities: the predicted probability of each class, in order; empty: they were not saved.
    """

    name: str
    speaker: str
    probabilities: list[float]


@dataclass(frozen=True)
class ConfusionCell:
    """A cell of a confusion matrix.

    Attributes:
        label: the true class.
        predicted: the predicted class.
        count: number of predictions.
        share: their share of the predictions of the true class, 0 to 1.
        clips: those of which the network is most certain, the most certain first, at most `CLIPS_PER_CELL`.
    """

    label: str
    predicted: str
    count: int
    share: float
    clips: list[Clip]


@dataclass(frozen=True)
class Confusion:
    """A confusion matrix.

    Attributes:
        network: the network, with its variation if there is one, and its output.
        protocol: the protocol, in words.
        task: what is predicted.
        classes: the classes, in order.
        rows: for each true class, its cells, in the order of the classes.
    """

    network: str
    protocol: str
    task: str
    classes: list[str]
    rows: list[list[ConfusionCell]]

    @property
    def n(self) -> int:
        """The number of predictions."""
        return sum(cell.count for row in self.rows for cell in row)

    @property
    def cells(self) -> Iterator[ConfusionCell]:
        """The cells with predictions: first those of wrong ones."""
        filled = [cell for row in self.rows for cell in row if cell.count]
        return iter(sorted(filled, key=lambda cell: cell.label == cell.predicted))


def confusions(folder: RunFolder) -> list[Confusion]:
    """Return the confusion matrix of each main model and task; if there are only variations, of all models.

    Args:
        folder: the run.
    """
    decided = [each for each in folder.predictions if each.classes]
    return [_confusion(each) for each in [each for each in decided if is_main(each.model)] or decided]


def _confusion(decisions: Decisions) -> Confusion:
    words = [word for word in decisions.model.split(".") if word not in PROTOCOLS]  # the network and its variation
    groups = dict(list(decisions.table.groupby(["label", "predicted"])))
    sizes = decisions.table["label"].value_counts()
    nothing = decisions.table.head(0)
    return Confusion(
        " ".join([*words, *([decisions.output] if decisions.output else [])]).replace("_", " "),
        decisions.protocol,
        decisions.task,
        list(decisions.classes),
        [
            [_cell(true, name, groups.get((true, name), nothing), sizes.get(true, 0)) for name in decisions.classes]
            for true in decisions.classes
        ],
    )


def _cell(label: str, predicted: str, rows: pd.DataFrame, size: int) -> ConfusionCell:
    if predicted in rows:
        rows = rows.sort_values(predicted, ascending=False, kind="stable")
    n, rows = len(rows), rows.head(CLIPS_PER_CELL)
    probabilities = rows.drop(columns=[*KEYS, "label", "predicted"]).to_numpy(float).tolist()
    clips = [Clip(*values) for values in zip(rows["clip"], rows["speaker"], probabilities, strict=True)]
    return ConfusionCell(label, predicted, n, n / size if size else 0.0, clips)
