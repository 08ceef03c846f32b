"""The linear baseline finds what is linear, on speakers that it was not trained on."""

import numpy as np
import pandas as pd
import pytest

from kerasemo.evaluation.protocols import Split
from kerasemo.experiment import Cell, Corpus, linear
from kerasemo.training.missing import UNKNOWN


@pytest.fixture
def corpus() -> Corpus:
    """Sixty clips of six speakers: one feature shows the class, another one the number; the rest is noise."""
    generator = np.random.default_rng(0)
    emotion, valence = generator.integers(0, 2, 60), generator.uniform(1, 5, 60)
    features = generator.standard_normal((60, 8))
    features[:, 0] += 12 * emotion
    features[:, 1] = valence
    speakers = [f"s{number % 6}" for number in range(60)]
    clips = [f"clip{number}" for number in range(60)]
    table = pd.DataFrame(
        {"clip": clips, "speaker": speakers, "group": speakers, "emotion": emotion, "valence": valence}
    )
    folds = pd.Series(range(6), index=sorted(set(speakers)))
    return Corpus(table, {"emotion": ["calm", "angry"], "valence": None}, folds, {}, {"audio": features})


def cell_of(corpus: Corpus) -> Cell:
    is_test = (corpus.table["speaker"] == "s0").to_numpy()
    return Cell(
        "baseline", Split("speaker.fold0", *map(np.flatnonzero, (~is_test, is_test & ~is_test, is_test))), corpus.table
    )


def test_class_and_number_are_found(corpus):
    predictions = linear.linear_baseline(corpus, cell_of(corpus), ["audio"])
    assert set(predictions) == {"test", "test.valence"}
    classes, numbers = predictions["test"], predictions["test.valence"]
    assert set(classes["speaker"]) == {"s0"} and (classes["predicted"] == classes["emotion"]).all()
    np.testing.assert_allclose(numbers["predicted"], numbers["valence"], atol=0.1)


def test_labels_of_test_speakers_have_no_effect(corpus):
    before = linear.linear_baseline(corpus, cell_of(corpus), ["audio"])
    changed = corpus.table.copy()
    changed.loc[changed["speaker"] == "s0", "valence"] = 100.0
    corpus.table[:] = changed
    after = linear.linear_baseline(corpus, cell_of(corpus), ["audio"])
    np.testing.assert_array_equal(before["test.valence"]["predicted"], after["test.valence"]["predicted"])


def test_clips_without_a_label_are_not_trained_on(corpus):
    corpus.table.loc[corpus.table.index[1:20], "emotion"] = UNKNOWN
    predictions = linear.linear_baseline(corpus, cell_of(corpus), ["audio"])["test"]
    assert set(predictions["predicted"]) <= {"calm", "angry"} and len(predictions) == 7


def test_frames_are_averaged(corpus):
    means = linear.linear_baseline(corpus, cell_of(corpus), ["audio"])
    noise = np.random.default_rng(1).standard_normal((60, 5, 8))
    frames = corpus.features["audio"][:, np.newaxis] + noise - noise.mean(axis=1, keepdims=True)
    of_frames = linear.linear_baseline(
        Corpus(corpus.table, corpus.classes, corpus.folds, {}, {"audio": frames}), cell_of(corpus), ["audio"]
    )
    np.testing.assert_allclose(means["test.valence"]["predicted"], of_frames["test.valence"]["predicted"], rtol=1e-9)
