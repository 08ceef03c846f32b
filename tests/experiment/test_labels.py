"""Tests of labels that some clips lack."""

import numpy as np
import pandas as pd
import pytest

from kerasemo.errors import InputError
from kerasemo.evaluation.protocols import Split
from kerasemo.experiment import labels
from kerasemo.training.segments import UNKNOWN


def test_numbers_become_levels_and_one_class_is_refused():
    names = ["low", "middle", "high"]
    table = pd.DataFrame(
        {"valence": [1.0, 2.5, 2.6, 3.5, 4.0], "gender": "female", "speaker": "a", "clip": list("abcde")}
    )
    levels = labels.of_clips(table, "valence", (2.5, 3.5), names)
    assert ((levels == "low") == (table["valence"] <= 2.5)).all()
    assert ((levels == "high") == (table["valence"] > 3.5)).all()
    none = pd.DataFrame(columns=["reason"])
    assert labels.classes(pd.Series(["high", "low", None]), "valence", names, none) == ["low", "high"]
    with pytest.raises(InputError, match="gender has only one class, 'female'; at least two classes are needed"):
        labels.classes(pd.Series(["female", None]), "gender", None, none)
    with pytest.raises(InputError, match="gender has no label"):
        labels.classes(pd.Series([None, None]), "gender", None, none)
    silent = pd.DataFrame({"reason": ["a.wav is silent"] * 3})
    with pytest.raises(InputError, match=r"no label in the usable clips \(3 are unusable, such as: a\.wav is silent\)"):
        labels.classes(pd.Series([None, None]), "gender", None, silent)
    with pytest.raises(InputError, match="the corpus has no labels of accent"):
        labels.of_clips(table, "accent")
    for column in ("speaker", "clip", "group"):
        with pytest.raises(
            InputError, match=f"the corpus has no labels of {column}; possible values of --task are gender, "
        ):
            labels.of_clips(table.assign(group="x"), column)


def test_a_task_without_training_or_test_labels_is_refused():
    table = pd.DataFrame({"gender": [0, 1, UNKNOWN, UNKNOWN]})

    def split(train, test):
        return Split("fold", np.array(train), np.array([], int), np.array(test))

    labels.require_on_both_sides(table, [split([0, 2], [1, 3]), split([1], [2, 3])])
    with pytest.raises(InputError, match="no training clip of fold has a label of gender"):
        labels.require_on_both_sides(table, [split([0, 2], [1, 3]), split([2, 3], [0, 1])])
    with pytest.raises(InputError, match="no test clip has a label of gender"):
        labels.require_on_both_sides(table, [split([0, 1], [2, 3])])
