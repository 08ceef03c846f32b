"""How a command ends when it cannot go on: one sentence, and the right exit status."""

import _thread
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from kerasemo.errors import InputError, WrongCall


@contextmanager
def plain_errors(debug: bool, interrupted: str = "Interrupted; nothing half-written is left.") -> Iterator[None]:
    """Turn what a user can mend into one sentence on the error stream and exit status 1; 2 where the call was wrong.

    Args:
        debug: let everything through with its traceback.
        interrupted: what to say on Ctrl-C.
    """
    sys.unraisablehook = _interrupt_again
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read the output has left, as `head` does; Python would complain once more when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except (InputError, OSError, KeyboardInterrupt) as error:
        if debug:
            raise
        if isinstance(error, KeyboardInterrupt):
            sentence = interrupted
        elif isinstance(error, OSError):
            sentence = f"{error.filename2 or error.filename or 'a file'}: {error.strerror or error}."
        else:
            sentence = str(error)
        print(f"Error: {sentence}" if not isinstance(error, KeyboardInterrupt) else sentence, file=sys.stderr)
        sys.exit(2 if isinstance(error, WrongCall) else 1)


def _interrupt_again(unraisable) -> None:
    """Python drops a Ctrl-C that falls into a finaliser, of which training runs many; this sends it again."""
    if unraisable.exc_type is KeyboardInterrupt:
        threading.Timer(0.05, _thread.interrupt_main).start()
    else:
        sys.__unraisablehook__(unraisable)
