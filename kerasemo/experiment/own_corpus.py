"""Networks on a corpus of one's own: any manifest, features and tasks, beside a linear baseline on the same folds.

Networks are trained on a random split of the clips (`paper`) and with speakers held out (`speaker`). Training stops
when the loss of the validation clips, under `speaker` those of other speakers, no longer decreases. With `--tune`,
several settings are trained on each split, and the one that is best on its validation clips is tested. So nothing is
chosen on clips that are scored.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from kerasemo import experiment, features
from kerasemo.command_line import no_option
from kerasemo.errors import InputError
from kerasemo.evaluation import scores
from kerasemo.evaluation.protocols import Split
from kerasemo.experiment import Cell, Corpus, Folds, Outcome, Paper, Stage, Study, Training, labels, linear, speech
from kerasemo.features.network_input import NetworkInput
from kerasemo.features.waveform import Waveform
from kerasemo.reporting.model_card import model_card
from kerasemo.training.best_epoch import best_epoch
from kerasemo.training.run import Run
from kerasemo.training.segments import Segments

PAPER = Paper("train", "Networks on your own corpus", "no paper")
EPOCHS = (100, 5)
TRAIN, VALIDATION = 0.7, 0.1
SEGMENT_S, SEGMENT_HOP_S = 3.0, 1.5
BASELINE, FINAL = "baseline", "final"
BASELINE_OF_WAVEFORMS = "mfcc_functionals"
PICTURES = ("frames", "face_pairs", "faces", "face_video")
NETWORKS = {"dense": "Dense network", "lstm": "LSTM", "spectrogram_cnn": "AlexNet on spectrograms"}


@dataclass(frozen=True)
class Setting:
    """What `--tune` chooses.

    Attributes:
        learning_rate: of the optimizer, Adam.
        dropout: after each layer, 0..1; `spectrogram_cnn` has that of AlexNet.
        units: of each layer; `spectrogram_cnn` has those of AlexNet.
    """

    learning_rate: float
    dropout: float
    units: tuple[int, ...]


DEFAULTS = {
    "dense": Setting(1e-3, 0.3, (256, 128)),
    "lstm": Setting(1e-3, 0.3, (128, 64)),
    "spectrogram_cnn": Setting(1e-4, 0.5, ()),
}
GRIDS = {
    "dense": ((1e-4, 3e-4, 1e-3, 3e-3), (0.0, 0.3, 0.5), ((64,), (256, 128), (512, 256))),
    "lstm": ((3e-4, 1e-3, 3e-3), (0.0, 0.3, 0.5), ((32,), (128, 64), (256, 128))),
    "spectrogram_cnn": ((3e-5, 1e-4, 3e-4), (0.5,), ((),)),
}


@dataclass(frozen=True, kw_only=True)
class Options(experiment.Options):
    root: Path | None = experiment.data(
        None, "Folder that the paths in the manifest are relative to. Required.", exists=True, file_okay=False
    )
    quick: bool = no_option(False)
    manifest: Path | None = no_option(None)
    features: str = experiment.data(BASELINE_OF_WAVEFORMS, "Feature set; for more than one, separate them by commas.")
    frames: int = experiment.data(160, "Number of frames of a clip; the last one of shorter clips is repeated.", min=1)
    max_bad: float = experiment.max_bad()
    tasks: str = experiment.training("emotion", "Columns of the manifest to predict, separated by commas.")
    network: Literal["dense", "lstm", "spectrogram_cnn"] = experiment.training("dense", "Network to train.")
    weighting: experiment.WeightingName = experiment.weighting()
    numbers: experiment.NumberLoss = experiment.training("ccc", "Loss of tasks that are numbers.")
    balance: bool = experiment.training(False, "Repeat training clips until all classes of the first task are equal.")
    seeds: int = experiment.training(1, "Number of seeds: --seed, --seed + 1, and so on.", min=1, max=1000)
    tune: int = experiment.training(1, "Number of settings to choose from on the validation clips.", min=1, max=27)
    patience: int = experiment.training(10, "Stop after this number of epochs without a lower validation loss.", min=1)
    batch_size: int = experiment.training(32, "Number of clips or segments per step.", min=1)
    final: bool = experiment.training(False, "At the end, train one network on all clips, and export it with a card.")
    licence: str = experiment.data("", "Licence of the corpus, for the model card.  [default: not stated]")

    def conflicts(self):
        reads_sound, sets = self.network == "spectrogram_cnn", self.feature_names
        unreadable = ", ".join(name for name in sets if name in ("waveform", *PICTURES))
        n_settings = len(settings(self.network, 10**6, 0))
        return {
            "give a manifest and --root, the folder of its files.": not (self.manifest and self.root),
            "a feature set is given twice; give each once.": len(set(sets)) < len(sets),
            "spectrogram_cnn reads sound: give --features waveform.": reads_sound and sets != ["waveform"],
            f"{self.network} cannot read {unreadable}; give other --features.": unreadable and not reads_sound,
            f"--tune {self.tune} is more than the {n_settings} settings of {self.network}.": self.tune > n_settings,
        }

    @property
    def feature_names(self) -> list[str]:
        """The names of the feature sets."""
        return [name.strip() for name in self.features.split(",")]

    @property
    def task_names(self) -> list[str]:
        """The names of the tasks, the main task first."""
        return list(dict.fromkeys(name.strip() for name in self.tasks.split(",")))


def settings(network: str, n: int, seed: int) -> list[Setting]:
    """Return up to n settings of a network, in random order after the default."""
    grid = [Setting(*values) for values in itertools.product(*GRIDS[network]) if Setting(*values) != DEFAULTS[network]]
    order = np.random.default_rng(seed).permutation(len(grid))
    return [DEFAULTS[network], *(grid[number] for number in order)][:n]


def read(run: Run, options: Options) -> Corpus:
    """Read the manifest and compute the features; all but waveforms are loaded into memory."""
    corpus = speech.read(options.manifest, options.root, options.seed)
    inputs = network_inputs(options)
    numeric = [labels.are_numbers(corpus.manifest[task]) for task in options.task_names if task in corpus.manifest]
    clips = labels.read_clips(run, corpus, options.root, inputs, options, options.task_names, any(numeric))
    if options.balance and clips.classes[options.task_names[0]] is None:
        raise InputError("--balance needs classes, but the first task is a number; leave it out.")
    if len(clips.classes) > 1:
        experiment.note_weighting(run, options.weighting, len(clips.classes))
    run.note(f"Features: {', '.join(options.feature_names)}; network: {NETWORKS[options.network]}.")
    arrays = {
        name: files if name == "waveform" else np.concatenate([inputs[name].items(np.load(file)) for file in files])
        for name, files in clips.features.items()
    }
    return replace(clips, features=arrays)


def network_inputs(options: Options) -> dict[str, NetworkInput]:
    """Return how each input of the network is computed from a file, and what the baseline reads."""
    if options.network == "spectrogram_cnn":
        sound = Waveform(longest_s=600.0, channel="mean")
        length, hop = (round(seconds * sound.sampling_rate) for seconds in (SEGMENT_S, SEGMENT_HOP_S))
        baseline = features.from_config({"feature_set": BASELINE_OF_WAVEFORMS})
        waveform = NetworkInput(sound, segment_length=length, segment_hop=hop)
        return {"waveform": waveform, BASELINE_OF_WAVEFORMS: NetworkInput(baseline)}
    n_frames = options.frames if options.network == "lstm" else None
    sets = {name: features.from_config({"feature_set": name}) for name in options.feature_names}
    return {name: NetworkInput(feature_set, n_frames) for name, feature_set in sets.items()}


def networks(run: Run, corpus: Corpus, options: Options) -> Iterator[Stage]:
    """Yield the baseline and every setting on every split; then, with `--final`, the network on all clips."""
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
    """Build a network with a setting; or return the predictions of the baseline."""
    inputs = [name for name in corpus.features if options.network != "spectrogram_cnn" or name == "waveform"]
    if cell.network == BASELINE:
        return linear.linear_baseline(corpus, cell, [name for name in corpus.features if name != "waveform"])
    import keras

    final = run.config["final"] if cell.network == FINAL else {"setting": number_of(cell.network), "epochs": None}
    setting, tasks = settings(options.network, options.tune, options.seed)[final["setting"]], list(corpus.classes)
    if options.balance:
        cell = replace(cell, split=balanced(cell.split, cell.items[tasks[0]]))
    network, items = network_and_items(corpus, options, cell, setting, inputs)
    return Training.of_tasks(
        network,
        keras.optimizers.Adam(setting.learning_rate),
        items,
        options.batch_size,
        options.numbers,
        inputs={name: corpus.inputs[name] for name in inputs},
        weighting=options.weighting,
        description={"decision": tasks[0]},
        patience=options.patience if "validation" in items else None,
        epochs=final["epochs"],
    )


def network_and_items(corpus: Corpus, options: Options, cell: Cell, setting: Setting, inputs: Sequence[str]):
    """Return a network, and the items of each partition."""
    from kerasemo.models import from_waveform, on_features

    tasks = list(corpus.classes)
    if options.network == "spectrogram_cnn":
        network = from_waveform.waveform_cnn("alexnet", corpus.widths(tasks), SEGMENT_S, seed=options.seed)
        items = corpus.clips(Segments.of_clips, cell, tasks, inputs)
        from_waveform.adapt(network, items["train"].once().map(lambda x, *_: x))
        return network, items
    build_network = {"dense": on_features.dense, "lstm": on_features.lstm}[options.network]
    shapes = {name: corpus.features[name].shape[1:] for name in inputs}
    network = build_network(shapes, corpus.widths(tasks), setting.units, setting.dropout)
    return network, corpus.items(cell, {task: task for task in tasks}, inputs)


def balanced(split: Split, targets: pd.Series) -> Split:
    """Return the split with training rows repeated, until each class has as many as the most frequent one."""
    numbers = targets.to_numpy()[split.train]
    rows = {number: split.train[numbers == number] for number in np.unique(numbers)}
    most = max(len(each) for number, each in rows.items() if number >= 0)
    repeated = [each if number < 0 else np.resize(each, most) for number, each in rows.items()]
    return replace(split, train=np.sort(np.concatenate(repeated)))


def number_of(network: str) -> int:
    """Return the number of the setting in the key of a network."""
    return int(network.rpartition("_")[2])


def validation_score(run: Run, corpus: Corpus, cell: Cell) -> float:
    """Return the score of the first task on the validation clips: unweighted average recall, or CCC."""
    task = next(iter(corpus.classes))
    table = Folds(run, cell.network, cell.protocol, [cell]).predictions("validation", task)
    score = scores.ccc if corpus.classes[task] is None else scores.unweighted_average_recall
    return score(table[task], table["predicted"])


def chosen(run: Run, corpus: Corpus, cells: Sequence[Cell]) -> list[Cell]:
    """Return, for each split and seed, the cell with the setting that is best on the validation clips."""
    groups: dict[tuple, list[Cell]] = {}
    for cell in cells:
        groups.setdefault((cell.split.name, cell.seed), []).append(cell)
    return [max(group, key=lambda cell: validation_score(run, corpus, cell)) for group in groups.values()]


def final_choice(run: Run, corpus: Corpus, options: Options, cells: Sequence[Cell]) -> tuple[int, int]:
    """Return the number of the setting that most splits have chosen, and the median number of its best epochs.

    If speakers are held out, only these splits count.
    """
    best = chosen(run, corpus, [cell for cell in cells if cell.protocol == options.protocols[-1]])
    numbers = [number_of(cell.network) for cell in best]
    number = max(sorted(set(numbers)), key=numbers.count)
    picked = [cell for cell in best if number_of(cell.network) == number]
    histories = Folds(run, options.network, options.protocols[-1], picked).histories()
    return number, round(float(np.median([best_epoch(history, list(corpus.classes)) for history in histories])))


def rows(outcome: Outcome) -> Iterator[dict]:
    """Yield the rows of one table per task: the baseline, then the network, mean of its seeds."""
    seeds = outcome.options.seeds
    label = NETWORKS[outcome.options.network] + (f", mean of {seeds} seeds" if seeds > 1 else "")
    networks_tested = {protocol: tested(outcome, protocol) for protocol in outcome.options.protocols}
    for task, classes in outcome.corpus.classes.items():
        for protocol, folds in networks_tested.items():
            table = task.capitalize()
            baseline = "Logistic regression" if classes else "Ridge regression"
            yield from outcome.of(BASELINE, protocol).scores(table, baseline, task)
            yield from folds.scores(table, label, task)


def tested(outcome: Outcome, protocol: str) -> Folds:
    """Return the folds of the chosen settings, for all seeds."""
    candidates = [cell for cell in outcome.cells if cell.protocol == protocol and cell.network != BASELINE]
    best = chosen(outcome.run, outcome.corpus, candidates)
    return Folds(outcome.run, outcome.options.network, protocol, best)


def figures(outcome: Outcome, results: list[dict]) -> None:
    """Draw the scores of each task, and for the first seed losses, confusion and true and predicted numbers."""
    outcome.draw_scores_of_tasks(results)
    for protocol in outcome.options.protocols:
        folds = next(iter(tested(outcome, protocol).by_seed().values()))
        name = f"{NETWORKS[outcome.options.network]}, {protocol} protocol"
        outcome.draw_tasks(folds, list(outcome.corpus.classes), name, protocol)


def proposed(outcome: Outcome) -> str | None:
    """Return the name of the network on all clips, if there is one."""
    return next((cell.model for cell in outcome.cells if cell.network == FINAL), None)


def card(outcome: Outcome, results: Sequence[dict]) -> str:
    """Return the model card of the network on all clips."""
    options, config = outcome.options, outcome.run.config
    table, final = outcome.corpus.table, config["final"]
    setting = settings(options.network, options.tune, options.seed)[final["setting"]]
    facts = {
        "Network": f"{NETWORKS[options.network]}, {setting}, {final['epochs']} epochs",
        "Preprocessing": ", ".join(options.feature_names),
        "Corpus": f"{config['corpus']}, {len(table)} clips of {table['speaker'].nunique()} speakers, all for training",
        "Licence of the corpus": options.licence or "not stated",
    }
    return model_card(FINAL, facts, outcome.corpus.classes, results, config["notes"])


STUDY = Study(PAPER, Options, EPOCHS, read, networks, build, rows, figures, proposed, card=card)
