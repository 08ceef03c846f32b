import itertools
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from kerasemo.errors import InputError
from kerasemo.training.weight_search import draw_points, search_weights

TASKS = ["arousal", "valence", "liking"]
SEARCH = {"tasks": TASKS, "n_trials": 6, "seed": 0}


def distance(point):
    """Return minus the distance of a point to the paper's optimum."""
    return -math.dist(point.values(), [0.7, 0.2, 1.0])


def never(point):
    raise AssertionError(f"{point} was evaluated again")


def recording(calls, objective=distance):
    """Return an objective that records the points of its calls."""

    def note(point):
        calls.append(point)
        return objective(point)

    return note


@pytest.fixture
def journal(tmp_path) -> Path:
    return tmp_path / "run" / "weights.journal"


@pytest.fixture(scope="module")
def expected(tmp_path_factory) -> pd.DataFrame:
    return search_weights(
        distance, **SEARCH, journal=tmp_path_factory.mktemp("whole") / "weights.journal", jobs=1
    ).trials


def test_points_are_all_multiples_of_a_tenth_except_zero():
    points = {tuple(point.values()) for point in draw_points(TASKS, 11**3 - 1, seed=0)}
    tenths = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]
    assert points == set(itertools.product(tenths, repeat=3)) - {(0.0, 0.0, 0.0)}


def test_points_depend_on_the_seed_and_begin_with_the_same_points():
    points = draw_points(TASKS, 50, seed=1)
    assert points[:20] == draw_points(TASKS, 20, seed=1)
    assert points[:20] != draw_points(TASKS, 20, seed=2)
    assert all(list(point) == TASKS for point in points)


@pytest.mark.parametrize("n_trials", [0, 11**3])
def test_an_impossible_number_of_trials_is_an_error(journal, n_trials):
    with pytest.raises(InputError, match=f"a search over 3 weights has 1 to 1330 trials, not {n_trials}"):
        search_weights(never, TASKS, n_trials, 0, journal, jobs=1)
    assert not journal.exists()


def test_the_table_has_one_row_per_point_and_the_best_is_found(expected, capfd, journal):
    search = search_weights(distance, **SEARCH, journal=journal, jobs=1)
    assert list(search.trials) == ["trial", *TASKS, "value", "state"]
    points = draw_points(TASKS, 6, seed=0)
    assert search.trials[TASKS].to_dict("records") == points
    assert search.trials["value"].tolist() == [distance(point) for point in points]
    assert search.trials["trial"].tolist() == [0, 1, 2, 3, 4, 5] and set(search.trials["state"]) == {"COMPLETE"}
    assert search.best == max(points, key=distance)
    assert capfd.readouterr() == ("", "")


def test_finished_trials_are_not_repeated_and_more_trials_are_added(journal):
    first = search_weights(distance, **SEARCH, journal=journal, jobs=1)
    repeated = search_weights(never, **SEARCH, journal=journal, jobs=1)
    pd.testing.assert_frame_equal(repeated.trials, first.trials, check_exact=True)
    assert repeated.best == first.best
    calls = []
    more = search_weights(recording(calls), **SEARCH | {"n_trials": 8}, journal=journal, jobs=1)
    assert calls == draw_points(TASKS, 8, seed=0)[6:]
    pd.testing.assert_frame_equal(more.trials.head(6), first.trials, check_exact=True)


def test_searches_with_other_tasks_or_seeds_share_a_journal(journal, expected):
    calls = []
    search_weights(recording(calls), **SEARCH | {"tasks": TASKS[::-1]}, journal=journal, jobs=1)
    search_weights(recording(calls), **SEARCH | {"seed": 1}, journal=journal, jobs=1)
    pd.testing.assert_frame_equal(search_weights(recording(calls), **SEARCH, journal=journal, jobs=1).trials, expected)
    assert len(calls) == 3 * 6


