"""Ryabinov, Uzdiaev and Vatamaniuk 2021: AlexNet and VGG on log-mel spectrograms, several tasks, weights that learn.

Trains AlexNet and VGG-16 for each task alone and for all together, the weights of the losses learning (by default from
the uncertainty of each task), and tests them under the paper's protocol (utterances at random) and with speakers held
out: accuracy, UAR, and precision, recall and F1, macro and weighted. t-SNE of the embedding and Grad-CAM maps show what
the multitask networks see.

Only the abstract of the paper is public. Chosen here: an utterance is cut into segments of 3 s, one every 1.5 s, and
its probabilities are the mean of theirs; the split is of utterances, since segments of one on two sides would leak more
still. A segment has mean 0 and deviation 1, its spectrogram 80 mel bands and a frame every 20 ms, made inside the
network. Tasks are emotion and gender, of RAVDESS intensity too; `--task` takes any label of the corpus. The optimizer
is Adam, which the paper cites; with the SGD of the networks' own papers AlexNet learns RAVDESS several times as slowly.
The weights of the losses have an Adam of their own, since at the networks' rate they would hardly move. Training
changes neither sound nor spectrograms unless `--augment` is given.

A clip without a label of one task trains the others. `--manifest` reads any corpus.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
import pandas as pd
import typer

from kerasemo import experiment
from kerasemo import manifest as manifests
from kerasemo.corpora import iemocap, ravdess
from kerasemo.corpora.synthetic import write_iemocap
from kerasemo.errors import InputError, WrongCall
from kerasemo.evaluation import protocols, tables
from kerasemo.evaluation.protocols import Split
from kerasemo.evaluation.scores import by_clip
from kerasemo.experiment import (
    Debug,
    Epochs,
    Jobs,
    MaxBad,
    Out,
    Protocol,
    Quick,
    Resume,
    Root,
    Scheduler,
    Seed,
    Weighting,
)
from kerasemo.features.network_input import NetworkInput
from kerasemo.features.waveform import Waveform
from kerasemo.reporting import charts, curves, figures
from kerasemo.training.clips import read_clips
from kerasemo.training.grid import run_cells
from kerasemo.training.run import Run
from kerasemo.training.segments import UNKNOWN, Segments

if TYPE_CHECKING:
    import keras

    from kerasemo.training.joint_model import JointModel

KEY = "ryabinov2021"
TITLE = "Applying Multitask Deep Learning to Emotion Recognition in Speech"
CITATION = "Ryabinov, Uzdiaev and Vatamaniuk 2021, Proceedings of the Southwest State University"

EPOCHS, QUICK_EPOCHS = 30, 1
BATCH_SIZE, LEARNING_RATE, WEIGHTING_RATE = 32, 1e-4, 1e-2
TRAIN, VALIDATION = 0.7, 0.1
N_FOLDS = protocols.MIN_FOLDS
QUICK = {"sessions": (1, 2, 3), "dialogues": 1, "turns": 10}

SAMPLING_RATE = 16_000
SEGMENT_S, SEGMENT_HOP_S = 3.0, 1.5
N_MELS, WINDOW_S, HOP_S = 80, 0.04, 0.02
# No clip of the corpora is as long; a corpus of long recordings is cut in clips first.
LONGEST_S = 600.0
SEGMENT, SEGMENT_HOP = round(SEGMENT_S * SAMPLING_RATE), round(SEGMENT_HOP_S * SAMPLING_RATE)

AUGMENTATIONS = ("spectrogram", "speed", "noise")
ARCHITECTURES = {"alexnet": "AlexNet", "vgg16": "VGG-16"}
MULTITASK = "multitask"
TASKS = {
    "iemocap": ["emotion", "gender"],
    "ravdess": ["emotion", "gender", "intensity"],
    "manifest": ["emotion", "gender"],
}
RESERVED = {*manifests.COLUMNS, "whole_file", "group", "predicted", MULTITASK}
"""Columns that are no labels, and names that stand for something else here; gender is both."""
# Of IEMOCAP, 1 to 5: the ends of the lower two of three classes.
RATINGS = ("valence", "activation", "dominance")
LEVELS, LEVEL_ENDS = ["low", "middle", "high"], (2.5, 3.5)

Corpus = Annotated[Literal["iemocap", "ravdess"], typer.Option(help="Whose layout the root has.")]
OwnManifest = Annotated[
    Path | None, typer.Option(exists=True, dir_okay=False, help="Manifest CSV of a corpus of your own, below the root.")
]
Task = Annotated[
    list[str] | None,
    typer.Option(
        help="A label to learn; repeat it, the foremost first.  [default: emotion, gender, ravdess: intensity]"
    ),
]
Architecture = Annotated[Literal["alexnet", "vgg16", "both"], typer.Option(help="Which networks to train.")]
MergeExcited = Annotated[bool, typer.Option("--merge-excited", help="iemocap: count excited turns as happy ones.")]
Augment = Annotated[
    list[str] | None,
    typer.Option(help="Changes in training: spectrogram (SpecAugment), speed or noise; repeat it.  [default: none]"),
]
Imagenet = Annotated[
    Path | None, typer.Option(exists=True, dir_okay=False, help="Weights of keras.applications' VGG-16 to begin with.")
]
BatchSize = Annotated[int, typer.Option(min=1, help="Segments a step.")]

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


@app.command(help=__doc__)
def main(
    context: typer.Context,
    jobs: Jobs,
    corpus: Corpus = "iemocap",
    root: Root = None,
    manifest: OwnManifest = None,
    task: Task = None,
    architecture: Architecture = "both",
    protocol: Protocol = "both",
    weighting: Weighting = "uncertainty",
    seed: Seed = 0,
    epochs: Epochs = None,
    quick: Quick = False,
    merge_excited: MergeExcited = False,
    augment: Augment = None,
    imagenet: Imagenet = None,
    batch_size: BatchSize = BATCH_SIZE,
    max_bad: MaxBad = 0.05,
    scheduler: Scheduler = None,
    out: Out = Path("runs"),
    resume: Resume = None,
    debug: Debug = False,
) -> None:
    with experiment.session(context, KEY, TITLE, CITATION) as run:
        reproduce(run, SimpleNamespace(**run.config["options"]))


def reproduce(run: Run, options: SimpleNamespace) -> None:
    """The whole paper, from the corpus to the tables and figures."""
    check_options(options)
    data = read_corpus(run, options)
    cells = plan(run, data, options)
    run.logger().info("%d networks to train.", len(cells))
    run_cells(partial(train_cell, run.path, data, options), cells, options.jobs, "Training", options.scheduler)
    results = list(score(run, cells))
    draw(run, data, results, cells)
    experiment.export_to_run(run, proposed(cells).model)
    tables.write(results, run.path, run.config["notice"], run.config["notes"])


@dataclass(frozen=True)
class Data:
    """A corpus as the networks read it.

    Attributes:
        table: a row a clip: `clip, speaker, group` (what is held out whole), and the class number of each task,
            `UNKNOWN` where it has no label.
        files: of each clip's waveform.
        made: how segments are made of it.
        classes: by task, in order, names of the classes.
        folds: of each group.
    """

    table: pd.DataFrame
    files: list[Path]
    made: NetworkInput
    classes: dict[str, list[str]]
    folds: pd.Series

    def segments(self, rows: np.ndarray, tasks: list[str]) -> Segments:
        """All segments of some clips."""
        table = self.table.iloc[rows]
        targets = {task: table[task].to_numpy() for task in tasks}
        files = [self.files[row] for row in rows]
        return Segments.of_clips("waveform", self.made, files, targets, table[["clip", "speaker"]])


@dataclass(frozen=True)
class Cell:
    """One network to train on one split; `task`: which one alone, or `MULTITASK`."""

    architecture: str
    task: str
    protocol: str
    split: Split

    @property
    def model(self) -> str:
        return f"{self.architecture}_{self.task}.{self.split.name}"

    def tasks(self, data: Data) -> list[str]:
        """The tasks that it learns."""
        return list(data.classes) if self.task == MULTITASK else [self.task]


def check_options(options: SimpleNamespace) -> None:
    """What cannot work is said at once, down to a file of weights that does not fit."""
    if (options.corpus == "ravdess" or options.manifest) and not options.root:
        raise WrongCall("--corpus ravdess and --manifest need --root, the folder of your copy.")
    if options.manifest and options.corpus != "iemocap":
        raise WrongCall("--manifest stands for a corpus; leave --corpus out.")
    if options.merge_excited and (options.manifest or options.corpus != "iemocap"):
        raise WrongCall("--merge-excited is for IEMOCAP; leave it out.")
    if strange := sorted({*(options.augment or [])} - {*AUGMENTATIONS}):
        raise WrongCall(f"--augment takes {', '.join(AUGMENTATIONS)}. Received: {', '.join(strange)}")
    if options.imagenet:
        if options.architecture == "alexnet":
            raise WrongCall("--imagenet is for VGG-16; leave it out.")
        from kerasemo.training.reproducible import one_thread

        one_thread()  # as training does later, in this process where there is but one
        spectrogram_network("vgg16", {"emotion": 2}, options)


def read_corpus(run: Run, options: SimpleNamespace) -> Data:
    """The user's corpus, or the synthetic one."""
    size = {"modalities": ["audio"], **(QUICK if options.quick else {})}
    root = Path(options.root or experiment.synthetic_root(KEY, write_iemocap, options, **size))
    name = "manifest" if options.manifest else options.corpus
    manifest, groups, folds = read_manifest(name, root, options)
    tasks = list(dict.fromkeys(options.task or TASKS[name]))
    labels = {task: labels_of(manifest, task, name) for task in tasks}
    if options.protocol != "paper":
        protocols.speaker_splits(groups, folds, options.seed)  # too few groups: said at once
    experiment.name_corpus(run, root, Path(options.manifest).stem if options.manifest else name.upper())
    channel = "speaker" if name == "iemocap" else "mean"
    waveform = Waveform(sampling_rate=SAMPLING_RATE, longest_s=LONGEST_S, channel=channel)
    made = NetworkInput(waveform, segment_length=SEGMENT, segment_hop=SEGMENT_HOP)
    table, files_of, set_aside = read_clips(
        manifest.assign(group=groups, **{f"{task} label": label for task, label in labels.items()}),
        root,
        {"waveform": made},
        jobs=options.jobs,
        max_bad=options.max_bad,
    )
    classes = {task: classes_of(table[f"{task} label"], task, name, set_aside) for task in tasks}
    run.configure(classes=classes)
    describe(run, table, classes, options)
    experiment.set_aside(run, set_aside)
    numbers = {
        task: table[f"{task} label"].map({name: i for i, name in enumerate(names)}).fillna(UNKNOWN).astype(int)
        for task, names in classes.items()
    }
    return Data(table[["clip", "speaker", "group"]].assign(**numbers), files_of["waveform"], made, classes, folds)


