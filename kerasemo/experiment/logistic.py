"""Logistic regression on the features of a corpus, as a model of a study."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from kerasemo.experiment import nested
from kerasemo.experiment.cells import Cell
from kerasemo.experiment.corpora import Corpus


def logistic_regression(
    corpus: Corpus, cell: Cell, inputs: Sequence[str], cs: Sequence[float]
) -> dict[str, pd.DataFrame]:
    """Fit a logistic regression on standardised features; its C is chosen in inner folds of speakers.

    Args:
        corpus: a corpus with features in memory and the task `emotion`.
        cell: the cell, whose split is of `corpus.table`.
        inputs: the features to use.
        cs: the values of C to choose from.

    Returns:
        Partition -> predictions.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV, PredefinedSplit
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from kerasemo.training.train import decisions

    features = np.concatenate([corpus.features[name] for name in inputs], axis=1)
    classes, train = corpus.classes["emotion"], cell.split.train
    inner = PredefinedSplit(nested.fold_numbers(corpus)[train])
    pipeline = make_pipeline(StandardScaler(), LogisticRegression(max_iter=5000))
    regression = GridSearchCV(pipeline, {"logisticregression__C": cs}, cv=inner)
    regression.fit(features[train], cell.items["emotion"].to_numpy()[train])
    predictions = {}
    for side, items in corpus.items(cell, {"emotion": "emotion"}, inputs).items():
        probabilities = np.zeros((len(items), len(classes)))
        values = np.concatenate([items.inputs[name] for name in inputs], axis=1)
        probabilities[:, regression.classes_] = regression.predict_proba(values)
        predictions[side] = decisions(probabilities, items, classes, "emotion")
    return predictions
