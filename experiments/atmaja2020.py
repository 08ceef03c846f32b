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
from functools import partial
from typing import Literal

from kerasemo import experiment
from kerasemo.corpora.avec2019 import TARGETS
from kerasemo.corpora.synthetic import SyntheticSewa
from kerasemo.experiment import Outcome, Paper, Stage, Study, Training
from kerasemo.experiment.trace_cells import TraceCell, trace_training
from kerasemo.experiment.trace_corpus import TraceCorpus
from kerasemo.experiment.traces import TraceScores
from kerasemo.fusion import scoring
from kerasemo.training.run import Run
from kerasemo.training.weight_search import draw_points

PAPER = Paper(
    "atmaja2020",
    "Multitask Learning and Multistage Fusion for Dimensional Audiovisual Emotion Recognition",
    "Atmaja and Akagi 2020, Japan Advanced Institute of Science and Technology",
)

EPOCHS, TRIALS = (50, 4), (20, 2)  # the second of each under --quick
BATCH_SIZE, LEARNING_RATE = 34, 5e-4
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
ORGANISERS_FAU, LATE = "visual-func", "Multimodal late fusion"
TABLE_3 = {
    "Baseline, FAU functionals": (0.531, 0.565, 0.083, None),
    "Unimodal": BEST_PUBLISHED,
    "Bimodal early fusion": (0.552, 0.557, 0.284, 0.464),
    LATE: (0.627, 0.616, 0.292, 0.512),
    "Multistage fusion": (0.680, 0.656, 0.443, 0.593),
}
# Method -> row of further fusions. The first stage of the multistage fusion is the late fusion.
FUSIONS = {"mean": "Mean", "variance-matched-mean": "Variance-matched mean"}
FUSIONS |= {"within-between-ridge": "Within-between ridge", "auto": "Recommended fusion (auto)"}
CONTRADICTIONS = (
    "Table 2 of the paper prints .244 as the average of STL3, its cells give .255; the baseline's arousal is .531 in "
    "table 3 and .537 in the abstract. The published averages .464 and .512 are computed from the cells."
)


@dataclass(frozen=True, kw_only=True)
class Options(experiment.Options):
    weighting: experiment.WeightingName = experiment.weighting()
    seeds: int = experiment.training(1, "Number of seeds for table 2: --seed, --seed + 1, and so on.", min=1, max=1000)
    trials: int | None = experiment.training(None, f"Trials of the weight search.  [default: {TRIALS[0]}]", min=1)
    heads: Literal["zeros", "glorot_uniform"] = experiment.training("zeros", "Initial weights of heads with a loss.")
    shift: float = experiment.training(0.1, "Seconds by which labels are shifted; AVEC 2019: 2.0.", min=0, max=10)
    per_recording: bool = experiment.training(False, "Compute the CCC loss per recording, not over all frames.")
    scoring: Literal["plain", "avec"] = experiment.training("plain", "CCC of the tables; avec: variances by N - 1.")
    multistage: Literal["svr", "svr-authors"] = experiment.training("svr", "svr-authors: fuse as the authors' script.")


def read(run: Run, options: Options) -> TraceScores:
    """Read the user's corpus or the synthetic one; return the object that scores models on Devel."""
    root = experiment.corpus_root(PAPER.key, options, SyntheticSewa, {}, QUICK)
    corpus = TraceCorpus.read(run, root, FAU, options.shift)
    if len(corpus.sets) > N_PAIRED:
        run.note(f"Pairs consist of the {N_PAIRED} feature sets that are best on all of Devel, under both protocols.")
    run.note(CONTRADICTIONS)
    return TraceScores(run, options, corpus, options.scoring, FOLDS)


def networks(run: Run, scores: TraceScores, options: Options) -> Iterator[Stage]:
    """Yield single sets, the losses of table 2 and the weight search; then pairs of the best sets (section 6)."""
    if not (sets := scores.corpus.sets):
        return
    experiment.note_weighting(run, options.weighting, len(TARGETS))
    trials = searched(options)
    yield "Training", list(dict.fromkeys([*map(fusing, sets), *table_2(options), *trials]))
    best = max(trials, key=lambda cell: scores.average(cell.model)).factors
    run.note(f"Best weights of {', '.join(TARGETS)} on Devel in the search ({len(trials)} trials): {best}.")
    best_sets = sorted(sets, key=lambda name: -scores.average(name))[:N_PAIRED]
    yield "Training pairs", list(itertools.starmap(fusing, itertools.combinations(best_sets, 2)))


