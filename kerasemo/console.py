"""How a command ends when it cannot go on: one sentence, and the right exit status."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from kerasemo.errors import InputError


@contextmanager
def plain_errors(debug: bool, interrupted: str = "Interrupted; nothing half-written is left.") -> Iterator[None]:
    """Turn what a user can mend into one sentence on the error stream and exit status 1.

    Args:
        debug: let everything through with its traceback.
        interrupted: what to say on Ctrl-C.
    """
    try:
        yield
    except (InputError, OSError, KeyboardInterrupt) as error:
        if debug:
            raise
        if isinstance(error, KeyboardInterrupt):
            sentence = interrupted
        elif isinstance(error, OSError):
            sentence = f"{error.filename or 'a file'}: {error.strerror or error}."
        else:
            sentence = str(error)
        print(f"Error: {sentence}" if not isinstance(error, KeyboardInterrupt) else sentence, file=sys.stderr)
        sys.exit(1)
