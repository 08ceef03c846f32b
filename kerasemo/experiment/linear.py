"""Logistic and ridge regression on the features of a corpus, as the baseline of a study."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from kerasemo.experiment.cells import Cell
from kerasemo.experiment.corpora import Corpus

__all__ = ["INNER_FOLDS", "STRENGTHS", "linear_baseline"]

STRENGTHS = tuple(10 ** (k / 2) for k in range(-8, 3))
"""Values of C of logistic regression, and of 1 / alpha of ridge regression, to choose from."""
INNER_FOLDS = 5


def linear_baseline(corpus: Corpus, cell: Cell, inputs: Sequence[str]) -> dict[str, pd.DataFrame]:
    """Fit a linear model for each task on standardised features; its strength is chosen in inner folds of speakers.

    Tasks with classes have a logistic regression, numbers a ridge regression. All data that are not for testing are for
    training, because the inner folds need no validation data.

    Args:
        corpus: the corpus; features with several rows per clip are averaged.
        cell: the cell, whose split is of `corpus.table`.
        inputs: the features to use.

    Returns:
        Predictions of the test clips by file name, as `training.train` names them.
    """
    from kerasemo.training.items import Items
    from kerasemo.training.missing import known
    from kerasemo.training.train import TASK, decisions

    split = cell.split
    features = np.concatenate([_averaged(corpus.features[name]) for name in inputs], axis=1)
    test = Items.of_rows(split.test, {}, cell.items, {task: task for task in corpus.classes})
    predictions = {}
    for task, classes in corpus.classes.items():
        labels = cell.items[task].to_numpy()
        train = np.concatenate([split.train, split.validation])
        train = train[known(labels[train])]
        model = _search(classes is None, cell.items["group"].to_numpy()[train])
        model.fit(features[train], labels[train])
        values = _values(model, features[split.test], classes)
        predictions["test" if task == TASK else f"test.{task}"] = decisions(values, test, classes, task, task)
    return predictions


def _averaged(features: np.ndarray) -> np.ndarray:
    return features if features.ndim == 2 else features.mean(axis=1)


def _search(is_number: bool, groups: np.ndarray):
    """Return a regression that chooses its strength in inner folds of whole groups; without folds, if there is one."""
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.model_selection import GridSearchCV, GroupKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if is_number:
        model, grid = Ridge(), {"ridge__alpha": [1 / strength for strength in STRENGTHS]}
    else:
        model, grid = LogisticRegression(max_iter=5000), {"logisticregression__C": STRENGTHS}
    n_folds = min(INNER_FOLDS, len(set(groups)))
    pipeline = make_pipeline(StandardScaler(), model)
    if n_folds < 2:
        return pipeline
    folds = list(GroupKFold(n_folds).split(groups, groups=groups))
    scoring = "neg_mean_squared_error" if is_number else "accuracy"
    return GridSearchCV(pipeline, grid, cv=folds, scoring=scoring)


def _values(model, features: np.ndarray, classes: list[str] | None) -> np.ndarray:
    """Return numbers, `clips x 1`, or probabilities, `clips x classes`: 0 for classes that do not occur in training."""
    if classes is None:
        return model.predict(features)[:, np.newaxis]
    probabilities = np.zeros((len(features), len(classes)))
    probabilities[:, model.classes_] = model.predict_proba(features)
    return probabilities
