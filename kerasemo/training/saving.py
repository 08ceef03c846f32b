"""Networks of a run, back from disk."""

import os

import keras

# What a saved model may hold must be registered before it is loaded.
import kerasemo.layers
import kerasemo.losses
import kerasemo.metrics  # noqa: F401
from kerasemo.training.joint_model import JointModel


def load_network(path: str | os.PathLike) -> keras.Model:
    """The plain functional network of a `.keras` file, of a `JointModel` or of any other model.

    Raises:
        ValueError: the file is no saved model, or holds code (it is loaded in Keras' safe mode).
    """
    model = keras.saving.load_model(path, compile=False, safe_mode=True)
    return model.network() if isinstance(model, JointModel) else model
