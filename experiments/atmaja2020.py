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
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Literal

import numpy as np
import typer

from kerasemo import experiment, files
from kerasemo.corpora import avec2019
from kerasemo.corpora.synthetic import write_sewa
from kerasemo.errors import InputError
from kerasemo.evaluation import tables
from kerasemo.experiment import Debug, Epochs, Jobs, Out, Protocol, Quick, Resume, Root, Scheduler, Seed, Weighting
from kerasemo.fusion import methods, predictions, protocols, scoring
from kerasemo.fusion.mean import Mean
from kerasemo.fusion.selection import BestModels
from kerasemo.fusion.stage import Stage
from kerasemo.reporting import charts, figures, fusion_figures
from kerasemo.training.grid import run_cells
from kerasemo.training.run import Run
from kerasemo.training.weight_search import search_weights

KEY = "atmaja2020"
TITLE = "Multitask Learning and Multistage Fusion for Dimensional Audiovisual Emotion Recognition"
CITATION = "Atmaja and Akagi 2020, Japan Advanced Institute of Science and Technology"

EPOCHS, QUICK_EPOCHS = 50, 4
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
NOTHING = (None,) * 4
PARTS = {"paper": protocols.IN_SAMPLE, "speaker": protocols.HELD_OUT}
# The first stage of the multistage SVR is the late fusion.
FUSIONS = {
    "multistage-svr": "Multistage fusion",
    "mean": "Mean",
    "variance-matched-mean": "Variance-matched mean",
    "within-between-ridge": "Within-between ridge",
}

Seeds = Annotated[int, typer.Option(min=1, help="Train the networks of table 2 from as many seeds, --seed and on.")]
Trials = Annotated[int | None, typer.Option(min=1, help=f"Points of the weight search.  [default: {TRIALS}]")]
Scoring = Annotated[
    Literal["plain", "avec"], typer.Option(help="Of the tables. plain: CCC by N throughout. avec: variances by N - 1.")
]

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


@app.command(help=__doc__)
def main(
    context: typer.Context,
    jobs: Jobs,
    root: Root = None,
    protocol: Protocol = "both",
    seed: Seed = 0,
    epochs: Epochs = None,
    quick: Quick = False,
    weighting: Weighting = "static",
    seeds: Seeds = 1,
    trials: Trials = None,
    scoring: Scoring = "plain",
    scheduler: Scheduler = None,
    out: Out = Path("runs"),
    resume: Resume = None,
    debug: Debug = False,
) -> None:
    with experiment.session(context, KEY, TITLE, CITATION) as run:
        reproduce(run, SimpleNamespace(**run.config["options"]))


def reproduce(run: Run, options: SimpleNamespace) -> None:
    """The whole paper, from the corpus to the tables and figures."""
    corpus = read_corpus(run, options)
    train = partial(train_cell, run.path, options, corpus)
    measure = Measure(run, options, corpus)
    if corpus.sets:
        unimodal = [Cell(name, (name,), LOSSES["MTL2"]) for name in corpus.sets]
        losses = {loss: Cell(f"{FAU}_{loss.lower()}", (FAU,), factors) for loss, factors in LOSSES.items()}
        losses["MTL2"] = Cell(FAU, (FAU,), LOSSES["MTL2"])
        if options.weighting != "static":
            name = options.weighting
            losses[name] = Cell(f"{FAU}_{name}", (FAU,), LOSSES["MTL2"], weighting=name)
        repeated = {loss: [reseeded(cell, n) for n in range(1, options.seeds)] for loss, cell in losses.items()}
        cells = [*unimodal, *losses.values(), *itertools.chain.from_iterable(repeated.values())]
        run_cells(train, list(dict.fromkeys(cells)), options.jobs, "Training", options.scheduler)
        for loss, cell in losses.items():
            measure("Table 2", loss, [cell.name], published=TABLE_2.get(loss, NOTHING))
            for other in repeated[loss]:
                measure("Table 2", f"{loss}, seed {options.seed + other.seed}", [other.name])
        searched = search(run, options, corpus)
        measure("Weight search", "Best of the searched weights", searched, published=TABLE_2["MTL2"])
        pairs = plan_pairs(measure, unimodal)
        run_cells(train, pairs, options.jobs, "Training pairs", options.scheduler)
        unimodal, pairs = [cell.name for cell in unimodal], [cell.name for cell in pairs]
        measure("Table 3", "Unimodal", unimodal, published=TABLE_3["Unimodal"])
        measure("Table 3", "Bimodal early fusion", pairs, published=TABLE_3["Bimodal early fusion"])
        candidates = [*unimodal, *pairs]
    else:
        candidates = sorted(corpus.given)
        measure("Table 3", "Unimodal", candidates, published=TABLE_3["Unimodal"])
    fuse(measure, candidates)
    draw(run, measure)
    if corpus.sets:
        export_chain(run, measure, candidates)
    tables.write(measure.rows, run.path, run.config["notice"], run.config["notes"])


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
    """One network to train: name, feature sets, factors of its losses, how far its seed is from the run's, and a
    weighting that learns in the factors' place."""

    name: str
    sets: tuple[str, ...]
    factors: tuple[float, float, float]
    seed: int = 0
    weighting: str = "static"