def read_manifest(name: str, root: Path, options: SimpleNamespace) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    """The manifest, what is held out whole with each clip, and the fold of that."""
    if name == "iemocap":
        manifest = iemocap.read(root, "drop", options.seed, merge_excited=options.merge_excited)
        # Both actors of a session are in one another's sound.
        groups = "session " + manifest["session"].astype(str)
        return manifest, groups, pd.Series({f"session {number}": number for number in iemocap.SESSIONS})
    if name == "ravdess":
        manifest = ravdess.read(root)
        manifest = manifest[manifest["channel"] == "speech"].reset_index(drop=True)
        return manifest, manifest["speaker"], ravdess.folds()
    manifest = manifests.load(options.manifest)
    speakers = manifest["speaker"]
    return manifest, speakers, protocols.draw_folds(speakers, min(N_FOLDS, speakers.nunique()), options.seed)


def labels_of(manifest: pd.DataFrame, task: str, name: str) -> pd.Series:
    """The class of each clip, missing where it has no label."""
    known = ["gender", *(column for column in manifest if column not in RESERVED)]
    if task not in known:
        raise InputError(f"the corpus has no labels of {task}; give one of {', '.join(known)} as --task.")
    values = manifest[task]
    if name == "iemocap" and task in RATINGS:
        values = pd.cut(values, [-np.inf, *LEVEL_ENDS, np.inf], labels=LEVELS)
    return values.astype(object).where(values.notna(), None)


