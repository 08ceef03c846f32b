"""Cells of a study: one network, one split, one seed; and how each is trained."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from kerasemo.errors import InputError
from kerasemo.evaluation import protocols
from kerasemo.evaluation.protocols import Split
from kerasemo.experiment.corpora import Corpus
from kerasemo.experiment.options import Options
from kerasemo.features.network_input import NetworkInput
from kerasemo.training.run import Run

if TYPE_CHECKING:
    import keras

    from kerasemo.training.clips import Clips
    from kerasemo.training.items import Items
    from kerasemo.training.joint_model import JointModel
    from kerasemo.training.segments import Segments

WEIGHTING_RATE = 1e-2
FIXED_SUM = ("softmax", "random")
"""Weightings whose weights add up to the same number at every step."""


@dataclass(frozen=True)
class Cell:
    """One network to train on one split.

    Attributes:
        network: its key.
        split: the rows of `items` that train, validate and test it.
        items: what is split, a row an item.
        seed: where it is not the run's.
    """

    network: str
    split: Split
    items: pd.DataFrame
    seed: int | None = None

    @property
    def protocol(self) -> str:
        """`paper` or `speaker`."""
        return self.split.name.split(".")[0]

    @property
    def model(self) -> str:
        """Its name in the run folder."""
        return ".".join([self.network, *([] if self.seed is None else [f"seed{self.seed}"]), self.split.name])

    def sides(self) -> dict[str, pd.DataFrame]:
        """The items of each partition that is not empty."""
        return {side: self.items.iloc[rows].reset_index(drop=True) for side, rows in self.split.partitions().items()}


def cells_of(
    run: Run,
    networks: Sequence[str],
    items: pd.DataFrame,
    splits: Sequence[Split],
    seeds: Sequence[int | None] = (None,),
    split_name: Callable[[Cell], str] = lambda cell: cell.split.name,
) -> list[Cell]:
    """Every network and seed on every split of some items; the splits are written into the run folder.

    Args:
        run: the run.
        networks: their keys.
        items: what is split; `clip`, and `audio_clip` where an item is of two clips.
        splits: of the items.
        seeds: None: the run's.
        split_name: what to call a cell's split there.
    """
    cells = [Cell(network, split, items, seed) for split in splits for seed in seeds for network in networks]
    written = {split_name(cell): cell.split for cell in cells}
    for name, split in written.items():
        run.write_split(split.sides(items, ["clip", "audio_clip"]), name)
    return cells


def plan(
    run: Run,
    networks: Sequence[str],
    corpus: Corpus,
    options: Options,
    train: float,
    validation: float = 0.0,
    seeds: Sequence[int | None] = (None,),
) -> list[Cell]:
    """Every network and seed on every split of every protocol.

    Args:
        run, networks, seeds: as in `cells_of`.
        corpus: what is split; under `speaker` its groups are held out, a fold at a time.
        options: of the run.
        train, validation: shares of the items under `paper`.

    Raises:
        InputError: there are too few items, or groups.
    """
    cells = []
    for protocol in options.protocols:
        splits = protocols.splits(protocol, corpus.table["group"], corpus.folds, options.seed, train, validation)
        if validation and not all(len(split.validation) for split in splits):
            raise InputError(f"{len(corpus.table)} clips are too few to train, validate and test on.")
        cells += cells_of(run, networks, corpus.table, splits, seeds)
    return cells


@dataclass(frozen=True)
class Training:
    """What a cell trains.

    Attributes:
        network: the functional network; its outputs are a dict.
        losses: of each task, by the name of its output.
        optimizer: of the network.
        items: by partition, as `training.train` takes them.
        batch_size: items a step.
        decisions: the outputs that give probabilities, and what each decides, such as `{"emotion_audio": "emotion"}`.
        inputs: how each input is made of a file.
        weighting: how the losses become one; a single loss has nothing to weigh.
        weights: of the losses under `static`; None: each 1.
        metrics: by output, beside the accuracy of the decisions.
        description: what else travels with the network.
        write_predictions: for networks that decide nothing: writes what a trained one says.
    """

    network: "keras.Model"
    losses: "Mapping[str, keras.losses.Loss]"
    optimizer: "keras.optimizers.Optimizer"
    items: "Mapping[str, Items | Clips | Segments]"
    batch_size: int
    decisions: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, NetworkInput] = field(default_factory=dict)
    weighting: str = "static"
    weights: Mapping[str, float] | None = None
    metrics: Mapping[str, list] = field(default_factory=dict)
    description: Mapping[str, Any] = field(default_factory=dict)
    write_predictions: "Callable[[JointModel], None] | None" = None


Predictions = Mapping[str, pd.DataFrame]
"""What a model that is no network says, by partition, as `training.train.decisions` gives it."""


def train_cell(
    build: Callable[[Run, Any, Options, Cell], Training | Predictions],
    epochs: int,
    own_rate: float | None,
    run_path: Path,
    corpus: Any,
    options: Options,
    cell: Cell,
) -> None:
    """Train one cell; what is trained already stays.

    Args:
        build: gives what to train; called when all is seeded.
        epochs: of training.
        own_rate: the learning rate of trained task weights; None: they go with the network.
        run_path: the run folder.
        corpus: what the script has read.
        options: of the run.
        cell: what to train.
    """
    from kerasemo.training.reproducible import seed_everything

    run = Run(run_path)
    if run.has_trained(cell.model):
        return
    seed = options.seed if cell.seed is None else cell.seed
    seed_everything(seed)
    training = build(run, corpus, options, cell)
    if isinstance(training, Training):
        _train(run, cell, training, epochs, seed, own_rate)
        return
    for side, table in training.items():
        run.write_table(table, "predictions", cell.model, f"{side}.csv")


def _train(run: Run, cell: Cell, training: Training, epochs: int, seed: int, own_rate: float | None) -> None:
    from kerasemo.training.train import train

    train(
        run,
        cell.model,
        joint_model(training, cell.network, own_rate),
        training.items,
        decisions=training.decisions,
        inputs=training.inputs,
        epochs=epochs,
        batch_size=training.batch_size,
        seed=seed,
        description=training.description,
        write_predictions=training.write_predictions,
    )


def joint_model(training: Training, name: str, own_rate: float | None = WEIGHTING_RATE) -> "JointModel":
    """The compiled model of a network and its losses.

    Weights that are trained have an Adam of their own: at the rate of most networks they would hardly move. Weights
    with a fixed sum have that of the static ones, so that no weighting trains the network at a smaller step than them.

    Args:
        training: the network and its losses.
        name: of the model.
        own_rate: the rate of that Adam; None: the network's optimizer trains the weights, as chae2018 does.
    """
    import keras

    from kerasemo.training.joint_model import JointModel
    from kerasemo.weighting import WEIGHTINGS, Static

    static = training.weights or dict.fromkeys(training.losses, 1.0)
    if training.weighting == "static" or len(static) == 1:
        weighting = Static(static)
    else:
        total = {"total": sum(static.values())} if training.weighting in FIXED_SUM else {}
        weighting = WEIGHTINGS[training.weighting](list(static), **total)
    is_trained = own_rate is not None and weighting.trainable_variables
    model = JointModel(
        training.network.input,
        training.network.output,
        losses=training.losses,
        weighting=weighting,
        weighting_optimizer=keras.optimizers.Adam(own_rate) if is_trained else None,
        name=name,
    )
    metrics = {output: ["accuracy"] for output in training.decisions} | dict(training.metrics)
    model.compile(training.optimizer, weighted_metrics=metrics)
    return model
