"""Every way to weigh task losses, side by side on one network, one corpus and several seeds.

The network is small, so that the comparison ends: two dense layers, shared by all tasks, on the 40 MFCCs of a recording
averaged over time, and one more for each task: emotion, gender and intensity of RAVDESS speech. All weightings start
from the same network, see the same batches and take the same number of steps. Weights that are trained have an Adam of
their own, ten times as fast as the network's: at its rate they would hardly move in so few steps.

Of each task the table has the unweighted average recall, of all three their mean, and the mean rank of a weighting by
that mean over the seeds (1 is best), under a random split of recordings and with speakers held out.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, get_args

import numpy as np
import pandas as pd
import typer

from kerasemo import experiment
from kerasemo.corpora import ravdess
from kerasemo.corpora.synthetic import write_ravdess
from kerasemo.errors import InputError
from kerasemo.evaluation import protocols, tables
from kerasemo.evaluation.protocols import Split
from kerasemo.evaluation.scores import unweighted_average_recall
from kerasemo.experiment import Debug, Epochs, Jobs, MaxBad, Out, Protocol, Quick, Resume, Root, Scheduler, Seed
from kerasemo.features.mfcc import Mfcc
from kerasemo.features.network_input import NetworkInput
from kerasemo.reporting import charts, curves, figures
from kerasemo.training.grid import run_cells
from kerasemo.training.items import Items, read_items
from kerasemo.training.run import Run

KEY = "weightings"
TITLE = "Weightings of task losses compared"
CITATION = "no paper: one network, one corpus, all weightings of kerasemo"

EPOCHS, QUICK_EPOCHS = 40, 10
BATCH_SIZE, LEARNING_RATE, WEIGHTING_RATE = 32, 1e-3, 1e-2
UNITS = (256, 128)
TRAIN = 0.8
SYNTHETIC = {"channels": ["speech"], "modalities": ["audio"], "clips_per_emotion": 2}
QUICK = {"actors": range(1, 5)}
TASKS = ("emotion", "gender", "intensity")
WEIGHTINGS = get_args(get_args(experiment.Weighting)[0])
TABLE, MEAN = "Weightings", "mean test UAR of the tasks"

Seeds = Annotated[int, typer.Option(min=1, help="How many seeds, from --seed on.")]

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


@app.command(help=__doc__)
def main(
    context: typer.Context,
    jobs: Jobs,
    root: Root = None,
    protocol: Protocol = "both",
    seed: Seed = 0,
    seeds: Seeds = 5,
    epochs: Epochs = None,
    quick: Quick = False,
    max_bad: MaxBad = 0.05,
    scheduler: Scheduler = None,
    out: Out = Path("runs"),
    resume: Resume = None,
    debug: Debug = False,
) -> None:
    with experiment.session(context, KEY, TITLE, CITATION) as run:
        compare(run, SimpleNamespace(**run.config["options"]))


def compare(run: Run, options: SimpleNamespace) -> None:
    """From the corpus to the table and the figures."""
    data = read_data(run, options)
    cells = plan(run, data, options)
    run.logger().info("%d networks to train.", len(cells))
    run_cells(partial(train_cell, run.path, data, options), cells, options.jobs, "Training", options.scheduler)
    results = list(score(run, cells))
    draw(run, results, cells)
    experiment.export_to_run(run, cells[0].model)
    tables.write(results, run.path, run.config["notice"], run.config["notes"])


@dataclass(frozen=True)
class Data:
    """A corpus in memory.

    Attributes:
        table: a row a recording: `clip, speaker` and the class number of each task.
        audio: `recordings x 40`.
        input: how that is made of a file.
        classes: names of the classes of each task, in the order of their numbers.
    """

    table: pd.DataFrame
    audio: np.ndarray
    input: NetworkInput
    classes: dict[str, list[str]]


@dataclass(frozen=True)
class Cell:
    """One network to train: a weighting, a seed and a split."""

    weighting: str
    seed: int
    protocol: str
    split: Split

    @property
    def model(self) -> str:
        return f"{self.weighting}.seed{self.seed}.{self.split.name}"


def read_data(run: Run, options: SimpleNamespace) -> Data:
    """The user's corpus, or the synthetic one."""
    size = SYNTHETIC | (QUICK if options.quick else {})
    root = Path(options.root or experiment.synthetic_root(KEY, write_ravdess, options, **size))
    manifest = ravdess.read(root)
    manifest = manifest[manifest["channel"] == "speech"].reset_index(drop=True)
    if options.protocol != "paper":
        protocols.speaker_splits(manifest["speaker"], ravdess.folds(), options.seed)  # too few actors: said at once
    experiment.name_corpus(run, root, "RAVDESS")
    made = NetworkInput(Mfcc())
    table, arrays, set_aside = read_items(manifest, root, {"audio": made}, jobs=options.jobs, max_bad=options.max_bad)
    classes = {task: sorted(set(table[task])) for task in TASKS}
    if lone := [task for task in TASKS if len(classes[task]) < 2]:
        raise InputError(f"of {', '.join(lone)} the corpus has one class; every task needs two.")
    run.configure(classes=classes)
    experiment.set_aside(run, set_aside)
    run.note(f"{len(table)} recordings of {table['speaker'].nunique()} actors, {options.seeds} seeds.")
    numbers = {task: table[task].map(classes[task].index) for task in TASKS}
    return Data(table[["clip", "speaker"]].assign(**numbers), arrays["audio"], made, classes)


