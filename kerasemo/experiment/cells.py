"""Cells of a study (one network on one split with one seed), and their training."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from kerasemo.errors import InputError
from kerasemo.evaluation import protocols
from kerasemo.evaluation.protocols import Split
from kerasemo.experiment.corpora import Corpus
from kerasemo.experiment.options import MixedPrecision, Options
from kerasemo.features.network_input import NetworkInput
from kerasemo.training.missing import known
from kerasemo.training.run import Run

if TYPE_CHECKING:
    import keras
    import numpy as np

    from kerasemo.training.clips import Clips
    from kerasemo.training.items import Items
    from kerasemo.training.joint_model import JointModel
    from kerasemo.training.segments import Segments
    from kerasemo.weighting import Weighting

__all__ = [
    "FIXED_SUM",
    "WEIGHTING_RATE",
    "Cell",
    "NumberLoss",
    "Predictions",
    "Training",
    "cells_of",
    "joint_model",
    "note_held_out",
    "plan",
    "train_cell",
]

WEIGHTING_RATE = 1e-2
FIXED_SUM = ("softmax", "random")
"""Weightings whose weights have the same sum at every step."""
NumberLoss = Literal["ccc", "mse"]


@dataclass(frozen=True)
class Cell:
    """One network to train on one split.

    Attributes:
        network: key of the network.
        split: the rows of `items` for training, validation and test.
        items: the items that are split, one row each.
        seed: seed of the network; None: the seed of the run.
    """

    network: str
    split: Split
    items: pd.DataFrame
    seed: int | None = None

    @property
    def protocol(self) -> str:
        """The protocol: `paper` or `speaker`."""
        return self.split.name.split(".")[0]

    @property
    def model(self) -> str:
        """Name of the model in the run folder."""
        return ".".join([self.network, *([] if self.seed is None else [f"seed{self.seed}"]), self.split.name])

    def sides(self) -> dict[str, pd.DataFrame]:
        """Return the items of each partition that is not empty."""
        return {side: self.items.iloc[rows].reset_index(drop=True) for side, rows in self.split.partitions().items()}


def cells_of(
    run: Run,
    networks: Sequence[str],
    items: pd.DataFrame,
    splits: Sequence[Split],
    seeds: Sequence[int | None] = (None,),
    split_name: Callable[[Cell], str] = lambda cell: cell.split.name,
) -> list[Cell]:
    """Return a cell for every network, seed and split, and write the splits to the run folder.

    Args:
        run: the run folder.
        networks: keys of the networks.
        items: the items that are split: `clip`, and `audio_clip` if an item consists of two clips.
        splits: splits of the items.
        seeds: seeds of the networks; None is the seed of the run.
        split_name: gives the name under which the split of a cell is written.
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
    copies: int = 1,
) -> list[Cell]:
    """Return a cell for every network, seed and split of every protocol.

    Args:
        run, networks, seeds: as in `cells_of`.
        corpus: the corpus that is split; under `speaker`, its groups are held out, one fold at a time.
        options: options of the run.
        train, validation: shares of the items under `paper`, from 0 to 1, if its split is not published.
        copies: number of copies of each item under `paper`, which are split like different items.

    Returns:
        The cells.

    Raises:
        InputError: there are too few items or groups.
    """
    cells = []
    for protocol in options.protocols:
        items = pd.concat([corpus.table] * (copies if protocol == "paper" else 1), ignore_index=True)
        if protocol == "paper" and corpus.published:
            splits = [corpus.published]
        else:
            splits = protocols.splits(protocol, items["group"], corpus.folds, options.seed, train, validation)
        if validation and not all(len(split.validation) for split in splits):
            raise InputError(f"{len(corpus.table)} clips are not enough for training, validation and test.")
        cells += cells_of(run, networks, items, splits, seeds)
    note_held_out(run, cells)
    return cells


