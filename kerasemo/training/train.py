"""One model of a run, from untrained to history, predictions and a saved network on disk."""

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
    """Train a compiled model and leave in the run folder all that later stages need.

    Writes `history/<name>.csv`, `predictions/<name>/<partition>.csv` (of outputs other than `emotion`
    `<partition>.<output>.csv`), `checkpoints/<name>.json` (what travels with a SavedModel) and, last of all, the plain
    network as `checkpoints/<name>.keras`. Interrupted and called again, it goes on after the last finished epoch. In
    the end the model's variables are emptied (see `memory.release`); the saved network stays.

    Args:
        run: the run folder; its configuration has the `classes` of each task.
        name: what to call the model in it.
        model: built and compiled.
        items: by partition; `train`, and where there are any `validation` and others.
        epochs, batch_size, seed: as in `fit`.
        decisions: the outputs that give probabilities, and what each decides, such as `{"emotion_audio": "emotion"}`;
            the first is what an exported network answers, unless one is called `emotion`.
        inputs: how each input of the network is made from a file.
        description: what else to say of the model in its JSON file.
        write_predictions: called when the model is trained, in the place of writing what its outputs decide.
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
    described = {"model": name, "corpus": run.config.get("corpus")}
    if decisions:
        answer = TASK if TASK in decisions else next(iter(decisions))
        described["inputs"] = {key: network_input.get_config() for key, network_input in (inputs or {}).items()}
        described |= {"decision": answer, "classes": run.config["classes"][decisions[answer]]}
    run.write_json({**described, **(description or {})}, "checkpoints", f"{name}.json")
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
    """What each output says of the items; of clips that are read in segments, by the mean of theirs, labelled ones."""
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
    """What one output says of each item.

    Args:
        probabilities: `items x classes`.
        items: the items; their target `output` holds the true class numbers.
        classes: names of the classes, in order.
        output: the output's name.
        task: what it decides.

    Returns:
        A row an item: `clip, speaker, <task>` (true), `predicted`, and a probability for each class.
    """
    names = np.array(classes)
    table = items.index[["clip", "speaker"]].reset_index(drop=True)
    table[task] = names[items.targets[output]]
    table["predicted"] = names[probabilities.argmax(axis=1)]
    return pd.concat([table, pd.DataFrame(probabilities, columns=names)], axis=1)
