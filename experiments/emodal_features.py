"""EMODal on features of RAVDESS that were computed by others, compared with logistic regression.

Instead of media files, it reads a CSV with one row per clip (see `kerasemo.corpora.ravdess.read_features`). Dense
layers replace the convolutions of zhang2018. Tables, ablation and figures are as in `zhang2018.py`; logistic regression
on the same splits shows how much the network improves on a linear model.

A few hundred clips are easily overfitted. Therefore the audio network has dropout, unlike the paper's network. This
dropout and the C of the regression were chosen on clips of this corpus.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from kerasemo import experiment
from kerasemo.command_line import no_option
from kerasemo.corpora import ravdess
from kerasemo.errors import InputError
from kerasemo.experiment import Cell, Corpus, Outcome, Paper, Stage, Study, Training, emodal
from kerasemo.training.items import Items
from kerasemo.training.run import Run

PAPER = Paper(
    "emodal_features",
    "EMODal on features that others have computed",
    "Zhang, Gu, Ma, Ni, Zhang and Huang 2018, SenSys, poster abstract; features of RAVDESS",
)

EPOCHS = (60, 5)  # the second under --quick
BATCH_SIZE, LEARNING_RATE = 64, 1e-3
AUDIO_DROPOUT = 0.5
LOGISTIC_C = 0.1
TRAIN = 0.8

LOGISTIC = {
    "logistic_audio": ("Logistic regression, audio", ("audio",), None),
    "logistic_image": ("Logistic regression, image", ("image",), None),
    "logistic_both": ("Logistic regression, both", emodal.MODALITIES, None),
}


@dataclass(frozen=True, kw_only=True)
class Options(experiment.Options):
    root: None = no_option(None)
    quick: bool = no_option(False)
    features: Path | None = experiment.data_file("CSV with features of RAVDESS. Required.")
    weighting: experiment.WeightingName = experiment.weighting()

    def conflicts(self):
        return {
            "--features is needed: a CSV with one row per clip.": not self.features,
            emodal.NO_SHARED_LAYER: self.weighting == "gradnorm",
        }


def read(run: Run, options: Options) -> Corpus:
    """Read the features, with all clips and classes of the CSV."""
    table, arrays = ravdess.read_features(options.features)
    classes = experiment.present(ravdess.EMOTIONS.values(), table["emotion"])
    if len(classes) < 2:
        raise InputError(f"the features have only one class, {classes[0]}; at least two are needed.")
    run.configure(corpus="features of RAVDESS", notice=None, classes={"emotion": classes})
    experiment.require_groups(options, table["speaker"], ravdess.folds())
    run.note(f"{len(table)} clips of {table['speaker'].nunique()} speakers.")
    run.note(
        f"Dense layers replace the paper's convolutions. The audio network has dropout {AUDIO_DROPOUT}, unlike the "
        f"paper's; logistic regression has C = {LOGISTIC_C}. Both values were chosen on clips of this corpus."
    )
    return Corpus.of_clips(table, {"emotion": classes}, ravdess.folds(), {}, arrays)


def networks(run: Run, corpus: Corpus, options: Options) -> Iterator[Stage]:
    """Yield every network and regression on every split."""
    names = emodal.trainable(run, corpus.features, options.weighting)
    names += [name for name, (_, modalities, _) in LOGISTIC.items() if set(modalities) <= set(corpus.features)]
    yield "Training", experiment.plan(run, names, corpus, options, TRAIN)


def build(run: Run, corpus: Corpus, options: Options, cell: Cell) -> Training | dict[str, pd.DataFrame]:
    """Build EMODal with all losses or without one; or return the predictions of a logistic regression."""
    if cell.network in LOGISTIC:
        return regress(corpus, cell)
    import keras

    from kerasemo.models.emodal import emodal as emodal_network

    _, modalities, off = emodal.NETWORKS[cell.network]
    shapes = {f"{name}_shape": corpus.features[name].shape[1:] for name in modalities}
    network = emodal_network(len(corpus.classes["emotion"]), modalities, **shapes, audio_dropout=AUDIO_DROPOUT)
    network, losses = emodal.with_losses(network, off, shifted=options.weighting != "static")
    decisions = {output: "emotion" for output in emodal.OUTPUTS if output in network.output}
    items = corpus.items(cell, decisions, modalities)
    adam = keras.optimizers.Adam(LEARNING_RATE)
    return Training(network, losses, adam, items, BATCH_SIZE, decisions=decisions, weighting=options.weighting)


def regress(corpus: Corpus, cell: Cell) -> dict[str, pd.DataFrame]:
    """Fit a logistic regression on the standardised training features; return its predictions by partition."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from kerasemo.training.train import decisions

    features = np.concatenate([corpus.features[name] for name in LOGISTIC[cell.network][1]], axis=1)
    classes = corpus.classes["emotion"]
    train = cell.split.train
    regression = make_pipeline(StandardScaler(), LogisticRegression(C=LOGISTIC_C, max_iter=5000))
    regression.fit(features[train], cell.items["emotion"].to_numpy()[train])
    predictions = {}
    for side, rows in cell.split.partitions().items():
        probabilities = np.zeros((len(rows), len(classes)))
        probabilities[:, regression.classes_] = regression.predict_proba(features[rows])
        items = Items.of_rows(rows, {}, cell.items, {"emotion": "emotion"})
        predictions[side] = decisions(probabilities, items, classes, "emotion")
    return predictions


def rows(outcome: Outcome) -> Iterator[dict]:
    """Yield the rows of all tables, without the published numbers, which belong to another corpus."""
    return emodal.rows(outcome, emodal.NETWORKS | LOGISTIC)


STUDY = Study(PAPER, Options, EPOCHS, read, networks, build, rows, emodal.figures, emodal.proposed, emodal.TABLES)

if __name__ == "__main__":
    STUDY.main(__doc__)
