import numpy as np
import pandas as pd
import pytest

from kerasemo.evaluation.intervals import bootstrap_by_group, mean_by_group


def test_dependent_items_do_not_narrow_the_interval():
    """All items of a speaker are equal: the interval must depend on the number of speakers, not of items."""
    generator = np.random.default_rng(0)
    one_item_per_speaker = pd.DataFrame({"speaker": np.arange(40), "hit": generator.random(40) < 0.6})
    copied = one_item_per_speaker.loc[one_item_per_speaker.index.repeat(50)]

    def mean(rows: pd.DataFrame) -> float:
        return rows["hit"].mean()

    assert bootstrap_by_group(copied, mean) == pytest.approx(bootstrap_by_group(one_item_per_speaker, mean), abs=1e-12)
    low, high = bootstrap_by_group(copied, mean)
    assert low < copied["hit"].mean() < high
    item_interval = bootstrap_by_group(copied.assign(speaker=np.arange(len(copied))), mean)
    assert high - low > 3 * (item_interval[1] - item_interval[0])


def test_width_agrees_with_the_normal_approximation():
    hits = np.arange(400) % 4 > 0
    low, high = bootstrap_by_group(
        pd.DataFrame({"speaker": np.arange(400), "hit": hits}), lambda rows: rows["hit"].mean()
    )
    assert high - low == pytest.approx(2 * 1.96 * np.sqrt(0.75 * 0.25 / 400), rel=0.1)


def test_one_speaker_gives_no_interval():
    table = pd.DataFrame({"speaker": ["a", "a"], "hit": [0, 1]})
    assert bootstrap_by_group(table, lambda rows: rows["hit"].mean()) == (None, None)


def test_mean_by_group_equals_bootstrap_by_group():
    generator = np.random.default_rng(1)
    table = pd.DataFrame({"speaker": generator.integers(0, 9, 200), "value": generator.normal(size=200)})
    general = bootstrap_by_group(table, lambda rows: float(rows["value"].mean()))
    np.testing.assert_allclose(mean_by_group(table, "value"), general, rtol=1e-12)
    assert mean_by_group(table[table["speaker"] == 0], "value") == (None, None)
