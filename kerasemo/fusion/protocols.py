"""Evaluation protocols of a fusion: in-sample, on the training recordings, and on held-out dialogues."""

from collections.abc import Mapping, Sequence

import numpy as np
from joblib import delayed
from sklearn.base import BaseEstimator, clone
from sklearn.utils.validation import has_fit_parameter
from threadpoolctl import threadpool_limits

from kerasemo.errors import InputError, WrongCall
from kerasemo.evaluation.protocols import draw_folds
from kerasemo.fusion.predictions import Aligned
from kerasemo.fusion.recordings import slices
from kerasemo.progress import track
from kerasemo.workers import side_by_side

__all__ = ["HELD_OUT", "IN_SAMPLE", "fit_and_predict", "fold_of_recordings", "held_out", "in_sample", "run_all"]

IN_SAMPLE, HELD_OUT = "in-sample", "held-out"


def fold_of_recordings(groups: Sequence[str], folds: int, seed: int) -> np.ndarray:
    """Draw the fold of each recording: folds of whole groups, whose numbers of groups differ by at most one.

    Args:
        groups: the group of each recording.
        folds: number of folds.
        seed: seed of the draw.

    Returns:
        The fold number of each recording, from 0.

    Raises:
        InputError: There are fewer than two groups.
        WrongCall: There are fewer than two folds, or more folds than groups.

    >>> fold_of_recordings(["a", "b", "a", "c"], folds=3, seed=0).tolist()
    [1, 2, 1, 0]
    """
    n = len(set(groups))
    if n < 2:
        raise InputError(f"the held-out protocol needs two dialogues, and there is {n}; use only the in-sample one.")
    if not 2 <= folds <= n:
        raise WrongCall(f"{folds} folds of {n} dialogues cannot be made; give 2 to {n} folds.")
    return draw_folds(groups, folds, seed)[list(groups)].to_numpy()


def in_sample(estimator: BaseEstimator, data: Aligned, groups: Sequence[str]) -> list[np.ndarray]:
    """Return the outputs of each stage for the training frames, one array `frames x targets` per stage.

    Args:
        estimator: the fusion; it is cloned, not changed.
        data: the frames.
        groups: the group of each recording.
    """
    return fit_and_predict(estimator, data, groups, np.ones(len(groups), bool), np.ones(len(groups), bool))


def held_out(estimator: BaseEstimator, data: Aligned, groups: Sequence[str], fold_of: np.ndarray) -> list[np.ndarray]:
    """Return the outputs of each stage for held-out groups, one array `frames x targets` per stage.

    For each fold, all stages are fitted and all choices of the estimator are made on the other folds only. Out-of-fold
    outputs of one stage are never inputs of the next stage, because they depend on the labels of the fold.

    Args:
        estimator: the fusion; it is cloned, not changed.
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
    """Return the outputs of each stage of several fusions, computed in parallel.

    Args:
        estimators: `(name, protocol)` -> a fusion; the protocol is `IN_SAMPLE` or `HELD_OUT`.
        data: the frames.
        groups: the group of each recording.
        fold_of: the fold of each recording; only needed for `HELD_OUT`.
        jobs: number of processes; it does not affect the results.

    Returns:
        `(name, protocol)` -> one array `frames x targets` per stage.
    """
    work = [
        delayed(_run)(estimator, protocol, data, groups, fold_of) for (_, protocol), estimator in estimators.items()
    ]
    with side_by_side(work, jobs, return_as="generator") as results:
        return dict(zip(estimators, track(results, total=len(work), description="Fusing"), strict=True))


def _run(
    estimator: BaseEstimator, protocol: str, data: Aligned, groups: Sequence[str], fold_of: np.ndarray | None
) -> list[np.ndarray]:
    # The number of threads changes rounding errors, and results must not depend on the number of processes.
    with threadpool_limits(1):
        if protocol == IN_SAMPLE:
            return in_sample(estimator, data, groups)
        return held_out(estimator, data, groups, fold_of)


def fit_and_predict(
    estimator: BaseEstimator, data: Aligned, groups: Sequence[str], train: np.ndarray, test: np.ndarray
) -> list[np.ndarray]:
    """Fit a clone on some recordings and predict others.

    Args:
        estimator: the fusion; it is cloned, not changed.
        data: the frames.
        groups: the group of each recording.
        train: mask of the recordings to fit on.
        test: mask of the recordings to predict.

    Returns:
        One array `frames x targets` per stage.
    """
    rows = slices(data.lengths)
    parts = []
    for side in (train, test):
        numbers = np.flatnonzero(side)
        known = {"lengths": data.lengths[side]}
        if has_fit_parameter(estimator, "padding"):
            known["padding"] = [data.padding[number] for number in numbers]
        parts.append((np.concatenate([np.r_[rows[number]] for number in numbers]), known))
    (frames, known), (test_frames, test_known) = parts
    fitted = clone(estimator).fit(data.inputs[frames], data.labels[frames], groups=np.asarray(groups)[train], **known)
    if hasattr(fitted, "staged_predict"):
        return list(fitted.staged_predict(data.inputs[test_frames], **test_known))
    return [fitted.predict(data.inputs[test_frames], **test_known)]
