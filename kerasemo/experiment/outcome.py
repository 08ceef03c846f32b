"""The models that a study has trained, by network and fold: scores, and the figures that all papers share."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from kerasemo.evaluation import tables
from kerasemo.experiment.cells import Cell
from kerasemo.experiment.options import Options
from kerasemo.reporting import charts, curves, figures
from kerasemo.training.run import Run

__all__ = ["DEVIATION", "Folds", "Outcome"]

DEVIATION = "standard deviation over seeds of {}"


@dataclass(frozen=True)
class Folds:
    """The models of one network on the splits of one protocol.

    Attributes:
        run: the run folder.
        network: key of the network.
        protocol: `paper` or `speaker`.
        cells: the cell of each fold.
    """

    run: Run
    network: str
    protocol: str
    cells: list[Cell]

    @property
    def models(self) -> list[str]:
        """Names of the models in the run folder."""
        return [cell.model for cell in self.cells]

    @property
    def less(self) -> float | None:
        """Share of the items for training if it was reduced on purpose, see `protocols.splits`."""
        return self.cells[0].split.less

    def each(self) -> "list[Folds]":
        """Return each fold as separate `Folds`."""
        return [Folds(self.run, self.network, self.protocol, [cell]) for cell in self.cells]

    def by_seed(self) -> "dict[int | None, Folds]":
        """Return the folds of each seed."""
        seeds = dict.fromkeys(cell.seed for cell in self.cells)
        return {seed: replace(self, cells=[cell for cell in self.cells if cell.seed == seed]) for seed in seeds}

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
        """Return a row of the results with a score, see `tables.score_row`.

        Args:
            table, row, partition, metric, task, published: as in `tables.score_row`.
            output: the output to score; None: the output with the name of the task.
        """
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
            seeds=[cell.seed for cell in self.cells],
        )

    def over_seeds(self, table: str, row: str, metric: str = "accuracy", task: str = "emotion") -> Iterator[dict]:
        """Yield a row with a score, the mean over the seeds, and if there are several, their standard deviation.

        Args:
            table, row, metric, task: as in `score`.
        """
        mean = self.score(table, row, metric=metric, task=task)
        yield mean
        if len(seeds := self.by_seed()) > 1:
            scores = [tables.score(folds.predictions(task=task), metric, task) for folds in seeds.values()]
            deviation = {"metric": DEVIATION.format(mean["metric"]), "measured": float(np.std(scores, ddof=1))}
            yield mean | deviation | {"low": None, "high": None, "n": len(scores)}

    def scores(self, table: str, row: str, task: str, averaged: bool = False) -> Iterator[dict]:
        """Yield the rows of each metric of a task: accuracy and UAR, or CCC and RMSE if the task is a number.

        Args:
            table, row, task: as in `over_seeds`.
            averaged: for classes, also give precision, recall and F1 with both kinds of means over the classes.
        """
        metrics = tables.METRICS | (tables.AVERAGED if averaged else {})
        if self.run.config["classes"][task] is None:
            metrics = tables.NUMERIC
        for metric in metrics:
            yield from self.over_seeds(table, row, metric, task)

    def mean(self, values: pd.DataFrame, table: str, row: str, metric: str, published: float | None = None) -> dict:
        """Return a row of the results with the mean of the column `value`, see `tables.mean_row`.

        Args:
            values: one row per item, with the columns `speaker` and `value`.
            table, row, metric, published: as in `tables.score_row`.
        """
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
        """Return the predictions of all folds, see `tables.pooled_predictions`.

        Args:
            partition: `train`, `validation` or `test`.
            task: the task, which is also the name of the output.
        """
        return tables.pooled_predictions(self.run.path, self.protocol, self.models, partition, task, task)

    def histories(self) -> list[pd.DataFrame]:
        """Return the history of each fold, with one row per epoch."""
        return [pd.read_csv(self.run.file("history", f"{model}.csv")) for model in self.models]

    def mean_history(self) -> pd.DataFrame:
        """Return the mean history of the folds, with one row per epoch."""
        return pd.concat(self.histories()).groupby("epoch", as_index=False).mean()


@dataclass(frozen=True)
class Outcome:
    """A trained study, from which rows and figures are created.

    Attributes:
        run: the run folder.
        options: options of the run.
        corpus: the corpus, as the script has read it.
        cells: all trained cells, in the order of the stages.
    """

    run: Run
    options: Options
    corpus: Any
    cells: list[Cell]

    @cached_property
    def folds(self) -> list[Folds]:
        """The folds of each network, seed and kind of split, in the order of `cells`."""
        groups: dict[tuple, list[Cell]] = {}
        for cell in self.cells:
            groups.setdefault((cell.network, cell.seed, cell.split.name.split(".fold")[0]), []).append(cell)
        return [Folds(self.run, network, cells[0].protocol, cells) for (network, *_), cells in groups.items()]

    def of(self, network: str, protocol: str) -> Folds:
        """Return the folds of one network under one protocol, for all seeds.

        Args:
            network: key of the network.
            protocol: `paper` or `speaker`.
        """
        cells = [cell for cell in self.cells if (cell.network, cell.protocol) == (network, protocol)]
        return Folds(self.run, network, protocol, cells)

    def under(self, protocol: str) -> list[Folds]:
        """Return the folds of each network, seed and kind of split under one protocol.

        Args:
            protocol: `paper` or `speaker`.
        """
        return [folds for folds in self.folds if folds.protocol == protocol]

    @property
    def notice(self) -> str | None:
        """The warning that every figure must show; None if there is none."""
        return self.run.config["notice"]

    def save(self, figure: Figure, file: str, alt: str) -> None:
        """Write a figure to the run folder as `figures/<file>.png`; `alt` describes it in words.

        Args:
            figure: the figure.
            file: its name, without `.png`.
            alt: what it shows, for those who cannot see it.
        """
        figures.save(figure, self.run.file("figures", f"{file}.png"), alt)

    def draw_scores(
        self, rows: Sequence[dict], table: str, file: str, title: str | None = None, alt=None, metric: str = ""
    ) -> None:
        """Draw and save the rows of one table.

        Args:
            rows: rows of the results; rows of other tables are ignored. Without rows, nothing is drawn.
            table: name of the table.
            file: name of the figure's file.
            title: title of the figure; None: the name of the table.
            alt: description of the figure; None: the title.
            metric: only rows whose metric begins with this are drawn.
        """
        selected = [row for row in rows if row["table"] == table and row["metric"].startswith(metric)]
        shown = [{**row, "table": title or table} for row in selected]
        if shown:
            self.save(charts.scores(shown, title or table, self.notice), file, alt or title or table)

    def draw_confusion(self, folds: Folds, task: str, title: str, file: str) -> None:
        """Draw and save the confusion matrix of a task.

        Args:
            folds: the models of one network under one protocol.
            task: the task, with classes.
            title: the figure's title.
            file: name of the file, without `.png`.
        """
        table = folds.predictions(task=task)
        classes = self.run.config["classes"][task]
        self.save(charts.confusion(table[task], table["predicted"], classes, title, self.notice), file, title)

    def draw_agreement(self, folds: Folds, task: str, title: str, file: str) -> None:
        """Draw and save true and predicted values of a task that is a number.

        Args:
            folds: the models of one network under one protocol.
            task: the task, a number.
            title: the figure's title.
            file: name of the file, without `.png`.
        """
        table = folds.predictions(task=task)
        self.save(charts.agreement(table[task], table["predicted"], title, self.notice), file, title)

    def draw_scores_of_tasks(self, rows: Sequence[dict]) -> None:
        """Draw and save the recalls or CCC of each task, if its table has the name of the task; see `Folds.scores`.

        Args:
            rows: the rows of the results.
        """
        for task, classes in self.corpus.classes.items():
            table = task.capitalize()
            if classes:
                title = f"Unweighted average recall of {task}"
                self.draw_scores(rows, table, f"recalls_{task}", title, metric="test UAR")
            else:
                self.draw_scores(rows, table, f"ccc_{task}", f"CCC of {task}", metric="test CCC")

    def draw_tasks(self, folds: Folds, tasks: Sequence[str], name: str, file: str) -> None:
        """Draw and save losses and weights of all tasks, the confusion of the first one with classes, and all numbers.

        Args:
            folds: the folds of one network.
            tasks: its tasks; the outputs have the same names.
            name: the network in the titles.
            file: end of the names of the figures' files.
        """
        self.draw_losses(folds, {task: task for task in tasks}, f"Losses and their weights, {name}", f"losses_{file}")
        for task in self._with_classes(tasks)[:1]:
            self.draw_confusion(folds, task, f"Confusion of {task}, {name}", f"confusion_{file}")
        for task in tasks:
            if self.corpus.classes[task] is None:
                self.draw_agreement(folds, task, f"True and predicted {task}, {name}", f"agreement_{task}_{file}")

    def draw_spectrograms(self, folds: Folds, tasks: Sequence[str], name: str, file: str) -> None:
        """Draw and save t-SNE and Grad-CAM maps for the test clips of the first fold, and the first task with classes.

        Args:
            folds: the folds of a network on segments of sound, see `models.from_waveform`.
            tasks, name, file: as in `draw_tasks`.
        """
        from kerasemo.reporting import spectrogram_sight
        from kerasemo.training.segments import Segments

        cell = folds.cells[0]
        network = self.run.path / "checkpoints" / f"{cell.model}.keras"
        name = name if len(folds.cells) == 1 else f"{name}, first fold"
        for task in self._with_classes(tasks)[:1]:
            segments = self.corpus.clips_of_rows(Segments.of_clips, cell.split.test, [task])
            settings = (self.corpus.classes[task], name, self.options.seed, self.notice)
            for kind, title, figure in spectrogram_sight.figures(network, segments, task, *settings):
                self.save(figure, f"{kind}_{file}", title)

    def _with_classes(self, tasks: Sequence[str]) -> list[str]:
        return [task for task in tasks if self.corpus.classes[task] is not None]

    def draw_losses(self, folds: Folds, losses: Mapping[str | None, str], title: str, file: str) -> None:
        """Draw and save losses and task weights over the epochs, with one curve per fold.

        Args:
            folds: the folds of one network.
            losses: task (None: the joint loss) -> title of its panel.
            title: title of the figure.
            file: name of the figure's file.
        """
        histories = folds.histories()
        panels = [curves.loss_panel(name, histories, task) for task, name in losses.items()]
        panels.append(curves.weight_panel("task weights", histories))
        self.save(curves.grid(panels, title, self.notice), file, title)

    def draw_weights(self, protocol: str, labels: Mapping[str, str]) -> None:
        """Draw and save task weights over the epochs under one protocol, with one curve per task and seed.

        Args:
            protocol: `paper` or `speaker`.
            labels: key of a network -> title of its panel.
        """
        histories = {network: [] for network in labels}
        for folds in self.under(protocol):
            histories[folds.network].append(folds.mean_history())
        panels = [curves.weight_panel(labels[network], drawn) for network, drawn in histories.items() if drawn]
        title = f"Task weights per epoch, {protocol} protocol"
        self.save(curves.grid(panels, title, self.notice), f"task_weights_{protocol}", title)