def read_corpus(run: Run, options: SimpleNamespace) -> Corpus:
    """The user's corpus, or the synthetic one."""
    size = QUICK if options.quick else {}
    root = Path(options.root or experiment.synthetic_root(KEY, write_sewa, options, **size))
    labels = avec2019.read_traces(root / "labels")
    sets = read_sets(run, root, labels)
    devel, train = (
        {recording: trace for recording, trace in labels.items() if avec2019.partition(recording) == partition}
        for partition in ("Devel", "Train")
    )
    if not devel:
        raise InputError(f"{root / 'labels'} has no recording of Devel, which is what is scored.")
    experiment.name_corpus(run, root, "AVEC 2019 CES", "SEWA", classes={})
    given = {}
    if sets:
        if not train or FAU not in sets:
            raise InputError(f"{root} needs labels of Train and the feature set {SETS[FAU]} beside those it has.")
        run.note(f"{len(train)} recordings train, {len(devel)} are scored; {len(sets)} feature sets.")
        if len(sets) > N_PAIRED:
            run.note(f"The {N_PAIRED} sets that are paired are the best on all of Devel, under both protocols.")
    else:
        given = read_predictions(root)
        run.note(
            f"{root.name} has no features, so that no network is trained; {len(given)} saved predictions are fused, "
            "tables 2 and 3 lack the rows of the networks, and what was published is of other models."
        )
    run.note(
        f"Multistage fusion chooses context and C in-sample, as the paper does; held out, only C, by inner folds, with "
        f"context {methods.HELD_OUT_CONTEXTS[0]}."
    )
    if missing := [SETS[name] for name in SETS if name not in sets] if sets else []:
        run.note(f"Feature sets that the corpus does not have: {', '.join(missing)}.")
    return Corpus(root, sets, devel, given)


def read_sets(run: Run, root: Path, labels: dict[str, np.ndarray]) -> list[str]:
    """The feature sets that are there, all checked before anything is trained."""
    sets = []
    for name in [name for name, folder in SETS.items() if (root / folder).is_dir()]:
        try:
            features = avec2019.read_features(root / SETS[name])
        except avec2019.OtherRate as error:
            run.note(f"Left out, for its descriptors have a rate of their own: {error}")
            continue
        if missing := sorted(set(labels) - set(features)):
            raise InputError(f"{root / SETS[name]} has no {missing[0]}.csv, which has labels.")
        sets.append(name)
    return sets


def read_predictions(root: Path) -> dict[str, dict[str, np.ndarray]]:
    """The predictions of single models; what the organisers fused in-sample has seen the labels and stays out."""
    folders = [path for path in sorted((root / "predictions").glob("*")) if path.is_dir()]
    if not folders:
        raise InputError(f"{root} holds neither feature sets such as {SETS[FAU]} nor predictions/<model>/.")
    return predictions.read([folder for folder in folders if folder.name != predictions.ORGANISERS_FUSION])


def reseeded(cell: Cell, n: int) -> Cell:
    """The same network from another seed."""
    return replace(cell, name=f"{cell.name}_seed-{n}", seed=n)


def plan_pairs(measure: "Measure", unimodal: list[Cell]) -> list[Cell]:
    """Early fusion of each pair of the best sets (section 6)."""
    best = sorted(unimodal, key=lambda cell: -measure.average(cell.name))[:N_PAIRED]
    return [
        Cell(f"{first.name}-{second.name}", (first.name, second.name), LOSSES["MTL2"])
        for first, second in itertools.combinations(best, 2)
    ]