def classes_of(labels: pd.Series, task: str, name: str, set_aside: pd.DataFrame) -> list[str]:
    """The classes of a task that occur among the clips that can be used, in order."""
    present = set(labels.dropna())
    if len(present) < 2:
        found = f"one class, {present.pop()!r}" if present else "no label"
        if len(set_aside):
            found += f" in the clips that can be used ({len(set_aside)} cannot: {set_aside['reason'].iloc[0]})"
        raise InputError(f"{task} has {found}; two classes or more are needed: name other tasks with --task.")
    known = {
        ("iemocap", "emotion"): iemocap.CLASSES,
        ("ravdess", "emotion"): ravdess.EMOTIONS.values(),
        **{("iemocap", rating): LEVELS for rating in RATINGS},
    }
    return [label for label in known.get((name, task), sorted(present, key=str)) if label in present]


def describe(run: Run, table: pd.DataFrame, classes: dict[str, list[str]], options: SimpleNamespace) -> None:
    """What a reader of the tables must know of the data, and of what was trained."""
    run.note(f"{len(table)} clips of {table['speaker'].nunique()} speakers.")
    if len(classes) > 1:
        run.note(f"The losses of several tasks are weighed by: {options.weighting}.")
    if options.augment:
        run.note(f"Changed in training: {', '.join(dict.fromkeys(options.augment))}.")
    for task in classes:
        if n := int(table[f"{task} label"].isna().sum()):
            run.note(f"{n} clips have no label of {task}: they train the other tasks, and are not scored in this one.")
    run.note(
        f"Segments of {SEGMENT_S:g} s, one every {SEGMENT_HOP_S:g} s; a clip's probabilities are the mean of theirs. "
        "The histories count segments, the tables clips."
    )
    run.note("The paper's tables are not public: there are no published figures to compare with.")


