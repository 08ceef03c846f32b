"""The course of every experiment: read, check, plan, train in stages, rows, figures, export, tables."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import typer

from kerasemo.command_line import parameters, with_parameters
from kerasemo.evaluation import tables
from kerasemo.experiment.cells import FIXED_SUM, WEIGHTING_RATE, Cell, Predictions, Training, train_cell
from kerasemo.experiment.options import Options
from kerasemo.experiment.outcome import Outcome
from kerasemo.experiment.session import Paper, session
from kerasemo.training.grid import run_cells
from kerasemo.training.run import Run

Stage = tuple[str, list[Cell]]
"""What the progress bar says, and the cells to train, of which none needs another."""


def preferring(*networks: str) -> Callable[[Outcome], str]:
    """What proposes the model to export: the first of some networks, in order, or else the first that was trained."""

    def proposed(outcome: Outcome) -> str:
        preferred = (cell for network in networks for cell in outcome.cells if cell.network == network)
        return next(preferred, outcome.cells[0]).model

    return proposed


@dataclass(frozen=True)
class Study:
    """An experiment: what is its own, as functions; the course is `reproduce`.

    Attributes:
        paper: what is reproduced.
        options: the options of its command.
        epochs: of training, and under `--quick`.
        read: run, options -> what the other functions take as `corpus`. Whatever cannot work it says.
        networks: run, corpus, options -> stages; one is trained whole before the next is asked for, so that a student
            comes after its teacher, and a stage may follow from the scores of the one before.
        build: run, corpus, options, cell -> what to train; or, of a model that is no network, its predictions.
        rows: outcome -> rows of the results.
        figures: outcome, rows -> nothing; draws.
        proposed: outcome -> the name of the model to export, see `preferring`.
        tables: the order of the tables; of those that are not named, that of the rows.
        weighting_rate: the learning rate of trained task weights; None: they go with the network.
    """

    paper: Paper
    options: type[Options]
    epochs: tuple[int, int]
    read: Callable[[Run, Any], Any]
    networks: Callable[[Run, Any, Any], Iterator[Stage]]
    build: Callable[[Run, Any, Any, Cell], Training | Predictions]
    rows: Callable[[Outcome], Iterable[dict]]
    figures: Callable[[Outcome, Sequence[dict]], None]
    proposed: Callable[[Outcome], str | None] = preferring()
    tables: Sequence[str] = ()
    weighting_rate: float | None = WEIGHTING_RATE

    def main(self, description: str, arguments: Sequence[str] | None = None) -> None:
        """Run the command.

        Args:
            description: what `--help` says first.
            arguments: the command line; None: that of the process.
        """

        def command(context: typer.Context, **values: Any) -> None:
            given = {name for name in values if context.get_parameter_source(name).name == "COMMANDLINE"}
            with session(self.paper, self.options(**values), given) as (run, options):
                self.reproduce(run, options)

        app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="markdown")
        app.command(help=description)(with_parameters(command, parameters(self.options)))
        app(arguments, prog_name=sys.argv[0])

    def reproduce(self, run: Run, options: Options) -> None:
        """The whole paper, from the corpus to tables and figures."""
        from kerasemo.export import export_model

        corpus = self.read(run, options)
        cells = []
        for description, stage in self.networks(run, corpus, options):
            if not stage:
                continue
            run.logger().info("%d models to train.", len(stage))
            run_cells(self.trainer(run, corpus, options), stage, options.jobs, description, options.scheduler)
            cells += stage
        outcome = Outcome(run, options, corpus, cells)
        rows = list(self.rows(outcome))
        if self.tables:
            rows.sort(key=lambda row: self.tables.index(row["table"]))
        self.figures(outcome, rows)
        if model := self.proposed(outcome):
            folder = run.path / "saved_model" / model
            export_model(run.path, model, folder)
            run.logger().info("SavedModel: %s", folder)
        tables.write(rows, run.path, run.config["notice"], run.config["notes"])

    def trainer(self, run: Run, corpus: Any, options: Options) -> Callable[[Cell], None]:
        """What trains one cell in a process of its own; a plain value."""
        epochs = options.epochs or self.epochs[options.quick]
        return partial(train_cell, self.build, epochs, self.weighting_rate, run.path, corpus, options)


def note_weighting(run: Run, method: str, n_losses: int, rate: float | None = WEIGHTING_RATE) -> None:
    """Say how the losses are weighed, in one sentence."""
    if n_losses < 2:
        if method != "static":
            run.note("One loss alone has nothing to weigh: --weighting has no effect.")
        return
    sentence = f"The losses are weighed by: {method}"
    if method in FIXED_SUM:
        sentence += ", weights that add up to what static ones do"
    if method in ("softmax", "uncertainty", "liebel_korner", "gradnorm"):
        trained = f"an Adam of their own at {rate:g}" if rate else "the network's optimizer"
        sentence += f"; the weights are trained by {trained}"
    run.note(f"{sentence}.")
