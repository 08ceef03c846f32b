import subprocess
import sys

import pytest

from kerasemo.console import plain_errors
from kerasemo.errors import InputError, WrongCall


@pytest.mark.parametrize(
    ("error", "sentence", "status"),
    [
        (InputError("a.csv is empty; give another."), "Error: a.csv is empty; give another.\n", 1),
        (WrongCall("leave out --seed."), "Error: leave out --seed.\n", 2),
        (PermissionError(13, "Permission denied", "/proc/x"), "Error: /proc/x: Permission denied.\n", 1),
        (KeyboardInterrupt(), "Interrupted; nothing half-written is left.\n", 1),
    ],
)
def test_an_error_that_a_user_can_correct_is_one_sentence(error, sentence, status, capsys):
    with pytest.raises(SystemExit) as exit_, plain_errors(debug=False):
        raise error
    assert exit_.value.code == status and capsys.readouterr().err == sentence


def test_debug_and_bugs_keep_their_traceback():
    with pytest.raises(InputError), plain_errors(debug=True):
        raise InputError("x")
    with pytest.raises(ZeroDivisionError), plain_errors(debug=False):
        raise ZeroDivisionError


def test_a_closed_output_pipe_is_not_reported():
    code = "from kerasemo.console import plain_errors\nwith plain_errors(debug=False):\n    print('x' * 10**6)"
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    process.stdout.close()
    assert process.stderr.read() == ""


def test_an_interruption_inside_a_finaliser_ends_the_command():
    code = """
import signal, time
from kerasemo.console import plain_errors

class Finalised:
    def __del__(self):
        signal.raise_signal(signal.SIGINT)

signal.signal(signal.SIGINT, signal.default_int_handler)
with plain_errors(debug=False):
    Finalised()
    time.sleep(5)
    print("went on")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1 and done.stdout == "" and "Traceback" not in done.stderr
    assert done.stderr == "Interrupted; nothing half-written is left.\n"