def plan(run: Run, data: Data, options: SimpleNamespace) -> list[Cell]:
    """Every network on every split."""
    learnt = [*data.classes, MULTITASK] if len(data.classes) > 1 else list(data.classes)
    chosen = ARCHITECTURES if options.architecture == "both" else [options.architecture]
    cells = []
    for protocol in experiment.chosen_protocols(options):
        splits = protocols.splits(protocol, data.table["group"], data.folds, options.seed, TRAIN, VALIDATION)
        require_labels(data, splits)
        for split in splits:
            cells += [Cell(architecture, task, protocol, split) for architecture in chosen for task in learnt]
            run.write_split(split.sides(data.table), split.name)
    return cells


def require_labels(data: Data, splits: list[Split]) -> None:
    """Each network learns from a label of each task, and a label of each is tested in one split at least."""
    for task in data.classes:
        known = set(np.flatnonzero(data.table[task] != UNKNOWN))
        if unlearnt := [split.name for split in splits if known.isdisjoint(split.train)]:
            raise InputError(f"no clip that trains under {unlearnt[0]} has a label of {task}; name other tasks.")
        if all(known.isdisjoint(split.test) for split in splits):
            raise InputError(f"no clip that is tested has a label of {task}; try another --seed, or other tasks.")


def spectrogram_network(architecture: str, n_classes: dict[str, int], options: SimpleNamespace) -> "keras.Model":
    """A network from the waveform of a segment to the tasks."""
    from kerasemo.layers import LogMel, NoisePerturbation, SpecAugment, SpeedPerturbation
    from kerasemo.models.from_waveform import from_waveform
    from kerasemo.models.spectrogram_cnn import alexnet, vgg16

    log_mel = LogMel(SAMPLING_RATE, WINDOW_S, HOP_S, N_MELS)
    shape = (round(SEGMENT_S / HOP_S), N_MELS, 1)
    layers = {"spectrogram": SpecAugment, "speed": SpeedPerturbation, "noise": NoisePerturbation}
    # Each has a chance of its own.
    changes = {
        name: layer(seed=options.seed + number)
        for number, (name, layer) in enumerate(layers.items())
        if name in (options.augment or [])
    }
    augmentation = changes.pop("spectrogram", None)
    if architecture == "alexnet":
        network = alexnet(n_classes, shape, augmentation=augmentation)
    else:
        network = vgg16(n_classes, shape, imagenet=options.imagenet, augmentation=augmentation)
    return from_waveform(network, SEGMENT, log_mel, list(changes.values()))


