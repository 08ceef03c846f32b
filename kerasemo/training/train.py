"""One model of a run, from untrained to history, predictions and a saved network on disk."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from kerasemo import files
from kerasemo.features.network_input import NetworkInput
from kerasemo.training.clips import Clips
from kerasemo.training.fit import fit
from kerasemo.training.items import Items
from kerasemo.training.joint_model import JointModel
from kerasemo.training.memory import release
from kerasemo.training.run import Run
from kerasemo.training.segments import Segments

TASK = "emotion"


def train(
    run: Run,
    name: str,
    model: JointModel,
    items: Mapping[str, Items | Clips | Segments],
    *,
    classes: Mapping[str, list[str]],
    inputs: Mapping[str, NetworkInput],
    epochs: int,
    batch_size: int,
    seed: int,
    tasks: Mapping[str, str] | None = None,
    description: Mapping | None = None,
) -> None:
    """Train a compiled classifier and leave in the run folder all that later stages need.

    As `train_network`; the predictions are `predictions/<name>/<partition>.csv` (for outputs other than `emotion`
    `<partition>.<output>.csv`).

    Args:
        run, name, model, items, epochs, batch_size, seed: as in `train_network`.
        classes: the outputs that give probabilities, with the names of their classes in order.
        inputs: how each input of the network is made from a file.
        tasks: what an output decides where that is not the emotion, such as `{"gender": "gender"}`.
        description: what else to say of the model in its JSON file.
    """

    def write_predictions() -> None:
        for partition, these in items.items():
            probabilities = model.predict(these.once(), verbose=0)
            for output, names in classes.items():
                table = decisions(probabilities[output], these, names, output, (tasks or {}).get(output, TASK))
                file = partition if output == TASK else f"{partition}.{output}"
                run.write_table(table, "predictions", name, f"{file}.csv")

    description = {
        **(description or {}),
        "inputs": {key: network_input.get_config() for key, network_input in inputs.items()},
        "decision": TASK,
        "classes": classes[TASK],
    }
    train_network(
        run,
        name,
        model,
        items,
        write_predictions=write_predictions,
        description=description,
        epochs=epochs,
        batch_size=batch_size,
        seed=seed,
    )


def train_network(
    run: Run,
    name: str,
    model: JointModel,
    items: Mapping[str, Items | Clips | Segments],
    *,
    write_predictions: Callable[[], None],
    description: Mapping,
    epochs: int,
    batch_size: int,
    seed: int,
) -> None:
    """Train a compiled model and leave in the run folder all that later stages need.

    Writes `history/<name>.csv`, the predictions, `checkpoints/<name>.json` (what travels with a SavedModel) and, last
    of all, the plain network as `checkpoints/<name>.keras`. Interrupted and called again, it goes on after the last
    finished epoch. In the end the model's variables are emptied (see `memory.release`); the saved network stays.

    Args:
        run: the run folder.
        name: what to call the model in it.
        model: built and compiled.
        items: by partition; `train`, and where there are any `validation` and others.
        write_predictions: called when the model is trained, to write what it says of the items into the run folder.
        description: what to say of the model in its JSON file, beside its name and corpus.
        epochs, batch_size, seed: as in `fit`.
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
    write_predictions()
    run.write_json({"model": name, "corpus": run.config.get("corpus"), **description}, "checkpoints", f"{name}.json")
    with files.whole(run.path / "checkpoints" / f"{name}.keras") as temporary:
        model.network().save(temporary)
    state.unlink(missing_ok=True)
    release(model)


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
