"""Scores of saved predictions."""

import numpy as np
import pandas as pd

__all__ = [
    "KEYS",
    "accuracy",
    "by_clip",
    "ccc",
    "ccc_of_sums",
    "ccc_sums",
    "macro_f1",
    "macro_precision",
    "negative_log_likelihood",
    "root_mean_square_error",
    "unweighted_average_recall",
    "weighted_f1",
    "weighted_precision",
]

KEYS = ["clip", "speaker"]


def by_clip(predictions: pd.DataFrame, task: str) -> pd.DataFrame:
    """Make one decision per clip: the class with the highest mean probability over the clip's items, or a mean number.

    Args:
        predictions: saved predictions: `clip, speaker, <task>, predicted`, then a probability for each class; none if
            the task is a number.
        task: the column with the true class or number, the same for all items of a clip.

    Returns:
        A table with the same columns and one row per clip.
    """
    classes = [column for column in predictions.columns if column not in [*KEYS, task, "predicted"]]
    averaged = classes or ["predicted"]
    clips = predictions.groupby([*KEYS, task], as_index=False, sort=False, dropna=False)[averaged].mean()
    if classes:
        clips.insert(len(KEYS) + 1, "predicted", clips[classes].idxmax(axis=1))
    return clips


def accuracy(true: pd.Series, predicted: pd.Series) -> float:
    """Return the share of correct decisions.

    Args:
        true: the labels, one per item.
        predicted: the decisions, in the same order.
    """
    return float((true.to_numpy() == predicted.to_numpy()).mean())


def unweighted_average_recall(true: pd.Series, predicted: pd.Series) -> float:
    """Return the unweighted average recall: the mean of the recalls of all classes that occur.

    Args:
        true: the labels, one per item.
        predicted: the decisions, in the same order.

    Example:
        >>> unweighted_average_recall(pd.Series(["a", "a", "a", "b"]), pd.Series(["a", "a", "a", "a"]))
        0.5
    """
    hits = true.to_numpy() == predicted.to_numpy()
    numbers = np.unique(true.to_numpy(), return_inverse=True)[1]
    return float((np.bincount(numbers, hits) / np.bincount(numbers)).mean())


def macro_precision(true: pd.Series, predicted: pd.Series) -> float:
    """Return the mean of the precisions of all classes that occur; the precision of a class without decisions is 0.

    Args:
        true: the labels, one per item.
        predicted: the decisions, in the same order.

    Example:
        >>> macro_precision(pd.Series(["a", "a", "a", "b"]), pd.Series(["a", "a", "a", "a"]))
        0.375
    """
    return float(_by_class(true, predicted)["precision"].mean())


def weighted_precision(true: pd.Series, predicted: pd.Series) -> float:
    """Return the mean of the precisions, weighted by the number of items of each class.

    Args:
        true: the labels, one per item.
        predicted: the decisions, in the same order.
    """
    scores = _by_class(true, predicted)
    return float(np.average(scores["precision"], weights=scores["n"]))


def macro_f1(true: pd.Series, predicted: pd.Series) -> float:
    """Return the mean of the F1 scores (harmonic mean of precision and recall) of all classes that occur.

    Args:
        true: the labels, one per item.
        predicted: the decisions, in the same order.
    """
    return float(_by_class(true, predicted)["f1"].mean())


def weighted_f1(true: pd.Series, predicted: pd.Series) -> float:
    """Return the mean of the F1 scores, weighted by the number of items of each class.

    Args:
        true: the labels, one per item.
        predicted: the decisions, in the same order.
    """
    scores = _by_class(true, predicted)
    return float(np.average(scores["f1"], weights=scores["n"]))


def _by_class(true: pd.Series, predicted: pd.Series) -> dict[str, np.ndarray]:
    """Return number of items, precision and F1 of each class that occurs.

    An interval needs a thousand calls. scikit-learn, whose checks take a millisecond per call, is only used in tests.
    """
    labels, decisions = true.to_numpy(), predicted.to_numpy()
    names, numbers, n = np.unique(labels, return_inverse=True, return_counts=True)
    hits = np.bincount(numbers, labels == decisions)
    decided = (decisions == names[:, np.newaxis]).sum(axis=1)
    return {"n": n, "precision": hits / np.maximum(decided, 1), "f1": 2 * hits / (n + decided)}