def build(data: Data, cell: Cell, options: SimpleNamespace) -> "JointModel":
    """An untrained, compiled network; a single task has nothing to weigh."""
    import keras

    from kerasemo.training.joint_model import JointModel
    from kerasemo.weighting import WEIGHTINGS

    tasks = cell.tasks(data)
    network = spectrogram_network(cell.architecture, {task: len(data.classes[task]) for task in tasks}, options)
    weighting = WEIGHTINGS[options.weighting if len(tasks) > 1 else "static"](tasks)
    model = JointModel(
        network.input,
        network.output,
        losses={task: keras.losses.SparseCategoricalCrossentropy() for task in tasks},
        weighting=weighting,
        weighting_optimizer=keras.optimizers.Adam(WEIGHTING_RATE) if weighting.trainable_variables else None,
        name=f"{cell.architecture}_{cell.task}",
    )
    model.compile(keras.optimizers.Adam(LEARNING_RATE), weighted_metrics={task: ["accuracy"] for task in tasks})
    return model


def train_cell(run_path: Path, data: Data, options: SimpleNamespace, cell: Cell) -> None:
    """Train one network on one split; what is trained already stays."""
    from kerasemo.models.from_waveform import adapt
    from kerasemo.training.reproducible import seed_everything
    from kerasemo.training.train import train_network

    run = Run(run_path)
    if run.has_trained(cell.model):
        return
    seed_everything(options.seed)
    model = build(data, cell, options)
    tasks = cell.tasks(data)
    sides = {side: data.segments(rows, tasks) for side, rows in cell.split.partitions().items()}
    adapt(model, sides["train"].once().map(lambda x, *_: x))
    train_network(
        run,
        cell.model,
        model,
        sides,
        write_predictions=partial(write_predictions, run, cell.model, model, sides, data.classes),
        description={
            "inputs": {"waveform": data.made.get_config()},
            "decision": tasks[0],
            "classes": data.classes[tasks[0]],
        },
        epochs=options.epochs or (QUICK_EPOCHS if options.quick else EPOCHS),
        batch_size=options.batch_size,
        seed=options.seed,
    )


def write_predictions(
    run: Run, name: str, model: "JointModel", sides: dict[str, Segments], classes: dict[str, list[str]]
) -> None:
    """What a network says of each clip that has a label, by the mean of its segments."""
    from kerasemo.training.train import decisions

    for side, segments in sides.items():
        probabilities = model.predict(segments.once(), verbose=0)
        for task, numbers in segments.targets.items():
            known = np.flatnonzero(numbers != UNKNOWN)
            of_segments = decisions(probabilities[task][known], segments.rows(known), classes[task], task, task)
            file = side if task == "emotion" else f"{side}.{task}"
            run.write_table(by_clip(of_segments, task), "predictions", name, f"{file}.csv")


def proposed(cells: list[Cell]) -> Cell:
    """What is exported: VGG-16 of all tasks under the first protocol, or what comes next to it."""
    return max(cells, key=lambda cell: (cell.task == MULTITASK, cell.architecture == "vgg16"))


def grouped(cells: list[Cell]) -> dict[tuple[str, str, str], list[str]]:
    """The models, a list of folds, by architecture, task and protocol."""
    groups = {}
    for cell in cells:
        groups.setdefault((cell.architecture, cell.task, cell.protocol), []).append(cell.model)
    return groups


def score(run: Run, cells: list[Cell]) -> Iterator[dict]:
    """The rows of the tables, a table a task."""
    for task in run.config["classes"]:
        for (architecture, learnt, protocol), models in grouped(cells).items():
            if learnt not in (task, MULTITASK):
                continue
            label = f"{ARCHITECTURES[architecture]}, {'multitask' if learnt == MULTITASK else 'single task'}"
            for metric in {**tables.METRICS, **tables.AVERAGED}:
                yield tables.score_row(
                    run.path,
                    protocol,
                    models,
                    task.capitalize(),
                    label,
                    "test",
                    corpus=run.config["corpus"],
                    metric=metric,
                    task=task,
                    output=task,
                )