def test_a_trial_with_a_value_that_is_not_finite_has_failed(journal):
    def diverging(point):
        return math.nan if point["arousal"] > 0.5 else distance(point)

    search = search_weights(diverging, **SEARCH, journal=journal, jobs=1)
    failed = search.trials["arousal"] > 0.5
    assert failed.any() and not failed.all()
    assert search.trials["value"].isna().equals(failed)
    assert (search.trials["state"] == "FAIL").equals(failed.rename("state"))
    assert search.best["arousal"] <= 0.5
    search_weights(never, **SEARCH, journal=journal, jobs=1)


def test_a_search_without_any_finite_value_is_an_error(journal):
    with pytest.raises(InputError, match=r"none of the 6 trials in .*weights.journal gave a finite value"):
        search_weights(lambda point: math.inf, **SEARCH, journal=journal, jobs=1)


def test_an_error_is_raised_and_the_search_can_continue_later(journal, expected):
    third = draw_points(TASKS, 3, seed=0)[2]
    calls = []

    def failing(point):
        return {}["no such corpus"] if point == third else distance(point)

    with pytest.raises(KeyError, match="no such corpus"):
        search_weights(recording(calls, failing), **SEARCH, journal=journal, jobs=1)
    assert calls[-1] == third
    calls.clear()
    search = search_weights(recording(calls), **SEARCH, journal=journal, jobs=1)
    assert calls == draw_points(TASKS, 6, seed=0)[2:]
    pd.testing.assert_frame_equal(search.trials, expected, check_exact=True)


def test_a_truncated_journal_can_be_continued(journal, expected):
    search_weights(distance, **SEARCH, journal=journal, jobs=1)
    content = journal.read_bytes()
    last_record = content.rstrip(b"\n").rfind(b"\n") + 1
    assert len(content) - last_record > 300
    cuts = [0, 1, last_record - 1, last_record, *range(last_record + 1, len(content) - 1, 97), len(content) - 1]
    for cut in cuts:
        journal.write_bytes(content[:cut])
        lost = 6 - max(content[:cut].count(b"\n") - 1, 0)
        calls = []
        search = search_weights(recording(calls), **SEARCH, journal=journal, jobs=1)
        assert len(calls) == lost
        pd.testing.assert_frame_equal(search.trials, expected, check_exact=True)
        search_weights(never, **SEARCH, journal=journal, jobs=1)


@pytest.mark.parametrize("content", ["weights\n", '{"a": 1}\n', "[1]\n", '{"op_code":9}\n{"op'])
def test_other_files_are_an_error(journal, content):
    journal.parent.mkdir()
    journal.write_text(content)
    with pytest.raises(InputError, match=r"weights.journal is not the journal of a weight search, or it is damaged"):
        search_weights(never, **SEARCH, journal=journal, jobs=1)


KILLED_SEARCH = """
import math
import os
import sys
import time
from pathlib import Path

from kerasemo.training.weight_search import draw_points, search_weights

tasks, folder = ["arousal", "valence", "liking"], Path(sys.argv[1])
fourth = draw_points(tasks, 4, seed=0)[3]


def objective(point):
    with (folder / "calls").open("a") as calls:
        calls.write(f"{point}\\n")
    if point == fourth:
        time.sleep(600)
    return -math.dist(point.values(), [0.7, 0.2, 1.0])


search_weights(objective, tasks, 6, 0, folder / "weights.journal", jobs=2)
"""


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals")
def test_two_killed_processes_and_a_resumed_one_find_the_same_result(tmp_path, expected):
    script = tmp_path / "search.py"
    script.write_text(KILLED_SEARCH)
    process = subprocess.Popen([sys.executable, script, tmp_path], stderr=subprocess.PIPE, start_new_session=True)
    journal, fourth = tmp_path / "weights.journal", str(draw_points(TASKS, 4, seed=0)[3])
    finished = 0
    # All but the fourth point are done, which runs.
    while finished < 5 or fourth not in (tmp_path / "calls").read_text():
        assert process.poll() is None, process.stderr.read().decode()
        time.sleep(0.05)
        finished = journal.read_text().count('"op_code":4') if journal.exists() else 0
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    calls = []
    search = search_weights(recording(calls), **SEARCH, journal=journal, jobs=1)
    assert [str(call) for call in calls] == [fourth]
    pd.testing.assert_frame_equal(search.trials, expected, check_exact=True)
