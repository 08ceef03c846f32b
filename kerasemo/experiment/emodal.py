"""Shared parts of the experiments with EMODal: networks with all losses or without one, table rows and figures."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from kerasemo.evaluation import tables
from kerasemo.experiment.corpora import note_left_out
from kerasemo.experiment.outcome import Folds, Outcome
from kerasemo.experiment.study import note_weighting, preferring
from kerasemo.training.run import Run

if TYPE_CHECKING:
    import keras

__all__ = [
    "COMMON",
    "LOSSES",
    "MODALITIES",
    "NETWORKS",
    "NO_SHARED_LAYER",
    "OUTPUTS",
    "SHIFTED",
    "TABLES",
    "confusion_rows",
    "difference_row",
    "figures",
    "proposed",
    "rows",
    "trainable",
    "with_losses",
]

MODALITIES = ("audio", "image")
OUTPUTS = ("emotion", "emotion_audio", "emotion_image")
COMMON = "common"
LOSSES = {
    None: "joint loss",
    "emotion": "classify loss",
    "emotion_audio": "specific loss, audio",
    "emotion_image": "specific loss, image",
    COMMON: "common loss",
}
# Key -> label, modalities, and the loss that is switched off.
NETWORKS = {
    "audio": ("Audio-only", ("audio",), None),
    "image": ("Image-only", ("image",), None),
    "both": ("Audio+Image", MODALITIES, None),
    "no_common": ("without the common loss", MODALITIES, COMMON),
    "no_classify": ("without the classify loss", MODALITIES, "emotion"),
    "no_audio": ("without the specific loss of audio", MODALITIES, "emotion_audio"),
    "no_image": ("without the specific loss of images", MODALITIES, "emotion_image"),
}
TABLES = ["Table 1", "Table 2", "Ablation"]
NO_SHARED_LAYER = "--weighting gradnorm needs a layer that all losses share; EMODal has none."
SHIFTED = "The common loss is k/2 - H here, which is never negative; adaptive weights depend on the constant k/2."


def trainable(run: Run, features: Collection[str], weighting: str) -> list[str]:
    """Return the networks whose modalities are available; note in the run the networks left out and the weighting.

    Args:
        run: the run folder.
        features: the modalities that were read.
        weighting: how the losses are combined.
    """
    names = [name for name, (_, modalities, _) in NETWORKS.items() if set(modalities) <= set(features)]
    note_left_out(run, [label for name, (label, *_) in NETWORKS.items() if name not in names], "audio" in features)
    note_weighting(run, weighting, len(LOSSES) - 1 if "both" in names else 1)
    if weighting != "static" and "both" in names:
        run.note(SHIFTED)
    return names


def with_losses(
    network: "keras.Model", off: str | None, shifted: bool, standardised: bool = False
) -> "tuple[keras.Model, dict[str, keras.losses.Loss]]":
    """Return EMODal with all of its losses or without one.

    Args:
        network: a network of `models.emodal`.
        off: the loss to switch off; None: no loss.
        shifted: use the common loss in the form that is never negative, as needed by weightings that learn.
        standardised: standardise what the common loss reads over the batch; the paper does not.

    Returns:
        The network, without the output of the loss that is switched off, and the losses by output.
    """
    import keras

    from kerasemo.losses import SoftHGR

    outputs = {name: output for name, output in network.output.items() if name != off}
    if off == "emotion":
        # Without a joint classifier, the decision is the mean of the classifiers of both modalities.
        specific = [outputs["emotion_audio"], outputs["emotion_image"]]
        outputs["emotion"] = keras.layers.Average(name="decision")(specific)
    losses = {
        task: SoftHGR(shifted=shifted, standardised=standardised)
        if task == COMMON
        else keras.losses.SparseCategoricalCrossentropy()
        for task in outputs
        if task != off
    }
    return keras.Model(network.input, outputs), losses


def rows(
    outcome: Outcome,
    labels: Mapping[str, tuple[str, Sequence[str], str | None]] = NETWORKS,
    published: Mapping[str, float] | None = None,
    published_confusion: Sequence[Sequence[float]] | None = None,
) -> Iterator[dict]:
    """Yield the rows of table 1, table 2 (confusion matrix) and the ablation.

    Args:
        outcome: the trained study.
        labels: label, modalities and missing loss of each network, as in `NETWORKS`.
        published: published accuracy of each network, from 0 to 1; None: not comparable.
        published_confusion: published confusion matrix in per cent, `true emotions x predicted emotions`.
    """
    for folds in outcome.folds:
        label, _, off = labels[folds.network]
        for metric in tables.METRICS:
            if off is None:
                known = (published or {}).get(folds.network) if metric == "accuracy" else None
                yield folds.score("Table 1", label, metric=metric, published=known)
            if off or folds.network == "both":
                yield folds.score("Ablation", label if off else "all losses", metric=metric)
        if folds.network == "both":
            yield from confusion_rows(folds, published_confusion)
        if off:
            yield difference_row(folds, outcome.of("both", folds.protocol), label)


def confusion_rows(folds: Folds, published: Sequence[Sequence[float]] | None) -> Iterator[dict]:
    """Yield the rows of table 2: for each true emotion, the share of its clips with each prediction, in per cent.

    Args:
        folds: the models of one network under one protocol.
        published: the published table, `emotions x emotions`, in per cent; None: there is none.
    """
    predictions = folds.predictions()
    classes = folds.run.config["classes"]["emotion"]
    for i, true in enumerate(classes):
        clips = predictions[predictions["emotion"] == true]
        for j, name in enumerate(classes):
            hits = clips.assign(value=100.0 * (clips["predicted"] == name))
            yield folds.mean(hits, "Table 2", true, f"predicted {name}, %", published[i][j] if published else None)


def difference_row(folds: Folds, complete: Folds, label: str) -> dict:
    """Return a row with the accuracy without a loss minus the accuracy with all losses, paired by clip.

    Args:
        folds: the network without a loss.
        complete: the network with all losses, on the same splits.
        label: the row's name.
    """
    without, all_losses = folds.predictions(), complete.predictions()
    hits = [(table["predicted"] == table["emotion"]).astype(float) for table in (without, all_losses)]
    values = without.assign(value=hits[0] - hits[1])
    return folds.mean(values, "Ablation", label, "test accuracy minus that of all losses")


def figures(outcome: Outcome, results: Sequence[dict]) -> None:
    """Draw the accuracies of table 1 and the ablation, table 2 as a matrix, and the losses of the complete network.

    Args:
        outcome: the trained study.
        results: the rows of the results.
    """
    for table in ("Table 1", "Ablation"):
        shown = [row for row in results if row["metric"] == "test accuracy"]
        outcome.draw_scores(shown, table, table.lower().replace(" ", "_"), alt=f"{table}: accuracies")
    for folds in outcome.folds:
        if folds.network == "both":
            name = f"{folds.protocol} protocol"
            title = f"Table 2: confusion of audio and image, {name}"
            outcome.draw_confusion(folds, "emotion", title, f"table_2_{folds.protocol}")
            outcome.draw_losses(folds, LOSSES, f"Losses and their weights, {name}", f"losses_{folds.protocol}")


proposed = preferring("both")
