"""Atmaja and Akagi 2020: CCC regression with three weighted losses, early fusion and multistage SVR fusion, on SEWA.

Reruns table 2 (single-task and multitask losses), the random search of the three weights, table 3 (unimodal, bimodal,
late and multistage fusion) and figure 3 (CCC by stage). Networks learn from the recordings of Train and are scored on
those of Devel. Under the paper's protocol whatever is chosen or fitted on Devel is scored on Devel; under `speaker` it
is chosen and fitted anew for each fold of dialogues, and scored on the dialogues left out. One choice is not made anew,
because each would need more networks: which sets are paired.

With a root that holds `labels/` and `predictions/` but no features, such as the predictions that the organisers of
AVEC 2019 published, the fusion runs on those and the rest is left out.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np

from kerasemo import experiment
from kerasemo.corpora import avec2019
from kerasemo.corpora.synthetic import SyntheticSewa
from kerasemo.errors import InputError
from kerasemo.experiment import Outcome, Paper, Stage, Study, Training, traces
from kerasemo.fusion import methods, predictions, protocols, scoring
from kerasemo.fusion.selection import BestModels
from kerasemo.reporting import fusion_figures
from kerasemo.training.run import Run
from kerasemo.training.weight_search import search_weights

PAPER = Paper(
    "atmaja2020",
    "Multitask Learning and Multistage Fusion for Dimensional Audiovisual Emotion Recognition",
    "Atmaja and Akagi 2020, Japan Advanced Institute of Science and Technology",
)

EPOCHS = (50, 4)  # the second under --quick
BATCH_SIZE, LEARNING_RATE = 34, 5e-4
TRIALS, QUICK_TRIALS = 20, 2
# Of each language; frames are those of a recording, shortest and longest.
QUICK = {"train": 4, "devel": 4, "frames": (150, 250)}

# The paper's names of the feature sets (table 1).
SETS = {
    "egemaps": "audio_features_egemaps",
    "egemaps_boaw": "audio_features_egemaps_xbow",
    "egemaps_functionals": "audio_features_egemaps_functionals",
    "deepspectrum": "audio_features_DeepSpectrum_DenseNet121",
    "mfcc": "audio_features_mfcc",
    "mfcc_boaw": "audio_features_mfcc_xbow",
    "mfcc_functionals": "audio_features_mfcc_functionals",
    "fau": "visual_features",
    "fau_bovw": "visual_features_xbow",
    "fau_functionals": "visual_features_functionals",
    "resnet": "visual_features_ResNet",
    "vgg": "visual_features_VGG",
}
FAU = "fau_functionals"
N_PAIRED, N_FUSED, FOLDS = 7, 11, 7
FUSION = "fusion"

# Factors of arousal, valence and liking (equation 3); MTL1 has gamma = 1 - (alpha + beta) with the .7 and .3 of its
# source, Parthasarathy and Busso 2017.
LOSSES = {
    "STL1": (1, 0, 0),
    "STL2": (0, 1, 0),
    "STL3": (0, 0, 1),
    "MTL1": (0.7, 0.3, 0),
    "MTL2": (0.7, 0.2, 1),
}
# Arousal, valence, liking and their average.
TABLE_2 = {
    "STL1": (0.511, 0.235, 0.107, 0.284),
    "STL2": (0.255, 0.558, 0.077, 0.297),
    "STL3": (0.255, 0.320, 0.191, 0.244),
    "MTL1": (0.476, 0.524, 0.009, 0.336),
    "MTL2": (0.522, 0.578, 0.194, 0.431),
}
LATE = "Multimodal late fusion"
TABLE_3 = {
    "Unimodal": (0.522, 0.578, 0.194, 0.431),
    "Bimodal early fusion": (0.552, 0.557, 0.284, 0.464),
    LATE: (0.627, 0.616, 0.292, 0.512),
    "Multistage fusion": (0.680, 0.656, 0.443, 0.593),
}
# The first stage of the multistage SVR is the late fusion.
FUSIONS = {
    "multistage-svr": "Multistage fusion",
    "mean": "Mean",
    "variance-matched-mean": "Variance-matched mean",
    "within-between-ridge": "Within-between ridge",
}


@dataclass(frozen=True, kw_only=True)
class Options(experiment.Options):
    weighting: experiment.WeightingName = experiment.weighting()
    seeds: int = experiment.training(1, "Train the networks of table 2 from as many seeds, --seed and on.", min=1)
    trials: int | None = experiment.training(None, f"Points of the weight search.  [default: {TRIALS}]", min=1)
    scoring: Literal["plain", "avec"] = experiment.training(
        "plain", "Of the tables. plain: CCC by N throughout. avec: variances by N - 1."
    )


@dataclass(frozen=True)
class Corpus:
    """What was found under the root.

    Attributes:
        root: the root.
        sets: the feature sets, by the paper's names; none where there are only predictions.
        labels: recording -> traces, of Devel.
        given: model -> recording -> traces of Devel, where there are no features.
    """

    root: Path
    sets: list[str]
    labels: dict[str, np.ndarray]
    given: dict[str, dict[str, np.ndarray]]


@dataclass(frozen=True)
class Cell:
    """One network to train: name, feature sets, factors of its losses, its seed where it is not the run's, and a
    weighting that learns in the factors' place."""

    model: str
    sets: tuple[str, ...]
    factors: tuple[float, float, float] = LOSSES["MTL2"]
    seed: int | None = None
    weighting: str = "static"
    network: str = "lstm_regressor"


