"""Imports TensorFlow without the messages that it prints."""

import os
from pathlib import Path
from types import ModuleType

__all__ = ["import_tensorflow"]


def import_tensorflow() -> ModuleType:
    """Import TensorFlow without its messages, which ignore the log level, and let it log only errors.

    Returns:
        The module.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    errors = os.dup(2)
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
        try:
            import tensorflow
        finally:
            os.dup2(errors, 2)
            os.close(errors)
    tensorflow.get_logger().setLevel("ERROR")
    return tensorflow
