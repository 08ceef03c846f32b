"""Trains a small network with dropout and shuffling in a separate process: `training_script.py FOLDER [EPOCHS]`."""

import sys
from pathlib import Path

import keras
import numpy as np
import pandas as pd

from kerasemo.models import crossmodal
from kerasemo.training import callbacks
from kerasemo.training.fit import fit
from kerasemo.training.items import Items
from kerasemo.training.joint_model import JointModel
from kerasemo.training.reproducible import one_thread, seed_everything
from kerasemo.weighting import Static


class Announce(keras.layers.Layer):
    """Prints a line for each training step, so that a test can stop the process within an epoch."""

    def call(self, x, training=False):
        if training:
            import tensorflow as tf

            tf.print("step", output_stream=sys.stdout)
        return x


def train(folder: Path, epochs: int = 4) -> None:
    callbacks.SAVE_EVERY_S = 0.0
    one_thread()
    seed_everything(0)
    generator = np.random.default_rng(0)
    n = 60
    inputs = {"audio": generator.normal(3, 2, (n, 40)).astype("float32")}
    inputs["image"] = generator.uniform(0, 255, (n, 16, 32, 3)).astype("float32")
    labels = generator.integers(0, 3, n)
    tasks = ["emotion", "audio_probe", "image_probe"]
    network = crossmodal.architecture_4(3, image_shape=(16, 32, 3), dropout=0.5)
    outputs = {**network.output, "emotion": Announce(name="announced")(network.output["emotion"])}
    outputs["emotion"] = keras.layers.Identity(name="emotion_announced")(outputs["emotion"])
    model = JointModel(
        network.input,
        outputs,
        losses={task: keras.losses.SparseCategoricalCrossentropy() for task in tasks},
        weighting=Static(dict.fromkeys(tasks, 1.0)),
    )
    model.compile(keras.optimizers.SGD(0.01, momentum=0.9), weighted_metrics={task: ["accuracy"] for task in tasks})
    items = Items(inputs, dict.fromkeys(tasks, labels), pd.DataFrame({"clip": range(n), "speaker": "a"}))
    history = fit(model, items, items, epochs=epochs, batch_size=8, seed=0, checkpoint=folder / "state.npz")
    history.to_csv(folder / "history.csv", index=False)
    np.savez(folder / "weights.npz", *model.get_weights())


if __name__ == "__main__":
    train(Path(sys.argv[1]))