def negative_log_likelihood(predictions: pd.DataFrame, task: str) -> pd.Series:
    """Return minus the logarithm of the predicted probability of each item's true class.

    Args:
        predictions: saved predictions, see `by_clip`.
        task: the column with the true class.
    """
    columns = predictions.columns.get_indexer(predictions[task])
    probabilities = predictions.to_numpy()[np.arange(len(predictions)), columns].astype(float)
    return pd.Series(-np.log(np.maximum(probabilities, np.finfo(np.float32).tiny)), index=predictions.index)


def ccc(true: np.ndarray, predicted: np.ndarray, ddof: int = 0) -> float:
    """Return the concordance correlation coefficient, a measure of agreement between labels and predictions.

    `2 cov / (var_true + var_predicted + (mean_true - mean_predicted)^2)`, where the covariance is divided by N (Lin
    1989, "A concordance correlation coefficient to evaluate reproducibility", Biometrics 45).

    Args:
        true: the labels, one number per frame.
        predicted: the predictions, one number per frame.
        ddof: variances are divided by `N - ddof`; AVEC uses 1.

    Returns:
        -1 to 1; 0 if labels or predictions are constant, even if they are equal.

    Raises:
        ValueError: The shapes differ, or there are not more than `ddof` values.

    >>> ccc(np.array([0.0, 1.0, 2.0]), np.array([0.0, 1.0, 2.0]))
    1.0
    >>> ccc(np.array([0.0, 1.0, 2.0]), np.array([1.0, 2.0, 3.0])).__round__(4)
    0.5714
    """
    true, predicted = np.asarray(true, float), np.asarray(predicted, float)
    if true.ndim != 1 or true.shape != predicted.shape or len(true) <= ddof:
        raise ValueError(
            f"true and predicted must be sequences of the same length, longer than {ddof}. Received: {true.shape}, "
            f"{predicted.shape}"
        )
    # Both are centred by the same number, so that a large offset does not reduce the precision.
    centre = true.mean()
    return float(ccc_of_sums(ccc_sums(true - centre, predicted - centre), ddof))


def root_mean_square_error(true: np.ndarray, predicted: np.ndarray) -> float:
    """Return the root of the mean square error, in the unit of the labels.

    Args:
        true: the labels.
        predicted: the predictions, of the same shape.

    Example:
        >>> root_mean_square_error(np.array([1.0, 2.0]), np.array([4.0, 6.0])).__round__(4)
        3.5355
    """
    return float(np.sqrt(np.mean((np.asarray(true) - np.asarray(predicted)) ** 2)))


def ccc_sums(true: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Return the sums from which `ccc` can be computed; the sums of two sets of frames can be added.

    Args:
        true: the labels, `frames x ...`.
        predicted: the predictions, of the same shape.

    Returns:
        `... x 6` for arrays `frames x ...`: the number of frames, then the sums of true, predicted, true squared,
        predicted squared, true times predicted.
    """
    n = np.full(true.shape[1:], len(true), float)
    products = [true, predicted, true * true, predicted * predicted, true * predicted]
    return np.stack([n, *(values.sum(axis=0) for values in products)], axis=-1)


def ccc_of_sums(sums: np.ndarray, ddof: int = 0) -> np.ndarray:
    """Return `ccc` computed from the sums of `ccc_sums`, an array `... x 6`; the result has the shape `...`.

    Args:
        sums: sums of `ccc_sums`, `... x 6`.
        ddof: 0: all moments are divided by N; 1: variances by N - 1, as the organisers of AVEC 2019 do.
    """
    n, true, predicted, true2, predicted2, both = np.moveaxis(sums, -1, 0)
    covariance = both / n - true / n * predicted / n
    variances = (true2 - true * true / n) / (n - ddof) + (predicted2 - predicted * predicted / n) / (n - ddof)
    distance = variances + ((true - predicted) / n) ** 2
    return 2 * covariance / np.where(distance > 0, distance, np.inf)