def plan(run: Run, data: Data, options: SimpleNamespace) -> list[Cell]:
    """Every weighting and seed on every split; the splits follow from the first seed alone."""
    cells = []
    for protocol in experiment.chosen_protocols(options):
        splits = protocols.splits(protocol, data.table["speaker"], ravdess.folds(), options.seed, TRAIN)
        for split in splits:
            run.write_split(split.sides(data.table), split.name)
            for seed in range(options.seed, options.seed + options.seeds):
                cells += [Cell(weighting, seed, protocol, split) for weighting in WEIGHTINGS]
    return cells


def train_cell(run_path: Path, data: Data, options: SimpleNamespace, cell: Cell) -> None:
    """Train one network; what is trained already stays."""
    import keras

    from kerasemo.training.joint_model import JointModel
    from kerasemo.training.reproducible import seed_everything
    from kerasemo.training.train import train
    from kerasemo.weighting import WEIGHTINGS

    run = Run(run_path)
    if run.has_trained(cell.model):
        return
    seed_everything(cell.seed)
    audio = keras.Input(data.audio.shape[1:], name="audio")
    x = keras.layers.Normalization(name="standardised")(audio)
    for number, units in enumerate(UNITS, start=1):
        x = keras.layers.Dense(units, activation="relu", name=f"dense_{number}")(x)
    outputs = {task: keras.layers.Dense(len(data.classes[task]), activation="softmax", name=task)(x) for task in TASKS}
    losses = {task: keras.losses.SparseCategoricalCrossentropy() for task in TASKS}
    weighting = WEIGHTINGS[cell.weighting](TASKS)
    model = JointModel(
        {"audio": audio},
        outputs,
        losses=losses,
        weighting=weighting,
        weighting_optimizer=keras.optimizers.Adam(WEIGHTING_RATE) if weighting.trainable_variables else None,
        name=cell.weighting,
    )
    model.compile(keras.optimizers.Adam(LEARNING_RATE), weighted_metrics={task: ["accuracy"] for task in TASKS})
    items = {
        side: Items(
            {"audio": data.audio[rows]},
            {task: data.table[task].to_numpy()[rows] for task in TASKS},
            data.table.iloc[rows].reset_index(drop=True),
        )
        for side, rows in cell.split.partitions().items()
    }
    train(
        run,
        cell.model,
        model,
        items,
        classes=data.classes,
        inputs={"audio": data.input},
        epochs=options.epochs or (QUICK_EPOCHS if options.quick else EPOCHS),
        batch_size=BATCH_SIZE,
        seed=cell.seed,
        tasks={task: task for task in TASKS},
    )


def grouped(cells: list[Cell]) -> dict[tuple[str, str], dict[int, list[str]]]:
    """By weighting and protocol: the models of each seed, a list of folds."""
    groups = {}
    for cell in sorted(cells, key=lambda cell: WEIGHTINGS.index(cell.weighting)):
        groups.setdefault((cell.weighting, cell.protocol), {}).setdefault(cell.seed, []).append(cell.model)
    return groups


def score(run: Run, cells: list[Cell]) -> Iterator[dict]:
    """The rows of the table, weighting by weighting: recalls over all seeds, their mean, and the mean rank."""
    groups = grouped(cells)
    recalls = pd.DataFrame(
        {"weighting": weighting, "protocol": protocol, "seed": seed, "recall": mean_recall(run, protocol, models)}
        for (weighting, protocol), seeds in groups.items()
        for seed, models in seeds.items()
    )
    recalls["rank"] = recalls.groupby(["protocol", "seed"])["recall"].rank(ascending=False)
    for (weighting, protocol), seeds in groups.items():
        models = [model for of_seed in seeds.values() for model in of_seed]
        corpus = run.config["corpus"]
        for task in TASKS:
            named = {"corpus": corpus, "metric": "UAR", "task": task, "output": task}
            yield tables.score_row(run.path, protocol, models, TABLE, weighting, "test", **named)
        of_group = recalls[(recalls["weighting"] == weighting) & (recalls["protocol"] == protocol)]
        for metric, column in ((MEAN, "recall"), ("mean rank over seeds", "rank")):
            # Whole seeds are drawn: what differs between them is the start and the order of the clips.
            values = of_group.rename(columns={column: "value", "seed": "speaker"})
            yield tables.mean_row(values, weighting, TABLE, weighting, protocol=protocol, metric=metric, corpus=corpus)


def mean_recall(run: Run, protocol: str, models: list[str]) -> float:
    """The unweighted average recall of one seed's networks, its mean over the tasks."""
    predictions = {task: tables.pooled_predictions(run.path, protocol, models, "test", task, task) for task in TASKS}
    return float(np.mean([unweighted_average_recall(p[task], p["predicted"]) for task, p in predictions.items()]))


def draw(run: Run, results: list[dict], cells: list[Cell]) -> None:
    """The mean recalls, and the weights per epoch, a curve a task and seed, the folds averaged."""
    notice = run.config["notice"]
    means = [{**row, "table": MEAN} for row in results if row["metric"] == MEAN]
    figures.save(charts.scores(means, MEAN, notice), run.file("figures", "recalls.png"), MEAN)
    groups = grouped(cells)
    for protocol in dict.fromkeys(protocol for _, protocol in groups):
        panels = [
            curves.weight_panel(weighting, [mean_history(run, models) for models in seeds.values()])
            for (weighting, of), seeds in groups.items()
            if of == protocol
        ]
        title = f"Task weights per epoch, {protocol} protocol"
        figures.save(curves.grid(panels, title, notice), run.file("figures", f"task_weights_{protocol}.png"), title)


def mean_history(run: Run, models: list[str]) -> pd.DataFrame:
    """The mean of the folds, epoch by epoch."""
    histories = [pd.read_csv(run.file("history", f"{model}.csv")) for model in models]
    return pd.concat(histories).groupby("epoch", as_index=False).mean()


if __name__ == "__main__":
    app()
