"""Ends a command that cannot continue with one sentence and the correct exit status."""

import _thread
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from kerasemo.errors import InputError, WrongCall

__all__ = ["plain_errors"]


@contextmanager
def plain_errors(debug: bool, interrupted: str = "Interrupted; nothing half-written is left.") -> Iterator[None]:
    """Convert errors that a user can correct to one sentence on the error stream and exit status 1, or 2 (wrong call).

    Args:
        debug: raise all errors with their traceback instead.
        interrupted: the sentence after Ctrl-C.

    Returns:
        A context in which the work is done.
    """
    sys.unraisablehook = _interrupt_again
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader of the output has ended, such as `head`; otherwise Python reports an error again when it flushes.
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
    """Send Ctrl-C again: Python ignores it inside a finaliser, and training runs many of them."""
    if unraisable.exc_type is KeyboardInterrupt:
        threading.Timer(0.05, _thread.interrupt_main).start()
    else:
        sys.__unraisablehook__(unraisable)
