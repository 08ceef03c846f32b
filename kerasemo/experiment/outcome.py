"""What a study has trained: the folds of each network, their scores, and the figures that all papers have."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from kerasemo.evaluation import tables
from kerasemo.experiment.cells import Cell
from kerasemo.experiment.options import Options
from kerasemo.reporting import charts, curves, figures
from kerasemo.training.run import Run


@dataclass(frozen=True)
class Folds:
    """The models of one network on the splits of one protocol.

    Attributes:
        run: the run.
        network: the network's key.
        protocol: `paper` or `speaker`.
        cells: of each fold.
    """

    run: Run
    network: str
    protocol: str
    cells: list[Cell]

    @property
    def models(self) -> list[str]:
        """Their names in the run folder."""
        return [cell.model for cell in self.cells]

    def each(self) -> "list[Folds]":
        """Every fold alone."""
        return [Folds(self.run, self.network, self.protocol, [cell]) for cell in self.cells]

    def score(
        self,
        table: str,
        row: str,
        partition: str = "test",
        *,
        metric: str = "accuracy",
        task: str = "emotion",
        output: str | None = None,
        published: float | None = None,
    ) -> dict:
        """A row of the results, see `tables.score_row`; `output` is that of the task's name where none is given."""
        return tables.score_row(
            self.run.path,
            self.protocol,
            self.models,
            table,
            row,
            partition,
            corpus=self.run.config["corpus"],
            metric=metric,
            published=published,
            task=task,
            output=output or task,
        )

    def mean(self, values: pd.DataFrame, table: str, row: str, metric: str, published: float | None = None) -> dict:
        """A row of the results: the mean of the column `value`, see `tables.mean_row`."""
        return tables.mean_row(
            values,
            self.network,
            table,
            row,
            protocol=self.protocol,
            metric=metric,
            corpus=self.run.config["corpus"],
            published=published,
        )

    def predictions(self, partition: str = "test", task: str = "emotion") -> pd.DataFrame:
        """What all folds say, see `tables.pooled_predictions`."""
        return tables.pooled_predictions(self.run.path, self.protocol, self.models, partition, task, task)

    def histories(self) -> list[pd.DataFrame]:
        """The history of each fold, a row an epoch."""
        return [pd.read_csv(self.run.file("history", f"{model}.csv")) for model in self.models]

    def mean_history(self) -> pd.DataFrame:
        """The mean of the folds, epoch by epoch."""
        return pd.concat(self.histories()).groupby("epoch", as_index=False).mean()


@dataclass(frozen=True)
class Outcome:
    """A study that is trained: what rows and figures are made of.

    Attributes:
        run: the run.
        options: of the run.
        corpus: what the script has read.
        cells: all that was trained, in the order of the plan.
    """

    run: Run
    options: Options
    corpus: Any
    cells: list[Cell]

    @cached_property
    def folds(self) -> list[Folds]:
        """The folds of each network, seed and kind of split, in the order of the plan."""
        groups: dict[tuple, list[Cell]] = {}
        for cell in self.cells:
            groups.setdefault((cell.network, cell.seed, cell.split.name.split(".fold")[0]), []).append(cell)
        return [Folds(self.run, network, cells[0].protocol, cells) for (network, *_), cells in groups.items()]

    def of(self, network: str, protocol: str) -> Folds:
        """The folds of one network under one protocol, of all seeds."""
        cells = [cell for cell in self.cells if (cell.network, cell.protocol) == (network, protocol)]
        return Folds(self.run, network, protocol, cells)

    def under(self, protocol: str) -> list[Folds]:
        """The folds of each network and seed under one protocol."""
        return [folds for folds in self.folds if folds.protocol == protocol]

    @property
    def notice(self) -> str | None:
        """What every figure must say."""
        return self.run.config["notice"]

    def save(self, figure: Figure, file: str, alt: str) -> None:
        """Write a figure into the run folder as `figures/<file>.png`; `alt`: what it shows, in words."""
        figures.save(figure, self.run.file("figures", f"{file}.png"), alt)

    def draw_scores(self, rows: Sequence[dict], table: str, file: str, title: str | None = None, alt=None) -> None:
        """A figure of the rows of one table, if there are any; `title`: where it is not the table's name."""
        shown = [{**row, "table": title or table} for row in rows if row["table"] == table]
        if shown:
            self.save(charts.scores(shown, title or table, self.notice), file, alt or title or table)

    def draw_confusion(self, folds: Folds, task: str, title: str, file: str) -> None:
        """The confusion matrix of a task."""
        table = folds.predictions(task=task)
        classes = self.run.config["classes"][task]
        self.save(charts.confusion(table[task], table["predicted"], classes, title, self.notice), file, title)

    def draw_losses(self, folds: Folds, losses: Mapping[str | None, str], title: str, file: str) -> None:
        """Losses and task weights per epoch, the folds laid over each other; `losses`: task (None: joint) -> name."""
        histories = folds.histories()
        panels = [curves.loss_panel(name, histories, task) for task, name in losses.items()]
        panels.append(curves.weight_panel("task weights", histories))
        self.save(curves.grid(panels, title, self.notice), file, title)

    def draw_weights(self, protocol: str, labels: Mapping[str, str]) -> None:
        """Task weights per epoch under one protocol, a panel a network (key -> label), a curve a task and seed."""
        histories = {network: [] for network in labels}
        for folds in self.under(protocol):
            histories[folds.network].append(folds.mean_history())
        panels = [curves.weight_panel(labels[network], found) for network, found in histories.items() if found]
        title = f"Task weights per epoch, {protocol} protocol"
        self.save(curves.grid(panels, title, self.notice), f"task_weights_{protocol}", title)