def read(run: Run, options: Options) -> Corpus:
    """The user's corpus, or the synthetic one."""
    root = experiment.corpus_root(PAPER.key, options, SyntheticSewa, {}, QUICK)
    labels = avec2019.read_traces(root / "labels")
    sets, slower = avec2019.feature_sets_of(root, SETS, labels)
    for sentence in slower:
        run.note(f"Left out, for its descriptors have a rate of their own: {sentence}")
    devel, train = (
        {recording: trace for recording, trace in labels.items() if avec2019.partition(recording) == partition}
        for partition in ("Devel", "Train")
    )
    if not devel:
        raise InputError(f"{root / 'labels'} has no recording of Devel, which is what is scored.")
    experiment.name_corpus(run, root, "AVEC 2019 CES", "SEWA", classes={})
    if sets and (not train or FAU not in sets):
        raise InputError(f"{root} needs labels of Train and the feature set {SETS[FAU]} beside those it has.")
    given = {} if sets else read_predictions(root)
    describe(run, Corpus(root, sets, devel, given), len(train))
    return Corpus(root, sets, devel, given)


def describe(run: Run, corpus: Corpus, n_train: int) -> None:
    """What a reader of the tables must know of the data."""
    if corpus.sets:
        run.note(f"{n_train} recordings train, {len(corpus.labels)} are scored; {len(corpus.sets)} feature sets.")
        if len(corpus.sets) > N_PAIRED:
            run.note(f"The {N_PAIRED} sets that are paired are the best on all of Devel, under both protocols.")
    else:
        run.note(
            f"{corpus.root.name} has no features, so that no network is trained; {len(corpus.given)} saved predictions "
            "are fused, tables 2 and 3 lack the rows of the networks, and what was published is of other models."
        )
    run.note(
        f"Multistage fusion chooses context and C in-sample, as the paper does; held out, only C, by inner folds, with "
        f"context {methods.HELD_OUT_CONTEXTS[0]}."
    )
    if missing := [SETS[name] for name in SETS if name not in corpus.sets] if corpus.sets else []:
        run.note(f"Feature sets that the corpus does not have: {', '.join(missing)}.")


def read_predictions(root: Path) -> dict[str, dict[str, np.ndarray]]:
    """The predictions of single models; what the organisers fused in-sample has seen the labels and stays out."""
    folders = [path for path in sorted((root / "predictions").glob("*")) if path.is_dir()]
    if not folders:
        raise InputError(f"{root} holds neither feature sets such as {SETS[FAU]} nor predictions/<model>/.")
    return predictions.read([folder for folder in folders if folder.name != predictions.ORGANISERS_FUSION])


