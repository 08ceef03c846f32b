"""Networks that predict traces from feature sets: what they are, and how they are trained."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from kerasemo.corpora.avec2019 import FEATURE_SETS, TARGETS
from kerasemo.experiment.cells import Training
from kerasemo.experiment.traces import TraceScores

if TYPE_CHECKING:
    import keras

__all__ = ["TraceCell", "trace_training"]


@dataclass(frozen=True)
class TraceCell:
    """A network to train on Train, and to score on Devel.

    Attributes:
        model: name of the model in the run folder.
        sets: its feature sets, see `avec2019.FEATURE_SETS`.
        factors: factors of the losses of `TARGETS` under static weighting; a head without a loss has the factor 0.
        seed: seed of the network; None: the seed of the run.
        weighting: method that weights the losses.
        loss: the loss of each target.
        network: key of the network.
    """

    model: str
    sets: tuple[str, ...]
    factors: tuple[float, float, float]
    seed: int | None = None
    weighting: str = "static"
    loss: Literal["ccc", "mse"] = "ccc"
    network: str = "lstm_regressor"


def trace_training(
    scores: TraceScores,
    cell: TraceCell,
    network: "Callable[[dict[str, int]], keras.Model]",
    optimizer: "keras.Optimizer",
    batch_size: int,
    per_recording: bool,
) -> Training:
    """Return the training of a cell.

    Args:
        scores: corpus, and where predictions are written.
        cell: the network to train.
        network: feature set -> number of features, to a network with the outputs `TARGETS`.
        optimizer: the optimizer.
        batch_size: recordings per batch.
        per_recording: compute the CCC loss per recording, not over all frames.
    """
    import keras

    from kerasemo.losses import CCCLoss
    from kerasemo.metrics import CCC

    items = scores.corpus.items(cell.sets)
    loss = CCCLoss(per_recording) if cell.loss == "ccc" else keras.losses.MeanSquaredError()
    return Training(
        network({name: x.shape[-1] for name, x in items["train"].inputs.items()}),
        dict.fromkeys(TARGETS, loss),
        optimizer,
        items,
        batch_size,
        weighting=cell.weighting,
        weights=dict(zip(TARGETS, cell.factors, strict=True)) if cell.weighting == "static" else None,
        metrics={target: [CCC()] for target in TARGETS},
        description={"feature_sets": {name: FEATURE_SETS[name] for name in cell.sets}, "shift": scores.corpus.shift},
        write_predictions=lambda model: scores.write(cell.model, model, cell.sets, items["validation"]),
    )
