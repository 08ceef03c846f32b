"""Scores of predicted traces, chosen and fitted on what they are scored on or on other dialogues, and their fusion."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from kerasemo import files
from kerasemo.corpora import avec2019
from kerasemo.evaluation.tables import COLUMNS
from kerasemo.experiment.options import Options
from kerasemo.experiment.trace_corpus import TraceCorpus
from kerasemo.fusion import methods, predictions, protocols, scoring
from kerasemo.fusion.mean import Mean
from kerasemo.fusion.selection import BestModels
from kerasemo.training.run import Run

PARTS = {"paper": protocols.IN_SAMPLE, "speaker": protocols.HELD_OUT}
"""What is chosen or fitted is `in-sample` under `paper`, and under `speaker` done anew for each fold of dialogues."""


@dataclass(frozen=True)
class Fused:
    """What fusions reach.

    Attributes:
        stages: (row, protocol) -> the scores after each stage.
        curves: rows of a figure by stage, see `fusion_figures.ccc_per_stage`.
    """

    stages: dict[tuple[str, str], list[list[dict]]] = field(default_factory=dict)
    curves: list[dict] = field(default_factory=list)


class TraceScores:
    """Scores predictions of recordings under both protocols.

    Args:
        run: the run, in whose folder the predictions of the models that it has trained are.
        options: of the run.
        corpus: the labels, and the predictions of other models.
        by: `plain` or `avec`, see `scoring.DDOF`.
        n_folds: folds of dialogues, at the most.
    """

    def __init__(self, run: Run, options: Options, corpus: TraceCorpus, by: str, n_folds: int) -> None:
        self.run, self.options, self.corpus = run, options, corpus
        self.ddof = scoring.DDOF[by]
        self.groups, note = predictions.groups(sorted(corpus.devel))
        self.folds = None
        if "speaker" in options.protocols:
            n_folds = max(2, min(n_folds, len(set(self.groups))))
            self.folds = protocols.fold_of_recordings(self.groups, n_folds, options.seed)
        if note:
            run.note(note)

    def aligned(self, models: Sequence[str]) -> predictions.Aligned:
        """The predictions of some models beside the labels."""
        of_models = {
            model: self.corpus.given.get(model) or avec2019.read_traces(self.run.path / "predictions" / model)
            for model in models
        }
        return predictions.align(of_models, self.corpus.devel)

    def write(self, model: str, traces: Mapping[str, np.ndarray]) -> None:
        """Keep what a model predicts, recording -> traces, in the run folder."""
        avec2019.write_predictions(self.run.file("predictions", model), traces)

    def average(self, model: str) -> float:
        """The average CCC of one model on all recordings."""
        data = self.aligned([model])
        return scoring.average(scoring.group_sums(data, data.inputs, self.groups))

    def best(self, table: str, row: str, models: Sequence[str], published: Sequence[float] | None = None) -> list[dict]:
        """The rows of the best of some models; of a single one, of that."""
        data = self.aligned(models)
        parts = {(row, PARTS[protocol]): BestModels(Mean(), n_models=1) for protocol in self.options.protocols}
        fused = protocols.run_all(parts, data, self.groups, self.folds, jobs=1)
        return [
            line
            for protocol in self.options.protocols
            for line in self.rows(table, row, protocol, self._score(data, fused[row, PARTS[protocol]][0]), published)
        ]

    def fuse(self, models: Sequence[str], fusions: Mapping[str, str], n_fused: int) -> Fused:
        """Fuse the best models by some methods.

        Args:
            models: to choose from.
            fusions: name of a method -> its row.
            n_fused: how many models to choose.
        """
        data = self.aligned(models)
        estimators = {
            (row, PARTS[protocol]): BestModels(methods.estimator(method, PARTS[protocol]), n_fused)
            for protocol in self.options.protocols
            for method, row in fusions.items()
        }
        traces = protocols.run_all(estimators, data, self.groups, self.folds, self.options.jobs)
        fused = Fused()
        for protocol in self.options.protocols:
            for row in fusions.values():
                part = PARTS[protocol]
                stages = [self._score(data, stage) for stage in traces[row, part]]
                fused.stages[row, protocol] = stages
                fused.curves.extend(
                    {"method": row, "stage": number, "protocol": part, **score}
                    for number, scores in enumerate(stages, start=1)
                    for score in scores
                )
        return fused

    def rows(
        self, table: str, row: str, protocol: str, scores: Sequence[dict], published: Sequence[float] | None = None
    ) -> list[dict]:
        """A row of the results for each target and the average.

        Args:
            table, row, protocol: as in `tables.score_row`.
            scores: of each target and of their average, see `scoring.score_rows`.
            published: likewise.
        """
        corpus, model = self.run.config["corpus"], row.lower().replace(" ", "_")
        return [
            dict(
                zip(
                    COLUMNS,
                    [table, row, model, f"CCC {score['target']}", protocol, corpus, number]
                    + [score[name] for name in ("ccc", "low", "high", "n")],
                    strict=True,
                )
            )
            for score, number in zip(scores, published or (None,) * len(scores), strict=True)
        ]

    def save_recommended(self, name: str, models: Sequence[str], n_fused: int) -> str | None:
        """Save the networks of the best models and the recommended fusion of them, fitted on all of Devel, as one.

        Args:
            name: of the whole.
            models, n_fused: as in `fuse`.

        Returns:
            The name; None where the models are none of the run's networks.
        """
        if not self.corpus.sets:
            return None
        if self.run.has_trained(name):
            return name
        from kerasemo.training.reproducible import one_thread

        one_thread()
        from kerasemo.fusion.network import chain_network
        from kerasemo.training.saving import load_network
        from kerasemo.training.sequences import SHIFT

        data = self.aligned(models)
        fusion = BestModels(methods.estimator(methods.DEFAULT, protocols.HELD_OUT), n_fused)
        fusion.fit(data.inputs, data.labels, data.lengths, self.groups)
        best = [models[number] for number in fusion.models_]
        networks = {model: load_network(self.run.path / "checkpoints" / f"{model}.keras") for model in best}
        chain = chain_network(networks, fusion.estimator_.stages(), SHIFT)
        folders = {feature_set: avec2019.FEATURE_SETS[feature_set] for feature_set in chain.input}
        self.run.write_json({"model": name, "feature_sets": folders}, "checkpoints", f"{name}.json")
        with files.whole(self.run.path / "checkpoints" / f"{name}.keras") as temporary:
            chain.save(temporary)
        return name

    def _score(self, data: predictions.Aligned, traces: np.ndarray) -> list[dict]:
        """The CCC of each target and of their average, with intervals by dialogue."""
        return scoring.score_rows(scoring.group_sums(data, traces, self.groups), self.ddof, self.options.seed)
