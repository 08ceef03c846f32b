"""Labels that not every clip has."""

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
    assert labels.classes(pd.Series(["high", "low", None]), "valence", names, none) == [
        "low",
        "high",
    ]
    with pytest.raises(InputError, match="gender has one class, 'female'; two classes or more are needed"):
        labels.classes(pd.Series(["female", None]), "gender", None, none)
    with pytest.raises(InputError, match="gender has no label"):
        labels.classes(pd.Series([None, None]), "gender", None, none)
    silent = pd.DataFrame({"reason": ["a.wav is silent"] * 3})
    with pytest.raises(InputError, match=r"no label in the clips that can be used \(3 cannot: a\.wav is silent\)"):
        labels.classes(pd.Series([None, None]), "gender", None, silent)
    with pytest.raises(InputError, match="the corpus has no labels of accent"):
        labels.of_clips(table, "accent")
    for column in ("speaker", "clip", "group"):
        with pytest.raises(InputError, match=f"the corpus has no labels of {column}; give one of gender, "):
            labels.of_clips(table.assign(group="x"), column)


def test_labels_that_nothing_learns_or_tests_are_refused():
    table = pd.DataFrame({"gender": [0, 1, UNKNOWN, UNKNOWN]})

    def split(train, test):
        return Split("fold", np.array(train), np.array([], int), np.array(test))

    labels.require_on_both_sides(table, [split([0, 2], [1, 3]), split([1], [2, 3])])
    with pytest.raises(InputError, match="no clip that trains under fold has a label of gender"):
        labels.require_on_both_sides(table, [split([0, 2], [1, 3]), split([2, 3], [0, 1])])
    with pytest.raises(InputError, match="no clip that is tested has a label of gender"):
        labels.require_on_both_sides(table, [split([0, 1], [2, 3])])
