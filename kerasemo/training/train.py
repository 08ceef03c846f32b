"""Trains one model of a run, and writes its history, its predictions and the saved network."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from kerasemo import files
from kerasemo.evaluation.scores import by_clip
from kerasemo.features.network_input import NetworkInput
from kerasemo.training.clips import Clips
from kerasemo.training.fit import fit
from kerasemo.training.items import Items
from kerasemo.training.joint_model import JointModel
from kerasemo.training.memory import release
from kerasemo.training.run import Run
from kerasemo.training.segments import UNKNOWN, Segments

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
    decisions: Mapping[str, str] | None = None,
    inputs: Mapping[str, NetworkInput] | None = None,
    description: Mapping | None = None,
    write_predictions: Callable[[JointModel], None] | None = None,
) -> None:
    """Train a compiled model and write all files that later stages need to the run folder.

    The files are `history/<name>.csv`, `predictions/<name>/<partition>.csv` (`<partition>.<output>.csv` for outputs
    other than `emotion`), `checkpoints/<name>.json` (the description for a SavedModel) and, as the last one, the plain
    network `checkpoints/<name>.keras`. If training was interrupted, it continues after the last finished epoch. At the
    end the model's variables are emptied (see `memory.release`).

    Args:
        run: the run folder; its configuration contains the `classes` of each task.
        name: name of the model in the run folder.
        model: the built and compiled model.
        items: the items of each partition: `train`, and optionally `validation` and others.
        epochs, batch_size, seed: as in `fit`.
        decisions: the outputs that give probabilities, and the task of each, such as `{"emotion_audio": "emotion"}`.
            The decision of an exported network is `emotion`, or the first output if there is no `emotion`.
        inputs: how each input of the network is computed from a file.
        description: further entries of the model's JSON file.
        write_predictions: if given, it is called after training instead of writing the decisions.
    """
    state = run.file("checkpoints", f"{name}.npz")
    history = fit(
        model,
        items["train"],
        items.get("validation"),
        epochs=epochs,
        batch_size=batch_size,
        seed=seed,
        checkpoint=state,
    )
    run.write_table(history, "history", f"{name}.csv")
    if write_predictions:
        write_predictions(model)
    else:
        _write_decisions(run, name, model, items, decisions or {})
    entries = {"model": name, "corpus": run.config.get("corpus")}
    if decisions:
        decision = TASK if TASK in decisions else next(iter(decisions))
        entries["inputs"] = {key: network_input.get_config() for key, network_input in (inputs or {}).items()}
        entries |= {"decision": decision, "classes": run.config["classes"][decisions[decision]]}
    run.write_json({**entries, **(description or {})}, "checkpoints", f"{name}.json")
    with files.whole(run.path / "checkpoints" / f"{name}.keras") as temporary:
        model.network().save(temporary)
    state.unlink(missing_ok=True)
    release(model)


def _write_decisions(
    run: Run,
    name: str,
    model: JointModel,
    items: Mapping[str, Items | Clips | Segments],
    tasks: Mapping[str, str],
) -> None:
    """Write the decisions of each output; for segments, one decision per clip, by the mean over labelled segments."""
    for partition, part in items.items():
        probabilities = model.predict(part.once(), verbose=0)
        for output, task in tasks.items():
            values, labelled = probabilities[output], part
            if isinstance(part, Segments):
                known = np.flatnonzero(part.targets[output] != UNKNOWN)
                values, labelled = values[known], part.rows(known)
            table = decisions(values, labelled, run.config["classes"][task], output, task)
            if isinstance(part, Segments):
                table = by_clip(table, task)
            file = partition if output == TASK else f"{partition}.{output}"
            run.write_table(table, "predictions", name, f"{file}.csv")


def decisions(
    probabilities: np.ndarray, items: Items | Clips | Segments, classes: list[str], output: str, task: str = TASK
) -> pd.DataFrame:
    """Return the decisions of one output as a table.

    Args:
        probabilities: `items x classes`.
        items: the items; their target `output` contains the true class numbers.
        classes: names of the classes, in order.
        output: name of the output.
        task: the task of the output.

    Returns:
        One row per item: `clip, speaker, <task>` (the true class), `predicted`, and a probability for each class.
    """
    names = np.array(classes)
    table = items.index[["clip", "speaker"]].reset_index(drop=True)
    table[task] = names[items.targets[output]]
    table["predicted"] = names[probabilities.argmax(axis=1)]
    return pd.concat([table, pd.DataFrame(probabilities, columns=names)], axis=1)