def train_cell(run_path: Path, options: SimpleNamespace, corpus: Corpus, cell: Cell) -> None:
    """Train one network; what is trained already stays."""
    import keras

    from kerasemo.losses import CCCLoss
    from kerasemo.metrics import CCC
    from kerasemo.models.lstm_regressor import lstm_regressor
    from kerasemo.training.joint_model import JointModel
    from kerasemo.training.reproducible import seed_everything
    from kerasemo.training.sequences import SHIFT, predict, sequence_items
    from kerasemo.training.train import train_network
    from kerasemo.weighting import WEIGHTINGS, Static

    run = Run(run_path)
    if run.has_trained(cell.name):
        return
    seed_everything(options.seed + cell.seed)
    features = {name: avec2019.read_features(corpus.root / SETS[name]) for name in cell.sets}
    labels = avec2019.read_traces(corpus.root / "labels")
    items = {
        name: sequence_items(features, {r: t for r, t in labels.items() if avec2019.partition(r) == partition})
        for name, partition in {"train": "Train", "validation": "Devel"}.items()
    }
    network = lstm_regressor({name: array.shape[-1] for name, array in items["train"].inputs.items()})
    static = Static(dict(zip(avec2019.TARGETS, cell.factors, strict=True)))
    model = JointModel(
        network.input,
        network.output,
        losses={target: CCCLoss() for target in avec2019.TARGETS},
        weighting=static if cell.weighting == "static" else WEIGHTINGS[cell.weighting](avec2019.TARGETS),
        name="lstm_regressor",
    )
    model.compile(
        keras.optimizers.RMSprop(LEARNING_RATE), weighted_metrics={target: [CCC()] for target in avec2019.TARGETS}
    )
    train_network(
        run,
        cell.name,
        model,
        items,
        write_predictions=lambda: avec2019.write_predictions(
            run.file("predictions", cell.name), predict(model, items["validation"])
        ),
        description={"feature_sets": {name: SETS[name] for name in cell.sets}, "shift": SHIFT},
        epochs=options.epochs or (QUICK_EPOCHS if options.quick else EPOCHS),
        batch_size=BATCH_SIZE,
        seed=options.seed + cell.seed,
    )


def search(run: Run, options: SimpleNamespace, corpus: Corpus) -> list[str]:
    """Random search of the three factors on the FAU functionals (section 5); the names of the networks."""
    found = search_weights(
        partial(searched_value, run.path, options, corpus),
        avec2019.TARGETS,
        options.trials or (QUICK_TRIALS if options.quick else TRIALS),
        options.seed,
        run.file("weights.journal"),
        options.jobs,
        options.scheduler,
    )
    best = ", ".join(f"{target} {weight:g}" for target, weight in found.best.items())
    run.note(f"Of {len(found.trials)} searched weights the best on Devel are {best}.")
    return [searched_cell(point).name for point in found.trials[list(avec2019.TARGETS)].to_dict("records")]


def searched_cell(point: dict[str, float]) -> Cell:
    tenths = "-".join(f"{round(10 * weight)}" for weight in point.values())
    return Cell(f"{FAU}_search-{tenths}", (FAU,), tuple(point.values()))


def searched_value(run_path: Path, options: SimpleNamespace, corpus: Corpus, point: dict[str, float]) -> float:
    """The average CCC on Devel of the network trained with these factors."""
    cell = searched_cell(point)
    train_cell(run_path, options, corpus, cell)
    return Measure(Run(run_path), options, corpus).average(cell.name)


class Measure:
    """Scores predictions on Devel under both protocols, and gathers the rows of the tables.

    What is chosen or fitted on Devel is `in-sample` under `paper`, and under `speaker` done anew for each fold of
    dialogues and scored on the fold.
    """

    def __init__(self, run: Run, options: SimpleNamespace, corpus: Corpus):
        self.run, self.corpus, self.seed, self.jobs = run, corpus, options.seed, options.jobs
        self.ddof = scoring.DDOF[options.scoring]
        self.groups, note = predictions.groups(sorted(corpus.labels))
        self.protocols = experiment.chosen_protocols(options)
        self.folds = None
        if "speaker" in self.protocols:
            n_folds = max(2, min(FOLDS, len(set(self.groups))))
            self.folds = protocols.fold_of_recordings(self.groups, n_folds, options.seed)
        self.rows: list[dict] = []
        self.curves: list[dict] = []
        if note:
            run.note(note)

    def aligned(self, models: list[str]) -> predictions.Aligned:
        """The predictions of some models beside the labels."""
        return predictions.align({model: self._traces(model) for model in models}, self.corpus.labels)

    def average(self, model: str) -> float:
        """The average CCC of one model on all of Devel."""
        data = self.aligned([model])
        return scoring.average(scoring.group_sums(data, data.inputs, self.groups))

    def __call__(self, table: str, row: str, models: list[str], published: tuple = NOTHING) -> None:
        """Add the rows of the best of some models; of a single one, of that."""
        data = self.aligned(models)
        best = {(row, PARTS[protocol]): BestModels(Mean(), n_models=1) for protocol in self.protocols}
        fused = protocols.run_all(best, data, self.groups, self.folds, jobs=1)
        for protocol in self.protocols:
            (traces,) = fused[row, PARTS[protocol]]
            self.add(table, row, protocol, self.scores(data, traces), published)

    def scores(self, data: predictions.Aligned, traces: np.ndarray) -> list[dict]:
        """The CCC of each target and of their average, with intervals by dialogue."""
        return scoring.score_rows(scoring.group_sums(data, traces, self.groups), self.ddof, self.seed)

    def add(self, table: str, row: str, protocol: str, scores: list[dict], published: tuple) -> None:
        """Add a row to a table."""
        self.rows += [
            {
                "table": table,
                "row": row,
                "model": row.lower().replace(" ", "_"),
                "metric": f"CCC {score['target']}",
                "protocol": protocol,
                "corpus": self.run.config["corpus"],
                "published": number,
                "measured": score["ccc"],
                **{name: score[name] for name in ("low", "high", "n")},
            }
            for score, number in zip(scores, published, strict=True)
        ]

    def _traces(self, model: str) -> dict[str, np.ndarray]:
        return self.corpus.given.get(model) or avec2019.read_traces(self.run.path / "predictions" / model)


