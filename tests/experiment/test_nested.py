import numpy as np
import pandas as pd
import pytest

from kerasemo.experiment import Corpus, nested
from kerasemo.training.run import Run

SPEAKERS, CLIPS = 12, 4
FOLDS = pd.Series({f"s{i}": i // 2 for i in range(SPEAKERS)})


@pytest.fixture
def corpus() -> Corpus:
    speaker = np.repeat(FOLDS.index, CLIPS)
    clips = [f"c{i}" for i in range(len(speaker))]
    table = pd.DataFrame({"clip": clips, "speaker": speaker, "group": speaker, "emotion": 0})
    return Corpus(table, {"emotion": ["happy", "sad"]}, FOLDS, {}, {})


def test_each_row_is_tested_once_and_all_others_are_for_training(corpus):
    outer = nested.outer_splits(corpus)
    np.testing.assert_array_equal(np.concatenate([split.test for split in outer]), np.arange(len(corpus.table)))
    for split in outer:
        assert len(split.train) == (SPEAKERS - 2) * CLIPS and not len(split.validation)
        assert not set(split.train) & set(split.test)


def test_inner_splits_train_without_two_folds_and_test_both(corpus):
    outer = nested.outer_splits(corpus)
    inner = nested.inner_splits(outer)
    assert len({each.name for each in inner}) == len(inner) == 6 * 5 // 2
    fold = corpus.table["speaker"].map(FOLDS).to_numpy()
    for split in inner:
        assert len(set(fold[split.test])) == 2 and not set(fold[split.train]) & set(fold[split.test])
        assert len(split.train) + len(split.test) == len(corpus.table)


def test_the_best_candidate_of_the_inner_folds_is_chosen_and_the_tested_fold_has_no_influence(corpus, tmp_path):
    run = Run.create(tmp_path, "test", {"notes": []})
    outer = nested.outer_splits(corpus)
    for split in nested.inner_splits(outer):
        is_tested = np.isin(split.test, outer[0].test)
        # With the tested clips, `trap` would have the higher accuracy: 40 of 80 clips, and `good` 30.
        for candidate, correct in {"trap": is_tested, "good": ~is_tested & (split.test % 4 > 0)}.items():
            table = corpus.table.iloc[split.test][["clip", "speaker"]].assign(emotion="happy", predicted="")
            table = table.assign(happy=correct.astype(float), sad=0.5)
            run.write_table(table, "predictions", f"{candidate}.{split.name}", "test.csv")
    assert nested.best(run, corpus, outer[0], ["trap", "good"]) == "good"
    assert nested.best(run, corpus, outer[0], ["trap"]) == "trap"
