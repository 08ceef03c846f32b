"""Tests of labels that some clips lack."""

import numpy as np
import pandas as pd
import pytest

from kerasemo.errors import InputError
from kerasemo.evaluation.protocols import Split
from kerasemo.experiment import Corpus, labels
from kerasemo.training.missing import UNKNOWN, known

TABLE = pd.DataFrame(
    {"valence": [1.0, 2.5, 2.6, 3.5, 4.0], "gender": "female", "speaker": "a", "clip": list("abcde"), "loud": True}
)
LEVELS = {"low": 2.5, "middle": 3.5, "high": np.inf}


def test_numbers_become_levels_and_one_class_is_refused():
    levels = labels.of_clips(TABLE, "valence", LEVELS)
    assert ((levels == "low") == (TABLE["valence"] <= 2.5)).all()
    assert ((levels == "high") == (TABLE["valence"] > 3.5)).all()
    assert labels.classes(pd.Series(["high", "low", None]), "valence", LEVELS) == ["low", "high"]
    with pytest.raises(InputError, match="gender has only one class, 'female'; at least two classes are needed"):
        labels.classes(pd.Series(["female", None]), "gender", None)
    with pytest.raises(InputError, match="gender has no label"):
        labels.classes(pd.Series([None, None]), "gender", None)
    silent = pd.DataFrame({"reason": ["a.wav is silent"] * 3})
    with pytest.raises(InputError, match=r"no label in the usable clips \(3 are unusable, such as: a\.wav is silent\)"):
        labels.classes(pd.Series([None, None]), "gender", None, silent)


def test_only_columns_with_labels_are_tasks():
    with pytest.raises(InputError, match="the corpus has no labels of accent"):
        labels.of_clips(TABLE, "accent")
    for column in ("speaker", "clip", "group"):
        with pytest.raises(InputError, match=f"the corpus has no labels of {column}; its labels are gender, "):
            labels.of_clips(TABLE.assign(group="x"), column)


def test_numbers_remain_numbers_if_wanted_and_other_labels_are_classes():
    ratings = TABLE.assign(valence=[1, np.nan, np.inf, 3, 4])
    numbers = labels.of_clips(ratings, "valence", LEVELS, as_number=True)
    assert numbers.isna().tolist() == [False, True, True, False, False] and numbers[0] == 1
    assert labels.classes(numbers, "valence", None) is None
    for task in ("gender", "loud"):
        assert labels.of_clips(ratings, task, as_number=True).tolist() == ratings[task].tolist()
    with pytest.raises(InputError, match=r"valence has only one value, 1\.0; at least two values are needed"):
        labels.classes(numbers[:3], "valence", None)


def test_a_corpus_has_class_numbers_and_numbers_and_marks_missing_ones():
    clips = pd.DataFrame(
        {"clip": list("abc"), "speaker": "x", "emotion": ["sad", None, "hap"], "valence": [2, 3, np.nan]}
    )
    corpus = Corpus.of_clips(clips, {"emotion": ["hap", "sad"], "valence": None}, pd.Series(), {}, {})
    assert corpus.table["emotion"].tolist() == [1, UNKNOWN, 0]
    assert known(corpus.table["valence"].to_numpy()).tolist() == [True, True, False]
    assert corpus.widths(["emotion", "valence"]) == {"emotion": 2, "valence": 1}


def test_a_task_without_training_or_test_labels_is_refused():
    table = pd.DataFrame({"gender": [0, 1, UNKNOWN, UNKNOWN], "valence": [2.0, 3.0, np.nan, np.nan]})

    def split(train, test):
        return Split("fold", np.array(train), np.array([], int), np.array(test))

    labels.require_on_both_sides(table, [split([0, 2], [1, 3]), split([1], [2, 3])])
    with pytest.raises(InputError, match="no training clip of fold has a label of gender"):
        labels.require_on_both_sides(table, [split([0, 2], [1, 3]), split([2, 3], [0, 1])])
    with pytest.raises(InputError, match="no test clip has a label of gender"):
        labels.require_on_both_sides(table, [split([0, 1], [2, 3])])
    with pytest.raises(InputError, match="no training clip of fold has a label of valence"):
        labels.require_on_both_sides(table[["valence"]], [split([2, 3], [0, 1])])
