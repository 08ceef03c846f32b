"""Scores and fusion of predicted traces; choices are made on the scored dialogues (in-sample) or on other ones."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from kerasemo import files
from kerasemo.corpora import avec2019, avec2019_files
from kerasemo.evaluation.tables import COLUMNS
from kerasemo.experiment.options import Options
from kerasemo.experiment.outcome import Outcome
from kerasemo.experiment.trace_corpus import TraceCorpus
from kerasemo.fusion import methods, predictions, protocols, scoring
from kerasemo.fusion.mean import Mean
from kerasemo.fusion.selection import BestModels
from kerasemo.reporting import fusion_figures
from kerasemo.training.run import Run

if TYPE_CHECKING:
    from kerasemo.training.items import Items
    from kerasemo.training.joint_model import JointModel

__all__ = ["PARTS", "Fused", "TraceScores"]

PARTS = {"paper": protocols.IN_SAMPLE, "speaker": protocols.HELD_OUT}
"""Under `paper`, models are chosen and fusions fitted in-sample; under `speaker`, again for each held-out fold."""


@dataclass(frozen=True)
class Fused:
    """The scores of fusions.

    Attributes:
        stages: (row, protocol) -> the scores after each stage.
        curves: data of the figure of scores by stage, see `fusion_figures.ccc_per_stage`.
    """

    stages: dict[tuple[str, str], list[list[dict]]] = field(default_factory=dict)
    curves: list[dict] = field(default_factory=list)


class TraceScores:
    """Scores predictions of recordings under both protocols.

    Args:
        run: the run folder, which contains the predictions of the trained models.
        options: options of the run.
        corpus: labels, and predictions of other models.
        by: definition of the CCC, `plain` or `avec`, see `scoring.DDOF`.
        n_folds: largest number of folds of dialogues.
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
        """Return the predictions of some models, aligned with the labels.

        Args:
            models: names of models, trained in this run or given with the corpus.
        """
        predicted = {
            model: self.corpus.given.get(model) or avec2019_files.read_traces(self.run.path / "predictions" / model)
            for model in models
        }
        return predictions.align(predicted, self.corpus.devel)

    def write(self, name: str, model: "JointModel", sets: Sequence[str], items: "Items") -> None:
        """Write the predictions of a trained network to the run folder, in the format of the challenge.

        Args:
            name: name of the model.
            model: the network.
            sets: its feature sets.
            items: the recordings of Devel. Recordings of Test, if the corpus has them, go to `predictions_test`.
        """
        from kerasemo.training.sequences import predict

        for folder, each in (("predictions", items), ("predictions_test", self.corpus.unlabelled_items(sets))):
            if each is not None:
                traces = predict(model, each, self.corpus.shift)
                avec2019_files.write_predictions(self.run.file(folder, name), traces)

    def average(self, model: str) -> float:
        """Return the average CCC of one model on all recordings.

        Args:
            model: name of the model.
        """
        data = self.aligned([model])
        return scoring.average(scoring.group_sums(data, data.inputs, self.groups))

    def best(self, table: str, row: str, models: Sequence[str], published: Sequence[float] | None = None) -> list[dict]:
        """Return the rows of the best of some models, over all languages and in each.

        Args:
            table, row: name of the table, and of the row in it.
            models: the models to choose from, or a single one; without any, only the published scores are given.
            published: published scores, as in `rows`.
        """
        if not models:
            return [
                line
                for protocol in self.options.protocols
                for line in self.rows(table, row, protocol, _unknown(), published)
                if published and line["published"] is not None
            ]
        data = self.aligned(models)
        estimators = {(row, PARTS[protocol]): BestModels(Mean(), n_models=1) for protocol in self.options.protocols}
        traces = protocols.run_all(estimators, data, self.groups, self.folds, jobs=1)
        rows = []
        for protocol in self.options.protocols:
            sums = scoring.group_sums(data, traces[row, PARTS[protocol]][0], self.groups)
            rows += self.rows(table, row, protocol, self._score(sums), published)
            for language, chosen in self._languages().items():
                rows += self.rows(f"{table}, by language", f"{row}, {language}", protocol, self._score(sums[chosen]))
        return rows

    def over_seeds(
        self, table: str, row: str, models: Sequence[str], published: Sequence[float | None] | None = None
    ) -> list[dict]:
        """Return the rows of the first of several models that only differ in their seed, and of the seeds together.

        Args:
            table, row, published: as in `best`.
            models: the models; with two or more, the mean and the standard deviation of their scores are given.
        """
        lines = self.best(table, row, models[:1], published)
        if len(models) < 2:
            return lines
        data = [self.aligned([model]) for model in models]
        scores = np.array(
            [
                [score["ccc"] for score in self._score(scoring.group_sums(each, each.inputs, self.groups))]
                for each in data
            ]
        )
        statistics = {
            f"{row}, mean of {len(models)} seeds": (scores.mean(axis=0), published),
            f"{row}, deviation over seeds": (scores.std(axis=0, ddof=1), None),
        }
        for protocol in self.options.protocols:
            for label, (values, known) in statistics.items():
                lines += self.rows(table, label, protocol, _unknown(values, len(data[0].labels)), known)
        return lines

    def fuse(self, models: Sequence[str], fusions: Mapping[str, str], n_fused: int) -> Fused:
        """Fuse the best models with some methods.

        Args:
            models: the models to choose from.
            fusions: name of a method -> its row.
            n_fused: number of models to fuse.

        Returns:
            The scores.
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
                stages = [self._score(scoring.group_sums(data, stage, self.groups)) for stage in traces[row, part]]
                fused.stages[row, protocol] = stages
                fused.curves.extend(
                    {"method": row, "stage": number, "protocol": part, **score}
                    for number, scores in enumerate(stages, start=1)
                    for score in scores
                )
        return fused

    def fusion_rows(
        self,
        outcome: Outcome,
        table: str,
        models: Sequence[str],
        fusions: Mapping[str, str],
        n_fused: int,
        late: str,
        published: Mapping[str, Sequence[float | None]],
    ) -> Iterator[dict]:
        """Yield the rows of fused models, draw figure 3, the scores by stage, and note what to know of the methods.

        Args:
            outcome: the finished study, for the figure.
            table: name of the table.
            models, fusions, n_fused: as in `fuse`.
            late: row for the first stage of a fusion with several stages.
            published: row -> published scores.
        """
        for sentence in (methods.NOTES[method] for method in fusions if method in methods.NOTES):
            self.run.note(sentence)
        fused = self.fuse(models, fusions, n_fused)
        figure = fusion_figures.ccc_per_stage(fused.curves, "Figure 3: CCC by the number of stages", outcome.notice)
        outcome.save(figure, "figure_3", fusion_figures.described(fused.curves))
        for (row, protocol), stages in fused.stages.items():
            if len(stages) > 1:
                yield from self.rows(table, late, protocol, stages[0], published[late])
            yield from self.rows(table, row, protocol, stages[-1], published.get(row))

    def rows(
        self, table: str, row: str, protocol: str, scores: Sequence[dict], published: Sequence[float] | None = None
    ) -> list[dict]:
        """Return rows of the results: one for each target, and one for their average.

        Args:
            table, row, protocol: as in `tables.score_row`.
            scores: scores of each target and of their average, see `scoring.score_rows`.
            published: published scores, in the same order.
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
        """Save the networks of the best models, with their recommended fusion fitted on all of Devel, as one network.

        Args:
            name: name of the saved network.
            models, n_fused: as in `fuse`.

        Returns:
            The name; None if the models are not networks of this run.
        """
        if not self.corpus.sets:
            return None
        if self.run.has_trained(name):
            return name
        from kerasemo.training.reproducible import one_thread

        one_thread()
        from kerasemo.fusion.network import chain_network
        from kerasemo.training.saving import load_network

        data = self.aligned(models)
        fusion = BestModels(methods.estimator(methods.DEFAULT, protocols.HELD_OUT), n_fused)
        fusion.fit(data.inputs, data.labels, data.lengths, self.groups)
        best = [models[number] for number in fusion.models_]
        networks = {model: load_network(self.run.path / "checkpoints" / f"{model}.keras") for model in best}
        chain = chain_network(networks, fusion.estimator_.stages(), self.corpus.shift)
        folders = {feature_set: avec2019.FEATURE_SETS[feature_set] for feature_set in chain.input}
        self.run.write_json({"model": name, "feature_sets": folders}, "checkpoints", f"{name}.json")
        with files.whole(self.run.path / "checkpoints" / f"{name}.keras") as temporary:
            chain.save(temporary)
        return name

    def _languages(self) -> dict[str, list[int]]:
        """Return the places of each language in the sums by group, which are sorted; empty if there is only one."""
        spoken = {g: avec2019.language(name) for name, g in zip(sorted(self.corpus.devel), self.groups, strict=True)}
        groups = sorted(spoken)
        languages = sorted(set(spoken.values()))
        places = {each: [n for n, group in enumerate(groups) if spoken[group] == each] for each in languages}
        return places if len(languages) > 1 else {}

    def _score(self, sums: np.ndarray) -> list[dict]:
        """Return the CCC of each target and of their average, with intervals by dialogue; see `scoring.group_sums`."""
        return scoring.score_rows(sums, self.ddof, self.options.seed)


def _unknown(values: Sequence[float | None] = (None,) * 4, n: int = 0) -> list[dict]:
    """Return scores of the targets and their average without an interval, see `scoring.score_rows`."""
    names = [*avec2019.TARGETS, scoring.AVERAGE]
    return [
        {"target": name, "ccc": value if value is None else float(value), "low": None, "high": None, "n": n}
        for name, value in zip(names, values, strict=True)
    ]