def networks(run: Run, corpus: Corpus, options: Options) -> Iterator[Stage]:
    """Each set alone and the losses of table 2; the weight search; pairs of the best sets (section 6)."""
    if not corpus.sets:
        return
    losses = cells_of_losses(options)
    cells = [*unimodal(corpus), *(cell for seeds in losses.values() for cell in seeds)]
    experiment.note_weighting(run, options.weighting, len(avec2019.TARGETS))
    yield "Training", list(dict.fromkeys(cells))
    search(run, corpus, options)
    yield "Training pairs", pairs(trace_scores(run, corpus, options), corpus)


def unimodal(corpus: Corpus) -> list[Cell]:
    """A network of each feature set."""
    return [Cell(name, (name,)) for name in corpus.sets]


def cells_of_losses(options: Options) -> dict[str, list[Cell]]:
    """The networks of table 2, one a seed."""
    losses = {loss: Cell(f"{FAU}_{loss.lower()}", (FAU,), factors) for loss, factors in LOSSES.items()}
    losses["MTL2"] = Cell(FAU, (FAU,))
    if options.weighting != "static":
        losses[options.weighting] = Cell(f"{FAU}_{options.weighting}", (FAU,), weighting=options.weighting)
    return {
        loss: [
            cell,
            *(replace(cell, model=f"{cell.model}_seed-{n}", seed=options.seed + n) for n in range(1, options.seeds)),
        ]
        for loss, cell in losses.items()
    }


def pairs(scores: traces.TraceScores, corpus: Corpus) -> list[Cell]:
    """Early fusion of each pair of the best sets."""
    best = sorted(corpus.sets, key=lambda name: -scores.average(name))[:N_PAIRED]
    return [Cell(f"{one}-{other}", (one, other)) for one, other in itertools.combinations(best, 2)]


def search(run: Run, corpus: Corpus, options: Options) -> list[str]:
    """Random search of the three factors on the FAU functionals (section 5); the names of the networks."""
    found = search_weights(
        partial(searched_value, run.path, corpus, options),
        avec2019.TARGETS,
        options.trials or (QUICK_TRIALS if options.quick else TRIALS),
        options.seed,
        run.file("weights.journal"),
        options.jobs,
        options.scheduler,
    )
    best = ", ".join(f"{target} {weight:g}" for target, weight in found.best.items())
    run.note(f"Of {len(found.trials)} searched weights the best on Devel are {best}.")
    return [searched_cell(point).model for point in found.trials[list(avec2019.TARGETS)].to_dict("records")]


def searched_cell(point: dict[str, float]) -> Cell:
    tenths = "-".join(f"{round(10 * weight)}" for weight in point.values())
    return Cell(f"{FAU}_search-{tenths}", (FAU,), tuple(point.values()))


def searched_value(run_path: Path, corpus: Corpus, options: Options, point: dict[str, float]) -> float:
    """The average CCC on Devel of the network trained with these factors."""
    run, cell = Run(run_path), searched_cell(point)
    STUDY.trainer(run, corpus, options)(cell)
    return trace_scores(run, corpus, options).average(cell.model)


def build(run: Run, corpus: Corpus, options: Options, cell: Cell) -> Training:
    """The LSTM regressor of some feature sets, on the concordance of each target."""
    import keras

    from kerasemo.losses import CCCLoss
    from kerasemo.metrics import CCC
    from kerasemo.models.lstm_regressor import lstm_regressor
    from kerasemo.training.sequences import SHIFT, predict, sequence_items

    features = {name: avec2019.read_features(corpus.root / SETS[name]) for name in cell.sets}
    labels = avec2019.read_traces(corpus.root / "labels")
    items = {
        name: sequence_items(features, {r: t for r, t in labels.items() if avec2019.partition(r) == partition})
        for name, partition in {"train": "Train", "validation": "Devel"}.items()
    }
    static = dict(zip(avec2019.TARGETS, cell.factors, strict=True))
    return Training(
        lstm_regressor({name: array.shape[-1] for name, array in items["train"].inputs.items()}),
        {target: CCCLoss() for target in avec2019.TARGETS},
        keras.optimizers.RMSprop(LEARNING_RATE),
        items,
        BATCH_SIZE,
        weighting=cell.weighting,
        weights=static if cell.weighting == "static" else None,
        metrics={target: [CCC()] for target in avec2019.TARGETS},
        description={"feature_sets": {name: SETS[name] for name in cell.sets}, "shift": SHIFT},
        write_predictions=lambda model: avec2019.write_predictions(
            run.file("predictions", cell.model), predict(model, items["validation"])
        ),
    )


