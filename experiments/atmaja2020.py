"""Atmaja and Akagi 2020: CCC regression with three weighted losses, early fusion and multistage SVR fusion, on SEWA.

Reproduces table 2 (single-task and multitask losses), the random search of the three weights, table 3 (unimodal,
bimodal, late and multistage fusion) and figure 3 (CCC by stage). Networks are trained on Train and scored on Devel.
Under the paper's protocol, models and fusions are chosen and fitted on Devel, and scored on Devel. Under `speaker`,
this is repeated for each fold of dialogues, and held-out dialogues are scored; only the pairs of sets stay the same.

Saved predictions are fused if `--root` has `labels/` and `predictions/` but no features, as published for AVEC 2019.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from kerasemo import experiment
from kerasemo.corpora.avec2019 import FEATURE_SETS, TARGETS
from kerasemo.corpora.synthetic import SyntheticSewa
from kerasemo.experiment import Outcome, Paper, Stage, Study, Training
from kerasemo.experiment.trace_corpus import TraceCorpus
from kerasemo.experiment.traces import TraceScores
from kerasemo.fusion import methods, scoring
from kerasemo.training.run import Run
from kerasemo.training.weight_search import draw_points

PAPER = Paper(
    "atmaja2020",
    "Multitask Learning and Multistage Fusion for Dimensional Audiovisual Emotion Recognition",
    "Atmaja and Akagi 2020, Japan Advanced Institute of Science and Technology",
)

EPOCHS = (50, 4)  # the second under --quick
BATCH_SIZE, LEARNING_RATE = 34, 5e-4
TRIALS, QUICK_TRIALS = 20, 2
QUICK = {"train": 4, "devel": 4, "frames": (150, 250)}  # recordings per language; range of their lengths in frames

FAU = "fau_functionals"
N_PAIRED, N_FUSED, FOLDS = 7, 11, 7

# Factors of arousal, valence and liking (equation 3); published CCC of each, and average (table 2). In MTL1, gamma =
# 1 - (alpha + beta), with .7 and .3 as in its source, Parthasarathy and Busso 2017.
TABLE_2 = {
    "STL1": ((1, 0, 0), (0.511, 0.235, 0.107, 0.284)),
    "STL2": ((0, 1, 0), (0.255, 0.558, 0.077, 0.297)),
    "STL3": ((0, 0, 1), (0.255, 0.320, 0.191, 0.244)),
    "MTL1": ((0.7, 0.3, 0), (0.476, 0.524, 0.009, 0.336)),
    "MTL2": ((0.7, 0.2, 1), (0.522, 0.578, 0.194, 0.431)),
    "MTL-equal": ((1, 1, 1), None),
    "MSE-equal": ((1, 1, 1), None),
}
BEST_FACTORS, BEST_PUBLISHED = TABLE_2["MTL2"]
LATE = "Multimodal late fusion"
BASELINE, ORGANISERS_FAU = "Baseline, FAU functionals", "visual-func"
TABLE_3 = {
    BASELINE: (0.531, 0.565, 0.083, None),
    "Unimodal": BEST_PUBLISHED,
    "Bimodal early fusion": (0.552, 0.557, 0.284, 0.464),
    LATE: (0.627, 0.616, 0.292, 0.512),
    "Multistage fusion": (0.680, 0.656, 0.443, 0.593),
}
# Name of a method -> row. The first stage of the multistage SVR is the late fusion.
FUSIONS = {
    "multistage-svr": "Multistage fusion",
    "mean": "Mean",
    "variance-matched-mean": "Variance-matched mean",
    "within-between-ridge": "Within-between ridge",
}
NOTES = (
    "Multistage fusion chooses context and C in-sample under the paper's protocol, as the authors' code does. With "
    f"dialogues held out, it chooses only C, by inner folds; the context is {methods.HELD_OUT_CONTEXTS[0]}.",
    "The smoothing of the within-between ridge, 1.5 s, was picked on the published predictions of the same dialogues.",
    "Table 2 of the paper prints .244 as the average of STL3, its cells give .255; the baseline's arousal is .531 in "
    "table 3 and .537 in the abstract. The published averages .464 and .512 are computed from the cells.",
)


@dataclass(frozen=True, kw_only=True)
class Options(experiment.Options):
    weighting: experiment.WeightingName = experiment.weighting()
    seeds: int = experiment.training(1, "Number of seeds for table 2: --seed, --seed + 1, and so on.", min=1, max=1000)
    trials: int | None = experiment.training(None, f"Trials of the weight search.  [default: {TRIALS}]", min=1)
    heads: Literal["zeros", "glorot_uniform"] = experiment.training("zeros", "Initial weights of heads with a loss.")
    shift: float = experiment.training(0.1, "Seconds by which labels are shifted; AVEC 2019: 2.0.", min=0, max=10)
    per_recording: bool = experiment.training(False, "Compute the CCC loss per recording, not over all frames.")
    scoring: Literal["plain", "avec"] = experiment.training("plain", "CCC of the tables; avec: variances by N - 1.")


@dataclass(frozen=True)
class Cell:
    """A network to train: feature sets, factors of the losses or a weighting, and seed (None: the run's seed)."""

    model: str
    sets: tuple[str, ...]
    factors: tuple[float, float, float] = BEST_FACTORS
    seed: int | None = None
    weighting: str = "static"
    loss: Literal["ccc", "mse"] = "ccc"
    network: str = "lstm_regressor"


def read(run: Run, options: Options) -> TraceScores:
    """Read the user's corpus or the synthetic one; return the object that scores models on Devel."""
    root = experiment.corpus_root(PAPER.key, options, SyntheticSewa, {}, QUICK)
    corpus = TraceCorpus.read(run, root, FAU, options.shift)
    if len(corpus.sets) > N_PAIRED:
        run.note(f"Pairs consist of the {N_PAIRED} feature sets that are best on all of Devel, under both protocols.")
    for sentence in NOTES:
        run.note(sentence)
    return TraceScores(run, options, corpus, options.scoring, FOLDS)


def networks(run: Run, scores: TraceScores, options: Options) -> Iterator[Stage]:
    """Yield single sets, the losses of table 2 and the weight search; then pairs of the best sets (section 6)."""
    if not scores.corpus.sets:
        return
    unimodal = [Cell(name, (name,)) for name in scores.corpus.sets]
    table_2 = [cell for seeds in cells_of_losses(options).values() for cell in seeds]
    experiment.note_weighting(run, options.weighting, len(TARGETS))
    trials = searched(options)
    yield "Training", list(dict.fromkeys(unimodal + table_2 + trials))
    best = max(trials, key=lambda cell: scores.average(cell.model)).factors
    run.note(f"Best weights of {', '.join(TARGETS)} on Devel in the search ({len(trials)} trials): {best}.")
    yield "Training pairs", pairs(scores)


def cells_of_losses(options: Options) -> dict[str, list[Cell]]:
    """Return the networks of table 2: name of a loss -> one network per seed."""
    losses = {row: Cell(f"{FAU}_{row.lower()}", (FAU,), factors) for row, (factors, _) in TABLE_2.items()}
    losses |= {"MTL2": Cell(FAU, (FAU,)), "MSE-equal": replace(losses["MSE-equal"], loss="mse")}
    if options.weighting != "static":
        losses[options.weighting] = Cell(f"{FAU}_{options.weighting}", (FAU,), weighting=options.weighting)
    further_seeds = range(1, options.seeds)
    return {
        loss: [cell, *(replace(cell, model=f"{cell.model}_seed-{n}", seed=options.seed + n) for n in further_seeds)]
        for loss, cell in losses.items()
    }


def pairs(scores: TraceScores) -> list[Cell]:
    """Return the networks for early fusion of each pair of the best sets."""
    best = sorted(scores.corpus.sets, key=lambda name: -scores.average(name))[:N_PAIRED]
    return [Cell(f"{one}-{other}", (one, other)) for one, other in itertools.combinations(best, 2)]


def searched(options: Options) -> list[Cell]:
    """Return the networks of the random search of the three factors, on the FAU functionals (section 5)."""
    trials = options.trials or (QUICK_TRIALS if options.quick else TRIALS)
    return [
        Cell("-".join([f"{FAU}_search", *(f"{round(10 * w)}" for w in point.values())]), (FAU,), tuple(point.values()))
        for point in draw_points(TARGETS, trials, options.seed)
    ]


def build(run: Run, scores: TraceScores, options: Options, cell: Cell) -> Training:
    """Build the LSTM regressor for some feature sets, with a CCC loss for each target."""
    import keras

    from kerasemo.losses import CCCLoss
    from kerasemo.metrics import CCC
    from kerasemo.models.lstm_regressor import lstm_regressor

    items = scores.corpus.items(cell.sets)
    # A head without a loss stays as it starts: from zeros its CCC would be exactly 0.
    heads = {t: options.heads if factor else "glorot_uniform" for t, factor in zip(TARGETS, cell.factors, strict=True)}
    loss = CCCLoss(options.per_recording) if cell.loss == "ccc" else keras.losses.MeanSquaredError()
    return Training(
        lstm_regressor({name: x.shape[-1] for name, x in items["train"].inputs.items()}, head_initializer=heads),
        dict.fromkeys(TARGETS, loss),
        keras.optimizers.RMSprop(LEARNING_RATE),
        items,
        BATCH_SIZE,
        weighting=cell.weighting,
        weights=dict(zip(TARGETS, cell.factors, strict=True)) if cell.weighting == "static" else None,
        metrics={target: [CCC()] for target in TARGETS},
        description={"feature_sets": {name: FEATURE_SETS[name] for name in cell.sets}, "shift": scores.corpus.shift},
        write_predictions=lambda model: scores.write(cell.model, model, cell.sets, items["validation"]),
    )


def candidates(scores: TraceScores) -> list[str]:
    """Return the models to choose from for the fusion."""
    return sorted(scores.corpus.given) or [*scores.corpus.sets, *(cell.model for cell in pairs(scores))]


def rows(outcome: Outcome) -> Iterator[dict]:
    """Yield the rows of table 2, the weight search and table 3."""
    scores, options = outcome.corpus, outcome.options
    if scores.corpus.sets:
        for loss, seeds in cells_of_losses(options).items():
            _, published = TABLE_2.get(loss, (None, None))
            yield from scores.over_seeds("Table 2", loss, [cell.model for cell in seeds], published)
        trials = [cell.model for cell in searched(options)]
        yield from scores.best("Weight search", "Best of the searched weights", trials, BEST_PUBLISHED)
    table_3 = {
        BASELINE: [model for model in scores.corpus.given if model == ORGANISERS_FAU],
        "Unimodal": scores.corpus.sets or candidates(scores),
        "Bimodal early fusion": [cell.model for cell in pairs(scores)],
    }
    for row, models in table_3.items():
        yield from scores.best("Table 3", row, models, TABLE_3[row])
    yield from scores.fusion_rows(outcome, "Table 3", candidates(scores), FUSIONS, N_FUSED, LATE, TABLE_3)


def figures(outcome: Outcome, results: list[dict]) -> None:
    """Draw the average CCC of each table."""
    averages = [row for row in results if row["metric"] == f"CCC {scoring.AVERAGE}"]
    for table in ("Table 2", "Weight search", "Table 3"):
        outcome.draw_scores(averages, table, table.lower().replace(" ", "_"), alt=f"{table}: average CCC")


def proposed(outcome: Outcome) -> str | None:
    """Save one network from feature sets to fused traces: the recommended fusion, fitted on all of Devel."""
    scores = outcome.corpus
    return scores.save_recommended("fusion", candidates(scores), N_FUSED)


STUDY = Study(PAPER, Options, EPOCHS, read, networks, build, rows, figures, proposed)

if __name__ == "__main__":
    STUDY.main(__doc__)