def note_held_out(run: Run, cells: Sequence[Cell]) -> None:
    """Note how many speakers are left for training if speakers are held out.

    Args:
        run: the run folder.
        cells: the cells of the study.
    """
    if held_out := [cell for cell in cells if cell.protocol == "speaker" and cell.split.less is None]:
        fewest = min(cell.items["speaker"].iloc[cell.split.train].nunique() for cell in held_out)
        n_speakers = held_out[0].items["speaker"].nunique()
        run.note(f"With speakers held out, networks are trained on at least {fewest} of {n_speakers} speakers.")


@dataclass(frozen=True)
class Training:
    """Everything that is needed to train a cell.

    Attributes:
        network: the functional network; its outputs are a dict.
        losses: name of an output -> its loss.
        optimizer: optimizer of the network.
        items: partition -> items, see `training.train`.
        batch_size: number of items per step.
        decisions: the outputs that predict a task, and the task of each, such as `{"emotion_audio": "emotion"}`:
            probabilities of its classes, or one value if the task is a number.
        inputs: how each input of the network is computed from a file.
        weighting: how the losses are combined; without effect for a single loss.
        weights: weights of the losses under `static`; None: each is 1.
        metrics: output -> further metrics; the decisions always have the accuracy, or CCC if the task is a number.
        description: further entries of the model's JSON file.
        patience: number of epochs without a lower validation loss after which training stops; None: it does not.
        epochs: number of epochs; None: that of the study.
        write_predictions: writes the predictions of a trained network that has no decisions.
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
    patience: int | None = None
    epochs: int | None = None
    write_predictions: "Callable[[keras.Model], None] | None" = None

    @classmethod
    def of_tasks(
        cls,
        network: "keras.Model",
        optimizer: "keras.optimizers.Optimizer",
        items: "Mapping[str, Items | Clips | Segments]",
        batch_size: int,
        number_loss: NumberLoss | None = None,
        decisions: Mapping[str, str] | None = None,
        **further,
    ) -> "Training":
        """Return the training of a network whose outputs predict tasks: classes have the cross-entropy as their loss.

        Args:
            network: an output with one value is a number, see `_in_units`.
            optimizer, items, batch_size: as in the attributes.
            number_loss: loss of numbers: `ccc` (1 - CCC over the items of a batch; default), or `mse` (mean square
                error).
            decisions: the task of each output; None: outputs are named after the tasks.
            **further: further attributes.
        """
        import keras

        from kerasemo.losses import CCCLoss

        def loss_of_number() -> keras.losses.Loss:
            return keras.losses.MeanSquaredError() if number_loss == "mse" else CCCLoss(scaled=True)

        network = _in_units(network, items["train"].targets)
        losses = {
            task: loss_of_number() if _is_number(output) else keras.losses.SparseCategoricalCrossentropy()
            for task, output in network.output.items()
        }
        named = {task: task for task in losses}
        return cls(network, losses, optimizer, items, batch_size, decisions or named, **further)


def _is_number(output: "keras.KerasTensor") -> bool:
    """Return whether an output of a network is a number, not the probabilities of classes."""
    return output.shape[-1] == 1


def _in_units(network: "keras.Model", targets: "Mapping[str, np.ndarray]") -> "keras.Model":
    """Return a network whose numbers have the unit of the labels.

    A linear head gives values around 0. They are multiplied by the standard deviation of the training labels, and their
    mean is added, so that the scale of the labels does not affect how fast the network learns.
    """
    import keras

    outputs = dict(network.output)
    for task, output in network.output.items():
        if _is_number(output):
            labels = targets[task][known(targets[task])]
            scale, offset = float(labels.std()) or 1.0, float(labels.mean())
            outputs[task] = keras.layers.Rescaling(scale, offset, name=f"{task}_in_units")(output)
    return keras.Model(network.input, outputs, name=network.name)


Predictions = Mapping[str, pd.DataFrame]
"""Partition -> predictions of a model that is not a network, in the format of `training.train.decisions`."""


def train_cell(
    build: Callable[[Run, Any, Options, Cell], Training | Predictions],
    epochs: int,
    own_rate: float | None,
    run_path: Path,
    corpus: Any,
    options: Options,
    cell: Cell,
) -> None:
    """Train one cell, unless it is already trained.

    Args:
        build: returns what to train; it is called after the random generators are seeded.
        epochs: number of epochs.
        own_rate: as in `joint_model`.
        run_path: path of the run folder.
        corpus: the corpus, as the script has read it.
        options: options of the run.
        cell: the cell to train.
    """
    from kerasemo.training import devices
    from kerasemo.training.reproducible import seed_everything

    run = Run(run_path)
    if not run.has_trained(cell.model):
        seed = options.seed if cell.seed is None else cell.seed
        devices.prepare(options.devices)
        seed_everything(seed)
        with devices.strategy(options.devices).scope():
            training = build(run, corpus, options, cell)
            if isinstance(training, Training):
                _train(run, cell, training, epochs, seed, own_rate, options.mixed_precision)
            else:
                for side, table in training.items():
                    run.write_table(table, "predictions", cell.model, f"{side}.csv")
    if options.tensorboard:
        from kerasemo.reporting.events import write_events

        write_events(run, cell.model, {**options.to_config(), "network": cell.network, "split": cell.split.name})


def _train(
    run: Run,
    cell: Cell,
    training: Training,
    epochs: int,
    seed: int,
    own_rate: float | None,
    mixed_precision: MixedPrecision | None,
) -> None:
    from kerasemo.training.precision import with_precision
    from kerasemo.training.train import train

    if mixed_precision:
        training = replace(training, network=with_precision(training.network, mixed_precision))

    train(
        run,
        cell.model,
        joint_model(training, cell.network, own_rate),
        training.items,
        decisions=training.decisions,
        inputs=training.inputs,
        epochs=training.epochs or epochs,
        batch_size=training.batch_size,
        seed=seed,
        patience=training.patience,
        description=training.description,
        write_predictions=training.write_predictions,
    )


def joint_model(training: Training, name: str, own_rate: float | None = WEIGHTING_RATE) -> "JointModel":
    """Return the compiled model of a network and its losses.

    Trainable task weights have their own Adam optimizer, because they would hardly change at the learning rate of most
    networks. Weights with a fixed sum have the same sum as the static weights, so that the steps of the network are not
    smaller than with static weights.

    Args:
        training: the network and its losses.
        name: name of the model.
        own_rate: learning rate of that Adam; None: the optimizer of the network trains the weights, as in chae2018.

    Returns:
        The model.
    """
    import keras

    from kerasemo.metrics import CCC
    from kerasemo.training.joint_model import JointModel

    weighting = _weighting(training)
    is_trained = own_rate is not None and weighting.trainable_variables
    model = JointModel(
        training.network.input,
        training.network.output,
        losses=training.losses,
        weighting=weighting,
        weighting_optimizer=keras.optimizers.Adam(own_rate) if is_trained else None,
        name=name,
    )
    outputs = training.network.output
    metrics = {name: [CCC() if _is_number(outputs[name]) else "accuracy"] for name in training.decisions}
    model.compile(training.optimizer, weighted_metrics=metrics | dict(training.metrics))
    return model


def _weighting(training: Training) -> "Weighting":
    """Return the weighting of the losses, with the settings that depend on them."""
    from keras.losses import MeanSquaredError

    from kerasemo.weighting import WEIGHTINGS, Static

    static = training.weights or dict.fromkeys(training.losses, 1.0)
    if training.weighting == "static" or len(static) == 1:
        return Static(static)
    settings = {}
    if training.weighting in FIXED_SUM:
        settings["total"] = sum(static.values())
    elif training.weighting == "uncertainty":
        settings["squared"] = [task for task, loss in training.losses.items() if isinstance(loss, MeanSquaredError)]
    return WEIGHTINGS[training.weighting](list(static), **settings)
