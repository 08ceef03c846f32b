"""Imports TensorFlow without the messages that it prints."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import ModuleType

__all__ = ["import_tensorflow"]


def import_tensorflow(with_keras: bool = True) -> ModuleType:
    """Import TensorFlow without its messages, which ignore the log level, and let it log only errors.

    Args:
        with_keras: False saves half of the time where Keras is not needed, such as for a SavedModel. TensorFlow imports
            Keras as well, unless its variable `TF_USE_LEGACY_KERAS` says that `tf.keras` is the older package
            `tf_keras`; then it goes on without it if this is not installed. `import keras` still works afterwards.

    Returns:
        The module.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    errors = os.dup(2)
    with Path(os.devnull).open("w") as nowhere, nullcontext() if with_keras else _legacy_keras():
        os.dup2(nowhere.fileno(), 2)
        try:
            import tensorflow
        finally:
            os.dup2(errors, 2)
            os.close(errors)
    tensorflow.get_logger().setLevel("ERROR")
    return tensorflow


@contextmanager
def _legacy_keras() -> Iterator[None]:
    before = os.environ.get("TF_USE_LEGACY_KERAS")
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["TF_USE_LEGACY_KERAS"]
        else:
            os.environ["TF_USE_LEGACY_KERAS"] = before
