"""Networks on a corpus of one's own: any manifest, features and tasks, beside a linear baseline on the same folds.

Networks are trained on a random split of the clips (`paper`) and with speakers held out (`speaker`). Training stops
when the loss of the validation clips, under `speaker` those of other speakers, no longer decreases. With `--tune`,
several settings are trained on each split, and the one that is best on its validation clips is tested. So nothing is
chosen on clips that are scored.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from kerasemo import experiment
from kerasemo.errors import InputError
from kerasemo.evaluation import protocols, tables
from kerasemo.evaluation.protocols import Split
from kerasemo.experiment import Cell, Corpus, Folds, Outcome, Paper, Stage, Study, Training, labels, linear, speech
from kerasemo.experiment.own_networks import ON_DISK, Setting
from kerasemo.experiment.own_options import Options
from kerasemo.reporting.model_card import HELD_OUT, model_card
from kerasemo.training.best_epoch import best_epoch
from kerasemo.training.clips import N_FRAMES
from kerasemo.training.run import Run

__all__ = [
    "BASELINE",
    "EPOCHS",
    "FINAL",
    "PAPER",
    "STUDY",
    "TRAIN",
    "VALIDATION",
    "balanced",
    "build",
    "card",
    "chosen",
    "figures",
    "final_choice",
    "networks",
    "number_of",
    "proposed",
    "published",
    "read",
    "rows",
    "setting_of",
    "tested",
    "validation_score",
]

PAPER = Paper("train", "Networks on your own corpus", "no paper")
EPOCHS = (100, 5)
TRAIN, VALIDATION = 0.7, 0.1
BASELINE, FINAL = "baseline", "final"


def read(run: Run, options: Options) -> Corpus:
    """Read the manifest and compute the features; only those of one array per clip are loaded into memory.

    Args:
        run: the run folder.
        options: options of the run.

    Returns:
        The corpus.

    Raises:
        InputError: the network does not fit the tasks, the column of `--partitions` is missing, or classes cannot be
            balanced; see also `labels.read_clips`.
    """
    corpus = speech.read(options.manifest, options.root, options.seed)
    inputs = options.chosen.inputs(options.feature_sets, options.frames)
    numeric = [labels.are_numbers(corpus.manifest[task]) for task in options.task_names if task in corpus.manifest]
    if options.chosen.one_task and any(numeric):
        raise InputError(f"{options.network} learns classes, but {options.tasks} is a number; use another --network.")
    if options.partitions and options.partitions not in corpus.manifest:
        raise InputError(f"{options.manifest} has no column {options.partitions}; correct or omit --partitions.")
    clips = labels.read_clips(run, corpus, options.root, inputs, options, options.task_names, any(numeric))
    if options.balance and clips.classes[options.task_names[0]] is None:
        raise InputError("--balance needs classes, but the first task is a number; leave it out.")
    if (n_losses := len(options.chosen.outputs(options.task_names))) > 1:
        experiment.note_weighting(run, options.weighting, n_losses)
    run.note(f"Features: {', '.join(options.feature_names)}; network: {options.chosen.label}.")
    arrays = {
        name: files
        if inputs[name].feature_set.name in ON_DISK
        else np.concatenate([inputs[name].items(np.load(file, allow_pickle=False)) for file in files])
        for name, files in clips.features.items()
    }
    return replace(clips, features=arrays, published=published(run, corpus.manifest, clips.table, options))


def published(run: Run, manifest: pd.DataFrame, table: pd.DataFrame, options: Options) -> Split | None:
    """Return the split by `--partitions`, with a note on its speakers; None without the option.

    Args:
        run: the run folder.
        manifest: the manifest.
        table: one row per item, with the columns `clip` and `speaker`.
        options: options of the run.
    """
    if not options.partitions:
        return None
    partitions = table["clip"].map(manifest.set_index("clip")[options.partitions])
    split = protocols.published_split(partitions, table["speaker"], options.seed)
    speakers = table["speaker"].to_numpy()
    tested, others = set(speakers[split.test]), {*speakers[split.train], *speakers[split.validation]}
    run.note(
        f"The split of the protocol paper is the column {options.partitions}: {len(tested & others)} of its "
        f"{len(tested)} test speakers are in training or validation, too."
    )
    return split


def networks(run: Run, corpus: Corpus, options: Options) -> Iterator[Stage]:
    """Yield the baseline and every setting on every split; then, with `--final`, the network on all clips.

    Args:
        run: the run folder.
        corpus: the corpus that `read` returned.
        options: options of the run.
    """
    names = [f"{options.network}_{number}" for number in range(options.tune)]
    seeds = range(options.seed, options.seed + options.seeds)
    cells = experiment.plan(run, names, corpus, options, TRAIN, VALIDATION, seeds)
    splits = {cell.split.name: cell.split for cell in cells}
    labels.require_on_both_sides(corpus.table[list(corpus.classes)], list(splits.values()))
    yield "Training", [Cell(BASELINE, split, corpus.table) for split in splits.values()] + cells
    if options.final:
        number, epochs = final_choice(run, corpus, options, cells)
        run.configure(final={"setting": number, "epochs": epochs})
        nothing = np.array([], int)
        split = Split(FINAL, np.arange(len(corpus.table)), nothing, nothing)
        yield "Training on all clips", [Cell(FINAL, split, corpus.table)]


def build(run: Run, corpus: Corpus, options: Options, cell: Cell) -> Training | dict[str, pd.DataFrame]:
    """Return a network with a setting and how to train it; or the predictions of the baseline.

    Args:
        run: the run folder.
        corpus: the corpus that `read` returned.
        options: options of the run.
        cell: the cell to train.
    """
    if cell.network == BASELINE:
        return linear.linear_baseline(corpus, cell, [name for name in corpus.features if _in_memory(corpus, name)])
    import keras

    tasks, kind = list(corpus.classes), options.chosen
    final = run.config["final"] if cell.network == FINAL else {"setting": number_of(cell.network), "epochs": None}
    setting = setting_of(options, final["setting"])
    rate = setting.pop("learning_rate")
    if options.balance:
        cell = replace(cell, split=balanced(cell.split, cell.items[tasks[0]]))
    network, items = kind.build(corpus, cell, options.seed, setting)
    return Training.of_tasks(
        network,
        keras.optimizers.Adam(rate, global_clipnorm=kind.clip_norm),
        items,
        options.batch_size or kind.batch_size,
        options.numbers,
        kind.outputs(tasks),
        inputs={name: corpus.inputs[name] for name in network.input if name in corpus.inputs},
        weighting=options.weighting,
        description={"decision": tasks[0]} | ({"n_frames": N_FRAMES} if N_FRAMES in network.input else {}),
        patience=options.patience if "validation" in items else None,
        epochs=final["epochs"],
    )


def _in_memory(corpus: Corpus, name: str) -> bool:
    return isinstance(corpus.features[name], np.ndarray)


def setting_of(options: Options, number: int) -> Setting:
    """Return a setting of the network by its number.

    Args:
        options: options of the run.
        number: number of the setting, below `--tune`.
    """
    return dict(options.chosen.settings(options.tune, options.seed)[number])


def balanced(split: Split, targets: pd.Series) -> Split:
    """Return the split with training rows repeated, until each class has as many as the most frequent one.

    Args:
        split: the split.
        targets: the class number of each item; items with a negative one have no label, and are not repeated.
    """
    numbers = targets.to_numpy()[split.train]
    rows = {number: split.train[numbers == number] for number in np.unique(numbers)}
    most = max(len(each) for number, each in rows.items() if number >= 0)
    repeated = [each if number < 0 else np.resize(each, most) for number, each in rows.items()]
    return replace(split, train=np.sort(np.concatenate(repeated)))


def number_of(network: str) -> int:
    """Return the number of the setting in the key of a network.

    Args:
        network: key of the network, such as `dense_3`.
    """
    return int(network.rpartition("_")[2])


def validation_score(run: Run, corpus: Corpus, cell: Cell) -> float:
    """Return the score of the first task on the validation clips: unweighted average recall, or CCC.

    Args:
        run: the run folder.
        corpus: the corpus that `read` returned.
        cell: a trained cell.
    """
    task = next(iter(corpus.classes))
    table = Folds(run, cell.network, cell.protocol, [cell]).predictions("validation", task)
    return tables.score(table, "CCC" if corpus.classes[task] is None else "UAR", task)


def chosen(run: Run, corpus: Corpus, cells: Sequence[Cell]) -> list[Cell]:
    """Return, for each split and seed, the cell with the setting that is best on the validation clips.

    Args:
        run: the run folder.
        corpus: the corpus that `read` returned.
        cells: trained cells, with all settings of each split and seed.
    """
    groups: dict[tuple, list[Cell]] = {}
    for cell in cells:
        groups.setdefault((cell.split.name, cell.seed), []).append(cell)
    return [max(group, key=lambda cell: validation_score(run, corpus, cell)) for group in groups.values()]


def final_choice(run: Run, corpus: Corpus, options: Options, cells: Sequence[Cell]) -> tuple[int, int]:
    """Return the number of the setting that most splits have chosen, and the median number of its best epochs.

    If speakers are held out, only these splits count.

    Args:
        run: the run folder.
        corpus: the corpus that `read` returned.
        options: options of the run.
        cells: trained cells, with all settings of each split and seed.
    """
    best = chosen(run, corpus, [cell for cell in cells if cell.protocol == options.protocols[-1]])
    numbers = [number_of(cell.network) for cell in best]
    number = max(sorted(set(numbers)), key=numbers.count)
    picked = [cell for cell in best if number_of(cell.network) == number]
    histories = Folds(run, options.network, options.protocols[-1], picked).histories()
    outputs = list(options.chosen.outputs(list(corpus.classes)))
    return number, round(float(np.median([best_epoch(history, outputs) for history in histories])))


def rows(outcome: Outcome) -> Iterator[dict]:
    """Yield the rows of one table per task: the baseline, then the network, mean of its seeds.

    Args:
        outcome: the trained study.
    """
    seeds = outcome.options.seeds
    label = outcome.options.chosen.label + (f", mean of {seeds} seeds" if seeds > 1 else "")
    networks_tested = {protocol: tested(outcome, protocol) for protocol in outcome.options.protocols}
    for task, classes in outcome.corpus.classes.items():
        for protocol, folds in networks_tested.items():
            table = task.capitalize()
            baseline = "Logistic regression" if classes else "Ridge regression"
            yield from outcome.of(BASELINE, protocol).scores(table, baseline, task)
            yield from folds.scores(table, label, task)


def tested(outcome: Outcome, protocol: str) -> Folds:
    """Return the folds of the chosen settings, for all seeds.

    Args:
        outcome: the trained study.
        protocol: `paper` or `speaker`.
    """
    candidates = [cell for cell in outcome.cells if cell.protocol == protocol and cell.network != BASELINE]
    best = chosen(outcome.run, outcome.corpus, candidates)
    return Folds(outcome.run, outcome.options.network, protocol, best)


def figures(outcome: Outcome, results: list[dict]) -> None:
    """Draw the scores of each task, and for the first seed losses, confusion and true and predicted numbers.

    Args:
        outcome: the trained study.
        results: the rows of the results.
    """
    outcome.draw_scores_of_tasks(results)
    for protocol in outcome.options.protocols:
        folds = next(iter(tested(outcome, protocol).by_seed().values()))
        name = f"{outcome.options.chosen.label}, {protocol} protocol"
        outcome.draw_tasks(folds, list(outcome.corpus.classes), name, protocol)


def proposed(outcome: Outcome) -> str | None:
    """Return the name of the network on all clips, if there is one.

    Args:
        outcome: the trained study.
    """
    return next((cell.model for cell in outcome.cells if cell.network == FINAL), None)


def card(outcome: Outcome, results: Sequence[dict]) -> str:
    """Return the model card of the network on all clips.

    Args:
        outcome: the trained study.
        results: the rows of the results.
    """
    options, config = outcome.options, outcome.run.config
    table, final = outcome.corpus.table, config["final"]
    setting = ", ".join(f"{name} {value}" for name, value in setting_of(options, final["setting"]).items())
    facts = {
        "Network": f"{options.chosen.label}, {setting}, {final['epochs']} epoch{'s' * (final['epochs'] > 1)}",
        "Preprocessing": ", ".join(options.feature_names),
        "Corpus": f"{config['corpus']}, {len(table)} clips of {table['speaker'].nunique()} speakers, all for training",
        "Licence of the corpus": options.licence or "not stated",
    }
    split = "random split: speakers are in training, too"
    if options.partitions:
        split = f"the column {options.partitions}; see the notes for its speakers"
    split_of = {"paper": split, "speaker": HELD_OUT}
    return model_card(FINAL, facts, outcome.corpus.classes, results, split_of, config["notes"])


STUDY = Study(PAPER, Options, EPOCHS, read, networks, build, rows, figures, proposed, card=card)
