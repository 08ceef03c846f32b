"""Writes what TensorBoard shows of a trained model: `tensorboard --logdir runs` compares models and runs."""

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from kerasemo.evaluation.tables import pooled_predictions
from kerasemo.quiet import import_tensorflow
from kerasemo.reporting import charts, figures
from kerasemo.training.run import Run

__all__ = ["FOLDER", "write_events"]

FOLDER = "tensorboard"


def write_events(run: Run, model: str, options: Mapping[str, Any]) -> None:
    """Write every column of the history, the confusion of the test predictions and the options, unless it is done.

    Args:
        run: the run folder; the files are in `tensorboard/<model>/`.
        model: name of a trained model.
        options: options of the run, as JSON values; the hyperparameters of TensorBoard.
    """
    folder, history_file = run.path / FOLDER / model, run.path / "history" / f"{model}.csv"
    if (folder / "complete").exists() or not history_file.exists():
        return
    tf = import_tensorflow()
    from tensorboard.plugins.hparams import api as hparams

    for unfinished in folder.glob("events.*"):
        unfinished.unlink()
    writer = tf.summary.create_file_writer(str(folder))
    with writer.as_default():
        hparams.hparams(
            {name: value if isinstance(value, int | float) else str(value) for name, value in options.items()}
        )
        for row in pd.read_csv(history_file).to_dict("records"):
            step = int(row.pop("epoch"))
            for name, value in row.items():
                tf.summary.scalar(name, value, step)
        for task, picture in _confusions(run, model).items():
            tf.summary.image(f"confusion of {task}", picture[np.newaxis], step)
    writer.close()
    (folder / "complete").touch()


def _confusions(run: Run, model: str) -> dict[str, np.ndarray]:
    """Return the confusion matrix of each task with classes, as a picture: height x width x 3."""
    pictures = {}
    for task, classes in run.config.get("classes", {}).items():
        file = "test.csv" if task == "emotion" else f"test.{task}.csv"
        if classes and (run.path / "predictions" / model / file).exists():
            table = pooled_predictions(run.path, "paper", [model], "test", task, task)
            figure = charts.confusion(
                table[task], table["predicted"], classes, f"{task}, {model}", run.config["notice"]
            )
            pictures[task] = np.asarray(Image.open(io.BytesIO(figures.png(figure, task))).convert("RGB"))
    return pictures
