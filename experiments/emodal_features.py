"""EMODal on features of RAVDESS that were computed by others, compared with logistic regression.

It reads a CSV with one row per clip (see `kerasemo.corpora.ravdess.read_features`). Dense layers replace the
convolutions of zhang2018. With actors held out, a variant is trained beside the paper's network: dropout in both
networks, and a common loss that reads a few linear projections of the features, standardised over the batch. They, the
weight of this loss and the C of the regression are chosen in inner folds of actors.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import pandas as pd

from kerasemo import experiment
from kerasemo.command_line import no_option
from kerasemo.corpora import ravdess
from kerasemo.experiment import Cell, Corpus, Outcome, Paper, Stage, Study, Training, comparison, emodal, nested
from kerasemo.experiment.linear import linear_baseline
from kerasemo.training.run import Run

PAPER = Paper(
    "emodal_features",
    "EMODal on features that others have computed",
    "Zhang, Gu, Ma, Ni, Zhang and Huang 2018, SenSys, poster abstract; features of RAVDESS",
)

EPOCHS = (60, 5)  # the second under --quick
BATCH_SIZE, LEARNING_RATE, TRAIN = 64, 1e-3, 0.8
LOGISTIC = {
    "logistic_audio": ("Logistic regression, audio", ("audio",), None),
    "logistic_image": ("Logistic regression, image", ("image",), None),
    "logistic_both": ("Logistic regression, both", emodal.MODALITIES, None),
}


@dataclass(frozen=True)
class Setting:
    """What is chosen in inner folds: options of `models.emodal.emodal`, and the weight of the common loss."""

    audio_dropout: float = 0.0
    image_dropout: float = 0.0
    modes: int | None = None
    weight: float = 1.0


VARIANT, ABLATION, LITERAL = "variant", "variant_no_common", "variant_literal"
# The variant with the paper's common loss has the setting of the ablation, apart from the weight.
SETTINGS = {
    VARIANT: [Setting(0.5, 0.2, 2), Setting(0.5, 0.2, 2, 0.3), Setting(0.5, 0.2, 4), Setting(modes=2)],
    ABLATION: [Setting(0.5, 0.2, weight=0.0), Setting(weight=0.0)],
}
CANDIDATES = {f"{name}_{i}": each for name, settings in SETTINGS.items() for i, each in enumerate(settings)}
TABLE, FEATURES = "Actors held out", ("audio_feature", "image_feature")
COMPARED = {
    "logistic_both": "Logistic regression, both",
    "both": "Paper",
    "no_common": "Paper without the common loss",
    LITERAL: "Variant with the paper's common loss",
    ABLATION: "Variant without the common loss",
    VARIANT: "Variant",
}


@dataclass(frozen=True, kw_only=True)
class Options(experiment.Options):
    root: None = no_option(None)
    quick: bool = no_option(False)
    features: Path | None = experiment.data_file("CSV with features of RAVDESS. Required.")
    weighting: experiment.WeightingName = experiment.weighting()
    seeds: int = experiment.training(1, "Seeds of the comparison with actors held out.", min=1, max=1000)

    def conflicts(self):
        return {
            "--features is needed: a CSV with one row per clip.": not self.features,
            emodal.NO_SHARED_LAYER: self.weighting == "gradnorm",
        }


def read(run: Run, options: Options) -> Corpus:
    """Read the features, with all clips and classes of the CSV."""
    table, arrays = ravdess.read_features(options.features)
    classes = experiment.present(ravdess.EMOTIONS.values(), table["emotion"])
    experiment.require_classes({"emotion": classes})
    run.configure(corpus="features of RAVDESS", notice=None, classes={"emotion": classes})
    experiment.require_groups(options, table["speaker"], ravdess.folds())
    run.note(f"{len(table)} clips of {table['speaker'].nunique()} speakers; all that are not tested are for training.")
    return Corpus.of_clips(table, {"emotion": classes}, ravdess.folds(), {}, arrays)


def networks(run: Run, corpus: Corpus, options: Options) -> Iterator[Stage]:
    """Yield every network and regression on every split, with the candidates on the inner folds; then the variants."""
    names = emodal.trainable(run, corpus.features, options.weighting)
    names += [name for name, (_, modalities, _) in LOGISTIC.items() if set(modalities) <= set(corpus.features)]
    first, variants = [], []
    if "paper" in options.protocols:
        first += experiment.plan(run, names, corpus, replace(options, protocol="paper"), TRAIN)
    if "speaker" in options.protocols:
        outer = nested.outer_splits(corpus)
        first += experiment.cells_of(run, names, corpus.table, outer)
        if "both" in names:
            further = [options.seed + n for n in range(1, options.seeds)]
            first += experiment.cells_of(run, ["both", "no_common"], corpus.table, outer, further)
            first += experiment.cells_of(run, list(CANDIDATES), corpus.table, nested.inner_splits(outer))
            variants = experiment.cells_of(run, [VARIANT, ABLATION, LITERAL], corpus.table, outer, [None, *further])
    yield "Training", first
    if variants:
        chosen = {split.name: setting(run, corpus, Cell(VARIANT, split, corpus.table)) for split in outer}
        run.note(f"Settings of the variant: {chosen}.")
    yield "Training variants", variants


def setting(run: Run, corpus: Corpus, cell: Cell) -> Setting:
    """Return the setting of a network; that of a variant is the best one in the inner folds of its outer fold."""
    if cell.network not in (VARIANT, ABLATION, LITERAL):
        return CANDIDATES.get(cell.network, Setting())
    variant = VARIANT if cell.network == VARIANT else ABLATION
    keys = [key for key, each in CANDIDATES.items() if each in SETTINGS[variant]]
    chosen = CANDIDATES[nested.best(run, corpus, cell.split, keys)]
    return replace(chosen, weight=1.0) if cell.network == LITERAL else chosen


def build(run: Run, corpus: Corpus, options: Options, cell: Cell) -> Training | dict[str, pd.DataFrame]:
    """Build EMODal with all losses or without one; or return the predictions of a logistic regression."""
    if cell.network in LOGISTIC:
        return linear_baseline(corpus, cell, LOGISTIC[cell.network][1])
    import keras

    from kerasemo.metrics import spread
    from kerasemo.models.emodal import emodal as emodal_network

    chosen = setting(run, corpus, cell)
    no_loss = None if chosen.weight else emodal.COMMON
    _, modalities, off = emodal.NETWORKS.get(cell.network, (None, emodal.MODALITIES, no_loss))
    shapes = {f"{name}_shape": corpus.features[name].shape[1:] for name in modalities}
    values = {name: value for name, value in asdict(chosen).items() if name != "weight"}
    network = emodal_network(len(corpus.classes["emotion"]), modalities, **shapes, **values)
    network, losses = emodal.with_losses(network, off, options.weighting != "static", chosen.modes is not None)
    decisions = {output: "emotion" for output in emodal.OUTPUTS if output in network.output}
    features = {name: network.get_layer(name).output for name in FEATURES if name.split("_")[0] in modalities}
    return Training(
        keras.Model(network.input, network.output | features),
        losses,
        keras.optimizers.Adam(LEARNING_RATE),
        corpus.items(cell, decisions | dict.fromkeys(features, "emotion"), modalities),
        BATCH_SIZE,
        decisions=decisions,
        weighting=options.weighting,
        weights={loss: chosen.weight if loss == emodal.COMMON else 1.0 for loss in losses},
        metrics={feature: [spread] for feature in features},
        description={"setting": asdict(chosen)},
    )


def once(outcome: Outcome) -> Outcome:
    """Return the part of an outcome that `zhang2018.py` has too: the first seed, without variants and inner folds."""
    cells = [cell for cell in outcome.cells if cell.network in emodal.NETWORKS | LOGISTIC and cell.seed is None]
    return replace(outcome, cells=cells)


def rows(outcome: Outcome) -> Iterator[dict]:
    """Yield the rows of all tables, without the published numbers, which belong to another corpus."""
    yield from emodal.rows(once(outcome), emodal.NETWORKS | LOGISTIC)
    yield from comparison.rows(outcome, TABLE, COMPARED, VARIANT)


def figures(outcome: Outcome, results: list[dict]) -> None:
    """Draw the tables, and the spread of the features with the paper's common loss and with that of the variant."""
    emodal.figures(once(outcome), results)
    outcome.draw_scores(results, TABLE, "actors_held_out", metric="test accuracy")
    comparison.draw_spread(outcome, {name: COMPARED[name] for name in ("both", LITERAL, ABLATION, VARIANT)}, FEATURES)


PROPOSED = experiment.preferring(ABLATION, "both")
STUDY = Study(PAPER, Options, EPOCHS, read, networks, build, rows, figures, PROPOSED, [*emodal.TABLES, TABLE])

if __name__ == "__main__":
    STUDY.main(__doc__)
