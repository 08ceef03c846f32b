"""How a fusion is judged: on the recordings it was fitted on, and on recordings of dialogues it has not seen."""

from collections.abc import Mapping, Sequence

import numpy as np
from joblib import delayed
from sklearn.base import BaseEstimator, clone
from threadpoolctl import threadpool_limits

from kerasemo.errors import InputError, WrongCall
from kerasemo.evaluation.protocols import draw_folds
from kerasemo.fusion.predictions import Aligned
from kerasemo.fusion.recordings import slices
from kerasemo.progress import track
from kerasemo.workers import side_by_side

IN_SAMPLE, HELD_OUT = "in-sample", "held-out"


def fold_of_recordings(groups: Sequence[str], folds: int, seed: int) -> np.ndarray:
    """The fold of each recording: whole groups, drawn at random, in folds of as many groups, one more or less.

    Args:
        groups: the group of each recording.
        folds: how many folds.
        seed: what the draw follows from.

    Raises:
        InputError: there are fewer than two groups.
        WrongCall: fewer than two folds, or more than groups.

    >>> fold_of_recordings(["a", "b", "a", "c"], folds=3, seed=0).tolist()
    [1, 2, 1, 0]
    """
    n = len(set(groups))
    if n < 2:
        raise InputError(f"holding dialogues out needs two of them, and there is {n}; score in-sample alone.")
    if not 2 <= folds <= n:
        raise WrongCall(f"{folds} folds of {n} dialogues cannot be made; give 2 to {n} folds.")
    return draw_folds(groups, folds, seed)[list(groups)].to_numpy()


def in_sample(estimator: BaseEstimator, data: Aligned, groups: Sequence[str]) -> list[np.ndarray]:
    """What each stage gives for the frames that it was fitted on, `frames x targets` a stage."""
    return fit_and_predict(estimator, data, groups, np.ones(len(groups), bool), np.ones(len(groups), bool))


def held_out(estimator: BaseEstimator, data: Aligned, groups: Sequence[str], fold_of: np.ndarray) -> list[np.ndarray]:
    """What each stage gives for frames of groups it has not seen, `frames x targets` a stage.

    All stages are fitted anew for each fold, on the other folds alone, as are all choices that an estimator makes. What
    a stage passes on to the next during the fit never comes from a model that has seen the fold: out-of-fold outputs of
    one stage as inputs of the next would carry the means of the fold's labels.

    Args:
        estimator: is cloned, not changed.
        data: the frames.
        groups: the group of each recording.
        fold_of: the fold of each recording.
    """
    stages: list[np.ndarray] = []
    rows = slices(data.lengths)
    for fold in np.unique(fold_of):
        test = fold_of == fold
        parts = fit_and_predict(estimator, data, groups, ~test, test)
        stages = stages or [np.empty_like(data.labels) for _ in parts]
        frames = np.concatenate([np.r_[rows[number]] for number in np.flatnonzero(test)])
        for stage, part in zip(stages, parts, strict=True):
            stage[frames] = part
    return stages


def run_all(
    estimators: Mapping[tuple[str, str], BaseEstimator],
    data: Aligned,
    groups: Sequence[str],
    fold_of: np.ndarray | None,
    jobs: int,
) -> dict[tuple[str, str], list[np.ndarray]]:
    """What each stage of many fusions gives, computed side by side.

    Args:
        estimators: `(name, protocol)` -> a fusion; the protocol is `IN_SAMPLE` or `HELD_OUT`.
        data: the frames.
        groups: the group of each recording.
        fold_of: the fold of each recording, where something is held out.
        jobs: processes; results do not depend on it.

    Returns:
        `(name, protocol)` -> an array `frames x targets` a stage.
    """
    work = [
        delayed(_run)(estimator, protocol, data, groups, fold_of) for (_, protocol), estimator in estimators.items()
    ]
    with side_by_side(work, jobs, return_as="generator") as results:
        return dict(zip(estimators, track(results, total=len(work), description="Fusing"), strict=True))


def _run(
    estimator: BaseEstimator, protocol: str, data: Aligned, groups: Sequence[str], fold_of: np.ndarray | None
) -> list[np.ndarray]:
    # The number of threads changes the last bits of a sum, and results must not depend on the number of processes.
    with threadpool_limits(1):
        if protocol == IN_SAMPLE:
            return in_sample(estimator, data, groups)
        return held_out(estimator, data, groups, fold_of)


def fit_and_predict(
    estimator: BaseEstimator, data: Aligned, groups: Sequence[str], train: np.ndarray, test: np.ndarray
) -> list[np.ndarray]:
    """Fit a clone on some recordings and predict others, by masks over the recordings; an array a stage."""
    rows = slices(data.lengths)
    fitted_on, asked = (
        np.concatenate([np.r_[rows[number]] for number in np.flatnonzero(side)]) for side in (train, test)
    )
    fitted = clone(estimator).fit(
        data.inputs[fitted_on], data.labels[fitted_on], data.lengths[train], np.asarray(groups)[train]
    )
    if hasattr(fitted, "staged_predict"):
        return list(fitted.staged_predict(data.inputs[asked], data.lengths[test]))
    return [fitted.predict(data.inputs[asked], data.lengths[test])]