def fusing(*sets: str) -> TraceCell:
    """Return the network of one feature set, or of the early fusion of several."""
    return TraceCell("-".join(sets), sets, BEST_FACTORS)


def table_2(options: Options) -> dict[TraceCell, str]:
    """Return the networks of table 2, each with the name of its loss; further seeds follow the first."""
    losses = {row: TraceCell(f"{FAU}_{row.lower()}", (FAU,), factors) for row, (factors, _) in TABLE_2.items()}
    losses |= {"MTL2": fusing(FAU), "MSE-equal": replace(losses["MSE-equal"], loss="mse")}
    if (name := options.weighting) != "static":
        losses[name] = replace(fusing(FAU), model=f"{FAU}_{name}", weighting=name)
    return {
        replace(cell, model=f"{cell.model}_seed-{n}", seed=options.seed + n) if n else cell: loss
        for loss, cell in losses.items()
        for n in range(options.seeds)
    }


def searched(options: Options) -> list[TraceCell]:
    """Return the networks of the random search of the three factors, on the FAU functionals (section 5)."""
    points = draw_points(TARGETS, options.trials or TRIALS[options.quick], options.seed)
    names = ["-".join([f"{FAU}_search", *(f"{round(10 * w)}" for w in point.values())]) for point in points]
    return [TraceCell(name, (FAU,), tuple(point.values())) for name, point in zip(names, points, strict=True)]


def build(run: Run, scores: TraceScores, options: Options, cell: TraceCell) -> Training:
    """Build the LSTM regressor for some feature sets, with a CCC loss for each target."""
    from keras.optimizers import RMSprop

    from kerasemo.models.lstm_regressor import lstm_regressor

    # A head without a loss stays as it starts: from zeros its CCC would be exactly 0.
    heads = {t: options.heads if factor else "glorot_uniform" for t, factor in zip(TARGETS, cell.factors, strict=True)}
    network = partial(lstm_regressor, head_initializer=heads)
    return trace_training(scores, cell, network, RMSprop(LEARNING_RATE), BATCH_SIZE, options.per_recording)


def candidates(outcome: Outcome) -> list[str]:
    """Return the models to choose from for the fusion: those of others, or the networks of single sets and of pairs."""
    return sorted(outcome.corpus.corpus.given) or list(dict.fromkeys("-".join(cell.sets) for cell in outcome.cells))


def rows(outcome: Outcome) -> Iterator[dict]:
    """Yield the rows of table 2, the weight search and table 3."""
    scores, options, corpus = outcome.corpus, outcome.options, outcome.corpus.corpus
    if corpus.sets:
        for loss, seeds in itertools.groupby(cells := table_2(options), cells.get):
            _, published = TABLE_2.get(loss, (None, None))
            yield from scores.over_seeds("Table 2", loss, [cell.model for cell in seeds], published)
        trials = [cell.model for cell in searched(options)]
        yield from scores.best("Weight search", "Best of the searched weights", trials, BEST_PUBLISHED)
    models = candidates(outcome)
    baseline = [model for model in models if model == ORGANISERS_FAU]
    pairs = [cell.model for cell in outcome.cells if len(cell.sets) == 2]
    # The other rows of table 3 are fusions.
    for row, chosen in zip(TABLE_3, (baseline, corpus.sets or models, pairs), strict=False):
        yield from scores.best("Table 3", row, chosen, TABLE_3[row])
    fusions = {f"multistage-{options.multistage}": "Multistage fusion", **FUSIONS}
    yield from scores.fusion_rows(outcome, "Table 3", models, fusions, N_FUSED, LATE, TABLE_3)


def figures(outcome: Outcome, results: list[dict]) -> None:
    """Draw the average CCC of each table."""
    averages = [row for row in results if row["metric"] == f"CCC {scoring.AVERAGE}"]
    for table in ("Table 2", "Weight search", "Table 3"):
        outcome.draw_scores(averages, table, table.lower().replace(" ", "_"), alt=f"{table}: average CCC")


def proposed(outcome: Outcome) -> str | None:
    """Save one network from feature sets to fused traces: the recommended fusion, fitted on all of Devel."""
    return outcome.corpus.save_recommended("fusion", candidates(outcome), N_FUSED)


STUDY = Study(PAPER, Options, EPOCHS, read, networks, build, rows, figures, proposed)

if __name__ == "__main__":
    STUDY.main(__doc__)
