"""`kerasemo fuse`: fuses predictions of several models; gives scores, fused predictions and a fitted fusion."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from sklearn.base import BaseEstimator

from kerasemo import files
from kerasemo.corpora.avec2019 import PADDED_FRAMES
from kerasemo.corpora.avec2019_files import write_predictions, write_traces
from kerasemo.errors import InputError, WrongCall
from kerasemo.fusion import predictions as saved_predictions
from kerasemo.fusion import saved
from kerasemo.fusion.methods import DEFAULT, METHODS, estimator
from kerasemo.fusion.multistage import STAGES
from kerasemo.fusion.predictions import FUSED_MARK, Aligned
from kerasemo.fusion.protocols import HELD_OUT, IN_SAMPLE, fold_of_recordings, run_all
from kerasemo.fusion.scoring import DDOF, group_sums, score_rows

__all__ = ["PROTOCOLS", "Fused", "fuse"]

PROTOCOLS = {"in-sample": (IN_SAMPLE,), "held-out": (HELD_OUT,), "both": (IN_SAMPLE, HELD_OUT)}
_MARK_TEXT = "These predictions are from a fusion fitted on labels. Do not fuse them again on the same labels.\n"


@dataclass(frozen=True)
class Fused:
    """Results of a fusion.

    Args:
        rows: the rows of `results.json`: `method, stage, protocol, target, ccc, low, high, n, default`.
        default: the recommended method, always `methods.DEFAULT`; None if it is not one of the given methods.
        notes: sentences that the user should read.
        traces: `(method, protocol) -> recording -> frames x targets` of the last stage.
    """

    rows: list[dict[str, object]]
    default: str | None
    notes: list[str] = field(default_factory=list)
    traces: dict[tuple[str, str], dict[str, np.ndarray]] = field(default_factory=dict)


def fuse(
    predictions: Sequence[str | os.PathLike],
    labels: str | os.PathLike,
    *,
    methods: Sequence[str] = METHODS,
    stages: int = STAGES,
    protocol: str = "both",
    folds: int = 7,
    groups: str | os.PathLike | None = None,
    seed: int = 0,
    jobs: int = 1,
    out: str | os.PathLike | None = None,
    scoring: str = "plain",
) -> Fused:
    """Fuse saved predictions and score each method, stage and protocol, with bootstrap intervals over dialogues.

    Args:
        predictions: one folder per model, named after the model (see `avec2019_files.read_traces`).
        labels: the folder of the labels.
        methods: some of `methods.METHODS` and `methods.ON_REQUEST`.
        stages: number of stages of the multistage SVR.
        protocol: `in-sample` (fitted, chosen and scored on the same recordings, as in the paper), `held-out` (each
            dialogue is predicted by a fusion that was fitted without it), or `both`.
        folds: number of folds of dialogues, for the held-out protocol.
        groups: CSV file `recording,dialogue`; None: the dialogues of the corpus, if they are known.
        seed: seed of folds and intervals.
        jobs: number of parallel processes; it does not affect the results.
        out: folder to write, new or empty: `results.json`, `config.json` (options, models, dialogues, notes),
            `predictions/<method>.<protocol>/`, and the recommended method (or the first given one, if the recommended
            is not among them) fitted on all recordings, as `fusion.npz`, or `fusion.keras` if it is a network. None:
            nothing is written.
        scoring: `plain`, or `avec` with variances divided by N - 1.

    Returns:
        Scores, recommended method, notes and fused traces.

    Raises:
        InputError: See `predictions.load` and `predictions.groups`; or `out` is not empty.
        WrongCall: An option has an unknown value, or options cannot be combined.
    """
    if protocol not in PROTOCOLS or scoring not in DDOF:
        raise WrongCall(f"protocol must be one of {', '.join(PROTOCOLS)}, and scoring one of {', '.join(DDOF)}.")
    if not methods or len(set(methods)) < len(methods):
        raise WrongCall("at least one fusion method must be given, and none twice.")
    if out is not None and Path(out).exists() and (not Path(out).is_dir() or any(Path(out).iterdir())):
        raise InputError(f"{out} holds something already; give a new folder.")
    runs = [(method, part) for method in methods for part in PROTOCOLS[protocol]]
    estimators = {run: estimator(*run, stages) for run in runs}
    data = saved_predictions.load(predictions, labels)
    group_of, note = saved_predictions.groups(data.recordings, groups)
    notes = [note] if note else []
    notes += [f"The {name} is constant and gives no information." for name in saved_predictions.constant(data)]
    fold_of = fold_of_recordings(group_of, folds, seed) if HELD_OUT in PROTOCOLS[protocol] else None
    outputs = run_all(estimators, data, group_of, fold_of, jobs)
    fused = _scored(outputs, data, group_of, DDOF[scoring], seed, notes)
    if out is not None:
        config = {
            "models": data.models,
            "dialogue_of": dict(zip(data.recordings, group_of, strict=True)),
            "stages": stages,
            "protocol": protocol,
            "folds": folds,
            "seed": seed,
            "scoring": scoring,
            "notes": fused.notes,
        }
        to_save = estimator(fused.default or methods[0], HELD_OUT, stages)
        _write(Path(out), fused, data, group_of, to_save, config)
    return fused


def _scored(
    outputs: dict[tuple[str, str], list[np.ndarray]],
    data: Aligned,
    group_of: Sequence[str],
    ddof: int,
    seed: int,
    notes: list[str],
) -> Fused:
    sums = {run: [group_sums(data, stage, group_of) for stage in stages] for run, stages in outputs.items()}
    rows = [
        {"method": method, "stage": number, "protocol": protocol, **row, "default": method == DEFAULT}
        for (method, protocol), stages in sums.items()
        for number, stage_sums in enumerate(stages, start=1)
        for row in score_rows(stage_sums, ddof, seed)
    ]
    traces = {run: data.split(stages[-1]) for run, stages in outputs.items()}
    return Fused(rows, DEFAULT if any(row["default"] for row in rows) else None, notes, traces)


def _write(
    out: Path, fused: Fused, data: Aligned, group_of: Sequence[str], to_save: BaseEstimator, config: dict
) -> None:
    """Write all results and a fusion fitted on all recordings into a new folder, completely or not at all."""
    with files.whole(out) as folder:
        folder.mkdir()
        for (method, protocol), traces in fused.traces.items():
            target = folder / "predictions" / f"{method}.{protocol}"
            longest = max(map(len, traces.values()))
            (write_predictions if longest <= PADDED_FRAMES else write_traces)(target, traces)
            (target / FUSED_MARK).write_text(_MARK_TEXT, encoding="utf-8")
        fitted = to_save.fit(data.inputs, data.labels, data.lengths, group_of)
        if hasattr(fitted, "stages"):
            saved.save(folder / "fusion.npz", data.models, fitted.stages())
        else:
            fitted.network_.save(folder / "fusion.keras")
        (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
        (folder / "results.json").write_text(json.dumps(fused.rows, indent=1) + "\n", encoding="utf-8")
