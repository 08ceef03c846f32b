import os
import signal
import subprocess
import sys
import time

import pytest
from joblib import delayed

from kerasemo.errors import InputError
from kerasemo.workers import computed_ahead, side_by_side

SCRIPT = """
import time
from joblib import delayed
from kerasemo.console import plain_errors
from kerasemo.workers import side_by_side
with plain_errors(debug=False), side_by_side([delayed(time.sleep)(60)] * 2, jobs=2) as done:
    list(done)
"""


def workers_of(process: subprocess.Popen) -> int:
    """Return the number of loky workers in the group of a process."""
    found = subprocess.run(["pgrep", "-g", str(process.pid), "-f", "LokyProcess"], capture_output=True, text=True)
    return len(found.stdout.split())


def test_results_have_the_order_of_the_tasks_if_requested():
    tasks = [delayed(pow)(2, k) for k in range(5)]
    with side_by_side(tasks, jobs=2, return_as="generator") as done:
        assert list(done) == [1, 2, 4, 8, 16]
    with side_by_side(tasks, jobs=2) as done:
        assert sorted(done) == [1, 2, 4, 8, 16]


def test_results_are_computed_ahead_in_order_but_not_far(tmp_path):
    asked = []

    def arguments():
        for k in range(9):
            asked.append(k)
            yield 2, k

    with computed_ahead(pow, arguments(), jobs=2) as results:
        assert asked == [0, 1, 2, 3]
        assert next(results) == 1
        assert list(results) == [2**k for k in range(1, 9)]


def test_a_killed_process_is_an_error_of_one_sentence():
    with pytest.raises(InputError, match="was killed"), computed_ahead(os._exit, [(9,)], jobs=1) as results:
        list(results)


def test_workers_interrupted_during_their_start_print_nothing(interruptible):
    process = subprocess.Popen([sys.executable, "-c", SCRIPT], stderr=subprocess.PIPE, text=True, **interruptible)
    end = time.monotonic() + 60
    while workers_of(process) < 2 and time.monotonic() < end:
        time.sleep(0.05)
    time.sleep(0.2)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 1
    assert errors == "Interrupted; nothing half-written is left.\n"
