"""The steps of every experiment: read the corpus, train in stages, create rows and figures, export, write tables."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import typer

from kerasemo import files
from kerasemo.command_line import parameters, with_parameters
from kerasemo.evaluation import tables
from kerasemo.experiment.cells import FIXED_SUM, WEIGHTING_RATE, Cell, Predictions, Training, train_cell
from kerasemo.experiment.options import Options
from kerasemo.experiment.outcome import Outcome
from kerasemo.experiment.session import Paper, session
from kerasemo.training.grid import run_cells
from kerasemo.training.run import MODEL_CARD, Run

__all__ = ["Stage", "Study", "note_weighting", "preferring"]

Stage = tuple[str, list[Cell]]
"""Text of the progress bar, and cells that can be trained independently of each other."""


def preferring(*networks: str) -> Callable[[Outcome], str]:
    """Return a function that chooses the model to export: the first trained one of `networks`.

    Args:
        *networks: keys of networks, the preferred one first. If none is trained, the first trained model is chosen.

    Returns:
        A function for the field `proposed` of `Study`.
    """

    def proposed(outcome: Outcome) -> str:
        preferred = (cell for network in networks for cell in outcome.cells if cell.network == network)
        return next(preferred, outcome.cells[0]).model

    return proposed


@dataclass(frozen=True)
class Study:
    """An experiment, defined by functions; `reproduce` calls them in a fixed order.

    Attributes:
        paper: the paper that is reproduced.
        options: class of the command's options.
        epochs: number of training epochs, and the number under `--quick`.
        read: run, options -> corpus, which is passed to the other functions. Raises an error if the options and the
            corpus do not fit the experiment.
        networks: run, corpus, options -> stages. Each stage is trained completely before the next one is requested, so
            that students can be trained after their teachers, and a stage may depend on the scores of earlier stages.
        build: run, corpus, options, cell -> what to train; for a model that is not a network, its predictions.
        rows: outcome -> rows of the results.
        figures: outcome, rows -> None; draws and saves the figures.
        proposed: outcome -> name of the model to export, see `preferring`; None: no export.
        tables: names of all tables in order; if empty, tables are in the order of the rows.
        weighting_rate: learning rate of trainable task weights; None: the network's optimizer trains them.
        card: outcome, rows -> the model card of the exported model, in Markdown; None: it has none.
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
    card: Callable[[Outcome, Sequence[dict]], str] | None = None

    def app(self, description: str) -> typer.Typer:
        """Return the command.

        Args:
            description: the text at the beginning of `--help`.
        """

        def command(context: typer.Context, **values: Any) -> None:
            self.run(self.options(**values), context)

        app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="markdown")
        app.command(help=description)(with_parameters(command, parameters(self.options)))
        return app

    def main(self, description: str, arguments: Sequence[str] | None = None) -> None:
        """Run the command.

        Args:
            description: the text at the beginning of `--help`.
            arguments: the command-line arguments; None: those of the process.
        """
        self.app(description)(arguments, prog_name=sys.argv[0])

    def run(self, options: Options, context: typer.Context) -> None:
        """Start or resume a run, with the options of a command.

        Args:
            options: the options.
            context: the context of the command, which knows which options were given.
        """
        given = {name for name in context.params if context.get_parameter_source(name).name == "COMMANDLINE"}
        command = [sys.argv[0], *([context.info_name] if context.parent else [])]
        every = context.command.get_params(context)
        arguments = [each.name.upper() for each in every if each.param_type_name == "argument"]
        with session(self.paper, options, given, command, arguments) as (run, resumed):
            self.reproduce(run, resumed)

    def reproduce(self, run: Run, options: Options) -> None:
        """Run all steps, from the corpus to tables and figures.

        Args:
            run: the run folder.
            options: options of the run.
        """
        from kerasemo.export import PREPROCESSING, export_model

        _note_devices(run, options)
        corpus = self.read(run, options)
        cells = []
        for description, stage in self.networks(run, corpus, options):
            if not stage:
                continue
            run.logger().info("Models to train: %d.", len(stage))
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
            if self.card:
                card = self.card(outcome, rows)
                for place in (run.path, folder / PREPROCESSING.parent):
                    with files.whole(place / MODEL_CARD) as temporary:
                        temporary.write_text(card, encoding="utf-8")
            run.configure(exported=model.split(".")[0])
            run.logger().info("SavedModel: %s", folder)
        tables.write(rows, run.path, run.config["notice"], run.config["notes"])

    def trainer(self, run: Run, corpus: Any, options: Options) -> Callable[[Cell], None]:
        """Return a function that trains one cell; it can be sent to another process.

        Args:
            run: the run folder.
            corpus: the corpus that `read` returned.
            options: options of the run.
        """
        epochs = options.epochs or self.epochs[options.quick]
        return partial(train_cell, self.build, epochs, self.weighting_rate, run.path, corpus, options)


def _note_devices(run: Run, options: Options) -> None:
    """Note whether networks are trained in mixed precision, or on several devices, and prepare the devices."""
    if options.mixed_precision:
        run.note(f"Networks are trained in mixed precision, {options.mixed_precision}.")
    if options.devices > 1:
        from kerasemo.training import devices

        devices.prepare(options.devices)
        run.note(f"Each network is trained on {options.devices} devices.")


def note_weighting(run: Run, method: str, n_losses: int, rate: float | None = WEIGHTING_RATE) -> None:
    """Note how the losses are weighted, in one sentence.

    Args:
        run: the run folder.
        method: name of the weighting.
        n_losses: number of losses.
        rate: learning rate of trainable task weights; None: the network's optimizer trains them.
    """
    if n_losses < 2:
        if method != "static":
            run.note("There is only one loss, so --weighting has no effect.")
        return
    sentence = f"Weighting of the losses: {method}"
    if method in FIXED_SUM:
        sentence += "; the weights have the same sum as static weights"
    if method in ("softmax", "uncertainty", "liebel_korner", "gradnorm"):
        optimizer = f"a separate Adam optimizer with learning rate {rate:g}" if rate else "the network's optimizer"
        sentence += f"; the weights are trained by {optimizer}"
    run.note(f"{sentence}.")
