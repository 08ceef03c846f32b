"""Comparison of all weightings of task losses with one network, one corpus and several seeds.

The network is small, so that the comparison takes little time: two dense layers that all tasks share, on the mean over
time of 40 MFCCs, and one dense layer per task: emotion, gender and intensity of RAVDESS speech. All weightings start
from the same network, with the same batches and number of steps. Trainable task weights have their own Adam optimizer,
whose learning rate is ten times that of the network.

The table contains the unweighted average recall of each task, the mean of the three recalls, and the mean over seeds of
each weighting's rank by this mean (1 is best), for a random split of recordings and with speakers held out.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import get_args

import numpy as np
import pandas as pd

from kerasemo import experiment
from kerasemo.corpora import ravdess
from kerasemo.corpora.synthetic import SyntheticRavdess
from kerasemo.evaluation.scores import unweighted_average_recall
from kerasemo.experiment import Cell, Corpus, Folds, Outcome, Paper, Stage, Study, Training
from kerasemo.features.mfcc import Mfcc
from kerasemo.features.network_input import NetworkInput
from kerasemo.training.items import read_items
from kerasemo.training.run import Run

PAPER = Paper(
    "weightings",
    "Weightings of task losses compared",
    "no paper: one network, one corpus, all weightings of kerasemo",
)

EPOCHS = (40, 10)  # the second under --quick
BATCH_SIZE, LEARNING_RATE = 32, 1e-3
UNITS = (256, 128)
TRAIN = 0.8
SYNTHETIC = {"channels": ["speech"], "modalities": ["audio"], "clips_per_emotion": 2}
QUICK = {"actors": range(1, 5)}
TASKS = ("emotion", "gender", "intensity")
WEIGHTINGS = get_args(experiment.WeightingName)
TABLE, MEAN = "Weightings", "mean test UAR of the tasks"


@dataclass(frozen=True, kw_only=True)
class Options(experiment.Options):
    max_bad: float = experiment.max_bad()
    seeds: int = experiment.training(5, "Number of seeds: --seed, --seed + 1, and so on.", min=1, max=1000)


def read(run: Run, options: Options) -> Corpus:
    """Read the speech of the user's copy of RAVDESS or of the synthetic one."""
    root = experiment.corpus_root(PAPER.key, options, SyntheticRavdess, SYNTHETIC, QUICK)
    manifest = ravdess.read_speech(root)
    experiment.require_groups(options, manifest["speaker"], ravdess.folds())
    inputs = {"audio": NetworkInput(Mfcc())}
    table, arrays, set_aside = read_items(manifest, root, inputs, jobs=options.jobs, max_bad=options.max_bad)
    classes = {task: sorted(set(table[task])) for task in TASKS}
    experiment.require_classes(classes)
    experiment.name_corpus(run, root, "RAVDESS", manifest=manifest, classes=classes)
    experiment.set_aside(run, set_aside)
    run.note(f"{len(table)} recordings of {table['speaker'].nunique()} actors, {options.seeds} seeds.")
    return Corpus.of_clips(table, classes, ravdess.folds(), inputs, arrays)


def networks(run: Run, corpus: Corpus, options: Options) -> Iterator[Stage]:
    """Yield every weighting and seed on every split; the splits are the same for all seeds."""
    seeds = range(options.seed, options.seed + options.seeds)
    for weighting in WEIGHTINGS[1:]:
        experiment.note_weighting(run, weighting, len(TASKS))
    yield "Training", experiment.plan(run, WEIGHTINGS, corpus, options, TRAIN, seeds=seeds)


def build(run: Run, corpus: Corpus, options: Options, cell: Cell) -> Training:
    """Build two shared dense layers and one per task; the key of the cell's network is the name of the weighting."""
    import keras

    from kerasemo.models.on_features import dense

    return Training.of_tasks(
        dense({"audio": corpus.features["audio"].shape[1:]}, corpus.widths(TASKS), UNITS),
        keras.optimizers.Adam(LEARNING_RATE),
        corpus.items(cell, {task: task for task in TASKS}),
        BATCH_SIZE,
        inputs=corpus.inputs,
        weighting=cell.network,
    )


def rows(outcome: Outcome) -> Iterator[dict]:
    """Yield the rows of each weighting: recalls over all seeds, their mean, and the mean rank."""
    recalls = pd.DataFrame(
        {
            "weighting": folds.network,
            "protocol": folds.protocol,
            "seed": folds.cells[0].seed,
            "recall": mean_recall(folds),
        }
        for folds in outcome.folds
    )
    recalls["rank"] = recalls.groupby(["protocol", "seed"])["recall"].rank(ascending=False)
    for weighting in WEIGHTINGS:
        for protocol in outcome.options.protocols:
            folds = outcome.of(weighting, protocol)
            for task in TASKS:
                yield folds.score(TABLE, weighting, metric="UAR", task=task)
            of_weighting = recalls[(recalls["weighting"] == weighting) & (recalls["protocol"] == protocol)]
            for metric, column in ((MEAN, "recall"), ("mean rank over seeds", "rank")):
                # The bootstrap draws whole seeds, which differ in initial weights and order of the clips.
                values = of_weighting.rename(columns={column: "value", "seed": "speaker"})
                yield folds.mean(values, TABLE, weighting, metric)


def mean_recall(folds: Folds) -> float:
    """Return the mean over the tasks of the unweighted average recall, for the networks of one seed."""
    predictions = {task: folds.predictions(task=task) for task in TASKS}
    return float(np.mean([unweighted_average_recall(p[task], p["predicted"]) for task, p in predictions.items()]))


def figures(outcome: Outcome, results: list[dict]) -> None:
    """Draw the mean recalls, and the task weights over the epochs (mean of the folds) for each task and seed."""
    outcome.draw_scores(results, TABLE, "recalls", title=MEAN, metric=MEAN)
    for protocol in outcome.options.protocols:
        outcome.draw_weights(protocol, {weighting: weighting for weighting in WEIGHTINGS})


STUDY = Study(PAPER, Options, EPOCHS, read, networks, build, rows, figures)

if __name__ == "__main__":
    STUDY.main(__doc__)