def trace_scores(run: Run, corpus: Corpus, options: Options) -> traces.TraceScores:
    """What scores models on Devel under both protocols."""
    return traces.TraceScores(run, options, corpus.labels, corpus.given, options.scoring, FOLDS)


def rows(outcome: Outcome) -> Iterator[dict]:
    """Tables 2 and 3, and the weight search."""
    corpus, options = outcome.corpus, outcome.options
    scores = trace_scores(outcome.run, corpus, options)
    if corpus.sets:
        for loss, seeds in cells_of_losses(options).items():
            for cell in seeds:
                row = loss if cell.seed is None else f"{loss}, seed {cell.seed}"
                published = None if cell.seed is not None else TABLE_2.get(loss)
                yield from scores.best("Table 2", row, [cell.model], published)
        searched = search(outcome.run, corpus, options)
        yield from scores.best("Weight search", "Best of the searched weights", searched, TABLE_2["MTL2"])
        bimodal = [cell.model for cell in pairs(scores, corpus)]
        yield from scores.best("Table 3", "Unimodal", corpus.sets, TABLE_3["Unimodal"])
        yield from scores.best("Table 3", "Bimodal early fusion", bimodal, TABLE_3["Bimodal early fusion"])
    else:
        yield from scores.best("Table 3", "Unimodal", candidates(outcome, scores), TABLE_3["Unimodal"])
    yield from fusion_rows(outcome, scores)


def candidates(outcome: Outcome, scores: traces.TraceScores) -> list[str]:
    """The models that are fused: all of one set or two, or those that are given."""
    corpus = outcome.corpus
    return [*corpus.sets, *(cell.model for cell in pairs(scores, corpus))] if corpus.sets else sorted(corpus.given)


def fusion_rows(outcome: Outcome, scores: traces.TraceScores) -> Iterator[dict]:
    """Late and multistage fusion of the best models (table 3, figure 3), and beside them what else fuses."""
    fused = scores.fuse(candidates(outcome, scores), FUSIONS, N_FUSED)
    figure = fusion_figures.ccc_per_stage(fused.curves, "Figure 3: CCC by the number of stages", outcome.notice)
    outcome.save(figure, "figure_3", fusion_figures.described(fused.curves))
    for protocol in outcome.options.protocols:
        for row in FUSIONS.values():
            stages = fused.stages[row, protocol]
            if len(stages) > 1:
                yield from scores.rows("Table 3", LATE, protocol, stages[0], TABLE_3[LATE])
            yield from scores.rows("Table 3", row, protocol, stages[-1], TABLE_3.get(row))


def figures(outcome: Outcome, results: list[dict]) -> None:
    """A figure of each table's averages; figure 3 is drawn beside its rows."""
    averages = [row for row in results if row["metric"] == f"CCC {scoring.AVERAGE}"]
    for table in dict.fromkeys(row["table"] for row in averages):
        outcome.draw_scores(averages, table, table.lower().replace(" ", "_"), alt=f"{table}: average CCC")


def proposed(outcome: Outcome) -> str | None:
    """One network from feature sets to fused traces: the recommended fusion, fitted on all of Devel."""
    if not outcome.corpus.sets:
        return None
    scores = trace_scores(outcome.run, outcome.corpus, outcome.options)
    models = candidates(outcome, scores)
    fusion = BestModels(methods.estimator(methods.DEFAULT, protocols.HELD_OUT), N_FUSED)
    data = scores.aligned(models)
    fusion.fit(data.inputs, data.labels, data.lengths, scores.groups)
    if not outcome.run.has_trained(FUSION):
        traces.save_chain(
            outcome.run, FUSION, [models[number] for number in fusion.models_], fusion.estimator_.stages(), SETS
        )
    return FUSION


STUDY = Study(PAPER, Options, EPOCHS, read, networks, build, rows, figures, proposed)

if __name__ == "__main__":
    STUDY.main(__doc__)
