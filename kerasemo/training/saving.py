"""Loads saved networks."""

import os

import keras

# All custom classes must be registered before a model is loaded.
import kerasemo.layers
import kerasemo.losses
import kerasemo.metrics  # noqa: F401
from kerasemo.training.joint_model import JointModel

__all__ = ["load_network"]


def load_network(path: str | os.PathLike) -> keras.Model:
    """Load the plain functional network from the `.keras` file of a `JointModel` or any other model.

    Args:
        path: the file.

    Returns:
        The network, with named dicts of inputs and outputs if it was a `JointModel`.

    Raises:
        ValueError: The file is not a saved model, or contains code (it is loaded in the safe mode of Keras).
    """
    model = keras.saving.load_model(path, compile=False, safe_mode=True)
    return model.network() if isinstance(model, JointModel) else model
