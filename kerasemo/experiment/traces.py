"""Scores of predicted traces, chosen and fitted on what they are scored on or on other dialogues, and their fusion."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from kerasemo import files
from kerasemo.corpora import avec2019
from kerasemo.evaluation.tables import COLUMNS
from kerasemo.experiment.options import Options
from kerasemo.fusion import methods, predictions, protocols, scoring
from kerasemo.fusion.mean import Mean
from kerasemo.fusion.selection import BestModels
from kerasemo.fusion.stage import Stage
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
        run: the run, in whose folder the predictions are.
        options: of the run.
        labels: recording -> traces.
        given: model -> recording -> traces, of models that the run has not trained.
        by: `plain` or `avec`, see `scoring.DDOF`.
        n_folds: folds of dialogues, at the most.
    """

    def __init__(
        self,
        run: Run,
        options: Options,
        labels: Mapping[str, np.ndarray],
        given: Mapping[str, Mapping[str, np.ndarray]],
        by: str,
        n_folds: int,
    ) -> None:
        self.run, self.options, self.labels, self.given = run, options, labels, given
        self.ddof = scoring.DDOF[by]
        self.groups, note = predictions.groups(sorted(labels))
        self.folds = None
        if "speaker" in options.protocols:
            n_folds = max(2, min(n_folds, len(set(self.groups))))
            self.folds = protocols.fold_of_recordings(self.groups, n_folds, options.seed)
        if note:
            run.note(note)

    def aligned(self, models: Sequence[str]) -> predictions.Aligned:
        """The predictions of some models beside the labels."""
        of_models = {
            model: self.given.get(model) or avec2019.read_traces(self.run.path / "predictions" / model)
            for model in models
        }
        return predictions.align(of_models, self.labels)

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

    def _score(self, data: predictions.Aligned, traces: np.ndarray) -> list[dict]:
        """The CCC of each target and of their average, with intervals by dialogue."""
        return scoring.score_rows(scoring.group_sums(data, traces, self.groups), self.ddof, self.options.seed)


def save_chain(run: Run, name: str, models: Sequence[str], stages: Sequence[Stage], folders: Mapping[str, str]) -> None:
    """Save the networks of some models and their fusion as one network.

    Args:
        run: the run that has trained them.
        name: of the whole.
        models: those that are fused, in order.
        stages: of the fitted fusion.
        folders: of each feature set.
    """
    from kerasemo.training.reproducible import one_thread

    one_thread()
    from kerasemo.fusion.network import chain_network
    from kerasemo.training.saving import load_network
    from kerasemo.training.sequences import SHIFT

    networks = {model: load_network(run.path / "checkpoints" / f"{model}.keras") for model in models}
    chain = chain_network(networks, stages, SHIFT)
    described = {"model": name, "feature_sets": {each: folders[each] for each in chain.input}}
    run.write_json(described, "checkpoints", f"{name}.json")
    with files.whole(run.path / "checkpoints" / f"{name}.keras") as temporary:
        chain.save(temporary)
