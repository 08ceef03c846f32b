"""What can be wrong with what a user brings; every message is one sentence: what, in which file, what to do."""


class InputError(ValueError):
    """Something the user gave cannot be used, and no work has been started on it."""


class WrongCall(InputError):
    """Options that are each allowed and do not go together; a command then ends with status 2."""


class BrokenClip(InputError):
    """One media file cannot be used (missing, empty, truncated, no sound track, NaN, no face, ...).

    The feature store catches it, sets the clip aside with the message as the reason, and goes on.
    """
