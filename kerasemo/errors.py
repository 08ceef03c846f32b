"""Errors in a user's input; each message is one sentence: what is wrong, in which file, and what to do."""

__all__ = ["BrokenClip", "InputError", "WrongCall", "one_line"]


class InputError(ValueError):
    """An input of the user cannot be used; no work has been started with it."""


class WrongCall(InputError):
    """An option has an invalid value, or options cannot be combined; a command then ends with status 2."""


class BrokenClip(InputError):
    """One media file cannot be used (missing, empty, truncated, no sound track, NaN, no face, ...).

    The feature store catches this error, sets the clip aside with the message as the reason, and continues.
    """


def one_line(error: Exception) -> str:
    """Return the message of another library's error as part of a sentence: in one line, without a full stop.

    Args:
        error: the error; its message may have several lines.
    """
    return " ".join(str(error).split()).rstrip(".")