def fuse(measure: Measure, models: list[str]) -> None:
    """Late and multistage fusion of the best models (table 3, figure 3), and beside them what else fuses."""
    data = measure.aligned(models)
    estimators = {
        (row, PARTS[protocol]): BestModels(methods.estimator(method, PARTS[protocol]), N_FUSED)
        for protocol in measure.protocols
        for method, row in FUSIONS.items()
    }
    fused = protocols.run_all(estimators, data, measure.groups, measure.folds, measure.jobs)
    for protocol in measure.protocols:
        for row in FUSIONS.values():
            scores = [measure.scores(data, traces) for traces in fused[row, PARTS[protocol]]]
            measure.curves += [
                {"method": row, "stage": number, "protocol": PARTS[protocol], **score}
                for number, of_stage in enumerate(scores, start=1)
                for score in of_stage
            ]
            if len(scores) > 1:
                measure.add("Table 3", LATE, protocol, scores[0], TABLE_3[LATE])
            measure.add("Table 3", row, protocol, scores[-1], TABLE_3.get(row, NOTHING))


def draw(run: Run, measure: Measure) -> None:
    """Figure 3, and a figure of each table's averages."""
    notice = run.config["notice"]
    averages = [row for row in measure.rows if row["metric"] == f"CCC {scoring.AVERAGE}"]
    for table in dict.fromkeys(row["table"] for row in averages):
        name = table.lower().replace(" ", "_")
        figures.save(
            charts.scores(averages, table, notice), run.file("figures", f"{name}.png"), f"{table}: average CCC"
        )
    figure = fusion_figures.ccc_per_stage(measure.curves, "Figure 3: CCC by the number of stages", notice)
    figures.save(figure, run.file("figures", "figure_3.png"), fusion_figures.described(measure.curves))


def export_chain(run: Run, measure: Measure, candidates: list[str]) -> None:
    """One SavedModel from feature sets to fused traces: the recommended fusion, fitted on all of Devel."""
    data = measure.aligned(candidates)
    fusion = BestModels(methods.estimator(methods.DEFAULT, protocols.HELD_OUT), N_FUSED)
    fusion.fit(data.inputs, data.labels, data.lengths, measure.groups)
    chosen = [candidates[number] for number in fusion.models_]
    if not run.has_trained(FUSION):
        save_chain(run, chosen, fusion.estimator_.stages())
    experiment.export_to_run(run, FUSION)


def save_chain(run: Run, models: list[str], stages: list[Stage]) -> None:
    """The networks of some models and their fusion as one network."""
    from kerasemo.training.reproducible import one_thread

    one_thread()
    from kerasemo.fusion.network import chain_network
    from kerasemo.training.saving import load_network
    from kerasemo.training.sequences import SHIFT

    networks = {model: load_network(run.path / "checkpoints" / f"{model}.keras") for model in models}
    chain = chain_network(networks, stages, SHIFT)
    run.write_json(
        {"model": FUSION, "feature_sets": {name: SETS[name] for name in chain.input}}, "checkpoints", f"{FUSION}.json"
    )
    with files.whole(run.path / "checkpoints" / f"{FUSION}.keras") as temporary:
        chain.save(temporary)


if __name__ == "__main__":
    app()