def draw(run: Run, data: Data, results: list[dict], cells: list[Cell]) -> None:
    """The recalls of each task; of each multitask network losses, weights, confusion, embedding and Grad-CAM maps."""
    notice = run.config["notice"]
    for task in data.classes:
        shown = [row for row in results if row["table"] == task.capitalize() and " UAR" in row["metric"]]
        title = f"Unweighted average recall of {task}"
        figure = charts.scores([{**row, "table": title} for row in shown], title, notice)
        figures.save(figure, run.file("figures", f"recalls_{task}.png"), title)
    for (_, learnt, _), models in grouped(cells).items():
        if learnt == MULTITASK or len(data.classes) == 1:
            cell = next(cell for cell in cells if cell.model == models[0])
            draw_curves(run, data, cell, models)
            draw_sight(run, data, cell)


def draw_curves(run: Run, data: Data, cell: Cell, models: list[str]) -> None:
    """Losses and weights of all folds, and the confusion of the foremost task."""
    name, notice = f"{ARCHITECTURES[cell.architecture]}, {cell.protocol} protocol", run.config["notice"]
    histories = [pd.read_csv(run.file("history", f"{model}.csv")) for model in models]
    tasks = cell.tasks(data)
    panels = [curves.loss_panel(task, histories, task) for task in tasks]
    panels.append(curves.weight_panel("task weights", histories))
    key, title = f"{cell.architecture}_{cell.protocol}", f"Losses and their weights, {name}"
    figures.save(curves.grid(panels, title, notice), run.file("figures", f"losses_{key}.png"), title)
    task = tasks[0]
    predictions = tables.pooled_predictions(run.path, cell.protocol, models, "test", task, task)
    title = f"Confusion of {task}, {name}"
    matrix = charts.confusion(predictions[task], predictions["predicted"], data.classes[task], title, notice)
    figures.save(matrix, run.file("figures", f"confusion_{key}.png"), title)


def draw_sight(run: Run, data: Data, cell: Cell) -> None:
    """The embedding of the clips tested, and Grad-CAM maps of those that a network is surest of, a class each."""
    import keras

    from kerasemo.models.from_waveform import parts
    from kerasemo.models.spectrogram_cnn import EMBEDDING, LAST_CONVOLUTION
    from kerasemo.reporting.embedding import FEWEST, embedding_figure, tsne
    from kerasemo.reporting.grad_cam import grad_cam, grad_cam_figure
    from kerasemo.training.saving import load_network

    task = cell.tasks(data)[0]
    classes, notice = data.classes[task], run.config["notice"]
    segments = data.segments(cell.split.test, [task])
    segments = segments.rows(np.flatnonzero(segments.targets[task] != UNKNOWN))
    if not len(segments):
        return
    front, network = parts(load_network(run.path / "checkpoints" / f"{cell.model}.keras"))
    spectrograms = front.predict(segments.once().map(lambda x, *_: x), verbose=0)
    of_network = keras.Model(network.input, [network.get_layer(EMBEDDING).output, network.output[task]])
    vectors, probabilities = of_network.predict({"spectrogram": spectrograms}, batch_size=32, verbose=0)
    part = "protocol" if cell.split.name == cell.protocol else "protocol, first fold"
    name, key = f"{ARCHITECTURES[cell.architecture]}, {cell.protocol} {part}", f"{cell.architecture}_{cell.protocol}"
    clips = pd.DataFrame(vectors).groupby(segments.index["clip"].to_numpy(), sort=False).mean()
    labels = pd.Series(segments.targets[task], segments.index["clip"]).groupby(level=0).first().loc[clips.index]
    if len(clips) >= FEWEST:
        title = f"t-SNE of the embedding, {name}"
        points = tsne(clips.to_numpy(), run.config["options"]["seed"])
        figure = embedding_figure(points, [classes[number] for number in labels], classes, title, notice)
        figures.save(figure, run.file("figures", f"tsne_{key}.png"), title)
    present = np.unique(segments.targets[task])
    surest = [np.where(segments.targets[task] == number, probabilities[:, number], -1).argmax() for number in present]
    maps = grad_cam(network, spectrograms[surest], task, present, LAST_CONVOLUTION)
    title = f"Grad-CAM of {task}, {name}"
    figure = grad_cam_figure(
        spectrograms[surest, ..., 0], maps, [classes[number] for number in present], SEGMENT_S, title, notice
    )
    figures.save(figure, run.file("figures", f"grad_cam_{key}.png"), title)


if __name__ == "__main__":
    app()
