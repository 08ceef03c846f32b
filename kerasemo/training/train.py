"""Trains one model of a run, and writes its history, its predictions and the saved network."""

from collections.abc import Callable, Mapping

import keras
import numpy as np
import pandas as pd

from kerasemo import files
from kerasemo.evaluation.scores import by_clip
from kerasemo.features.network_input import NetworkInput
from kerasemo.training.clips import Clips
from kerasemo.training.fit import fit
from kerasemo.training.items import Items
from kerasemo.training.joint_model import JointModel
from kerasemo.training.missing import known
from kerasemo.training.reuse import traced
from kerasemo.training.run import Run
from kerasemo.training.segments import Segments

__all__ = ["TASK", "decisions", "train"]

TASK = "emotion"


def train(
    run: Run,
    name: str,
    model: JointModel,
    items: Mapping[str, Items | Clips | Segments],
    *,
    epochs: int,
    batch_size: int,
    seed: int,
    patience: int | None = None,
    decisions: Mapping[str, str] | None = None,
    inputs: Mapping[str, NetworkInput] | None = None,
    description: Mapping | None = None,
    write_predictions: Callable[[keras.Model], None] | None = None,
) -> None:
    """Train a compiled model and write all files that later stages need to the run folder.

    The files are `history/<name>.csv`, `predictions/<name>/<partition>.csv` (`<partition>.<output>.csv` for outputs
    other than `emotion`), `checkpoints/<name>.json` (the description for a SavedModel) and, as the last one, the plain
    network `checkpoints/<name>.keras`. If training was interrupted, it continues after the last saved epoch. At the
    end the model cannot be used any more (see `reuse.traced`).

    Args:
        run: the run folder; its configuration contains the `classes` of each task, None if the task is a number.
        name: name of the model in the run folder.
        model: the built and compiled model.
        items: the items of each partition: `train`, and optionally `validation` and others.
        epochs, batch_size, seed, patience: as in `fit`.
        decisions: the outputs that predict a task, and the task of each, such as `{"emotion_audio": "emotion"}`: the
            probabilities of its classes, or a number.
        inputs: how each input of the network is computed from a file.
        description: further entries of the model's JSON file, such as `decision`, the output that an exported network
            is used for; without it, this is `emotion`, or the first output if there is no `emotion`.
        write_predictions: if given, it is called after training instead of writing the decisions.
    """
    state = run.file("checkpoints", f"{name}.npz")
    with traced(model, items["train"], batch_size) as trained:
        history = fit(
            trained.model,
            items["train"],
            items.get("validation"),
            epochs=epochs,
            batch_size=batch_size,
            seed=seed,
            checkpoint=state,
            patience=patience,
        )
        run.write_table(history, "history", f"{name}.csv")
        if write_predictions:
            write_predictions(trained.network)
        else:
            _write_decisions(run, name, trained.network, items, decisions or {})
        entries = {"model": name, "corpus": run.config.get("corpus"), **(description or {})}
        if decisions:
            decision = entries.get("decision", TASK if TASK in decisions else next(iter(decisions)))
            task = decisions[decision]
            entries |= {"decision": decision, "classes": run.config["classes"][task] or [task]}
            entries["inputs"] = {key: network_input.get_config() for key, network_input in (inputs or {}).items()}
        run.write_json(entries, "checkpoints", f"{name}.json")
        with files.whole(run.path / "checkpoints" / f"{name}.keras") as temporary:
            trained.network.save(temporary)
    for file in (state, state.with_suffix(".best.npz")):
        file.unlink(missing_ok=True)


def _write_decisions(
    run: Run,
    name: str,
    network: keras.Model,
    items: Mapping[str, Items | Clips | Segments],
    tasks: Mapping[str, str],
) -> None:
    """Write the decisions of each output; of items `by_clip`, one per clip, by the mean over its labelled items."""
    for partition, part in items.items():
        outputs = network.predict(part.once(), verbose=0)
        for output, task in tasks.items():
            table = decisions(outputs[output], part, run.config["classes"][task], output, task)
            if part.by_clip:
                table = by_clip(table, task)
            file = partition if output == TASK else f"{partition}.{output}"
            run.write_table(table, "predictions", name, f"{file}.csv")


def decisions(
    values: np.ndarray, items: Items | Clips | Segments, classes: list[str] | None, output: str, task: str = TASK
) -> pd.DataFrame:
    """Return the decisions of one output as a table.

    Args:
        values: probabilities, `items x classes`; for a task that is a number, `items x 1`.
        items: the items; their target `output` contains the true class numbers, or the true numbers.
        classes: names of the classes, in order; None: the task is a number.
        output: name of the output.
        task: the task of the output.

    Returns:
        One row per item with a label: `clip, speaker, <task>` (the true class or number), `predicted`, and a
        probability for each class.
    """
    labels = items.targets[output]
    rows = np.flatnonzero(known(labels))
    labels, values = labels[rows], values[rows]
    table = items.index[["clip", "speaker"]].iloc[rows].reset_index(drop=True)
    if classes is None:
        return table.assign(**{task: labels, "predicted": values[:, 0]})
    names = np.array(classes)
    table[task] = names[labels]
    table["predicted"] = names[values.argmax(axis=1)]
    return pd.concat([table, pd.DataFrame(values, columns=names)], axis=1)
