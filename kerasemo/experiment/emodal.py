"""What experiments with EMODal share: its networks with all losses or all but one, their rows and figures."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from kerasemo.evaluation import tables
from kerasemo.experiment.corpora import note_left_out
from kerasemo.experiment.outcome import Folds, Outcome
from kerasemo.experiment.study import note_weighting, preferring
from kerasemo.training.run import Run

if TYPE_CHECKING:
    import keras

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
# Label, modalities, and the loss that is switched off.
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
SHIFTED = "The common loss is k/2 - H here, which is not below 0; how far weightings move from it depends on that k/2."


def trainable(run: Run, features: Collection[str], weighting: str) -> list[str]:
    """The networks whose modalities are there; what is left out, and how losses are weighed, is noted in the run."""
    names = [name for name, (_, modalities, _) in NETWORKS.items() if set(modalities) <= set(features)]
    note_left_out(run, [label for name, (label, *_) in NETWORKS.items() if name not in names], "audio" in features)
    note_weighting(run, weighting, len(LOSSES) - 1 if "both" in names else 1)
    if weighting != "static" and "both" in names:
        run.note(SHIFTED)
    return names


def with_losses(
    network: "keras.Model", off: str | None, shifted: bool
) -> "tuple[keras.Model, dict[str, keras.losses.Loss]]":
    """EMODal with its losses, all or all but one.

    Args:
        network: see `models.emodal`.
        off: the loss to switch off.
        shifted: give the common loss in the form that is never below 0, which weightings that learn need.

    Returns:
        The network, its outputs without that of a loss which is off, and its losses.
    """
    import keras

    from kerasemo.losses import SoftHGR

    outputs = {name: output for name, output in network.output.items() if name != off}
    if off == "emotion":
        # Without a classifier of both, the two others decide together.
        specific = [outputs["emotion_audio"], outputs["emotion_image"]]
        outputs["emotion"] = keras.layers.Average(name="decision")(specific)
    losses = {
        task: SoftHGR(shifted=shifted) if task == COMMON else keras.losses.SparseCategoricalCrossentropy()
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
    """The rows of table 1, table 2 (confusion, per cent) and of the ablation.

    Args:
        outcome: what was trained.
        labels: of each network, as `NETWORKS`.
        published: accuracy of each network, 0..1; None: there is none to compare with.
        published_confusion: per cent, rows the true emotions.
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
    """Table 2: of the clips of each emotion, the share that is taken for each, per cent."""
    predictions = folds.predictions()
    classes = folds.run.config["classes"]["emotion"]
    for i, true in enumerate(classes):
        of_class = predictions[predictions["emotion"] == true]
        for j, name in enumerate(classes):
            hits = of_class.assign(value=100.0 * (of_class["predicted"] == name))
            yield folds.mean(hits, "Table 2", true, f"predicted {name}, %", published[i][j] if published else None)


def difference_row(folds: Folds, complete: Folds, label: str) -> dict:
    """What a loss adds: the accuracy without it minus that of all losses on the same clips, its interval paired."""
    without, all_losses = folds.predictions(), complete.predictions()
    hits = [(table["predicted"] == table["emotion"]).astype(float) for table in (without, all_losses)]
    values = without.assign(value=hits[0] - hits[1])
    return folds.mean(values, "Ablation", label, "test accuracy minus that of all losses")


def figures(outcome: Outcome, results: Sequence[dict]) -> None:
    """Accuracies of table 1 and of the ablation, table 2 as a matrix, and the losses of the whole network."""
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
