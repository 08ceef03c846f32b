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
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from kerasemo import experiment
from kerasemo import manifest as manifests
from kerasemo.corpora import iemocap, ravdess
from kerasemo.corpora.synthetic import SyntheticIemocap
from kerasemo.evaluation import protocols, tables
from kerasemo.experiment import Cell, Corpus, Folds, Outcome, Paper, Stage, Study, Training, labels
from kerasemo.features.network_input import NetworkInput
from kerasemo.features.waveform import Waveform
from kerasemo.reporting import spectrogram_sight
from kerasemo.training.clips import read_clips
from kerasemo.training.run import Run
from kerasemo.training.segments import Segments

if TYPE_CHECKING:
    import keras

PAPER = Paper(
    "ryabinov2021",
    "Applying Multitask Deep Learning to Emotion Recognition in Speech",
    "Ryabinov, Uzdiaev and Vatamaniuk 2021, Proceedings of the Southwest State University",
)

EPOCHS = (30, 1)  # the second under --quick
LEARNING_RATE = 1e-4
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
MULTITASK = labels.MULTITASK
TASKS = {
    "iemocap": ["emotion", "gender"],
    "ravdess": ["emotion", "gender", "intensity"],
    "manifest": ["emotion", "gender"],
}
# Of IEMOCAP, 1 to 5: the ends of the lower two of three classes.
RATINGS = ("valence", "activation", "dominance")
LEVELS, LEVEL_ENDS = ["low", "middle", "high"], (2.5, 3.5)
KNOWN_CLASSES = {
    "iemocap": {"emotion": iemocap.CLASSES, **dict.fromkeys(RATINGS, LEVELS)},
    "ravdess": {"emotion": list(ravdess.EMOTIONS.values())},
}


@dataclass(frozen=True, kw_only=True)
class Options(experiment.Options):
    corpus: Literal["iemocap", "ravdess"] = experiment.data("iemocap", "Whose layout the root has.")
    manifest: Path | None = experiment.data(
        None, "Manifest CSV of a corpus of your own, below the root.", exists=True, dir_okay=False
    )
    merge_excited: bool = experiment.data(False, "iemocap: count excited turns as happy ones.")
    max_bad: float = experiment.max_bad()
    task: list[str] | None = experiment.training(
        None, "A label to learn; repeat it, the foremost first.  [default: emotion, gender, ravdess: intensity]"
    )
    architecture: Literal["alexnet", "vgg16", "both"] = experiment.training("both", "Which networks to train.")
    weighting: experiment.WeightingName = experiment.weighting("uncertainty")
    augment: list[str] | None = experiment.training(
        None, "Changes in training: spectrogram (SpecAugment), speed or noise; repeat it.  [default: none]"
    )
    imagenet: Path | None = experiment.training(
        None, "Weights of keras.applications' VGG-16 to begin with.", exists=True, dir_okay=False
    )
    batch_size: int = experiment.training(32, "Segments a step.", min=1)

    @property
    def source(self) -> str:
        """`iemocap`, `ravdess` or `manifest`."""
        return "manifest" if self.manifest else self.corpus

    def conflicts(self):
        strange = ", ".join(sorted({*(self.augment or [])} - {*AUGMENTATIONS}))
        return {
            "--corpus ravdess and --manifest need --root, the folder of your copy.": (
                self.source != "iemocap" and not self.root
            ),
            "--manifest stands for a corpus; leave --corpus out.": self.manifest and self.corpus != "iemocap",
            "--merge-excited is for IEMOCAP; leave it out.": self.merge_excited and self.source != "iemocap",
            f"--augment takes {', '.join(AUGMENTATIONS)}. Received: {strange}": strange,
            "--imagenet is for VGG-16; leave it out.": self.imagenet and self.architecture == "alexnet",
        }


def read(run: Run, options: Options) -> Corpus:
    """The user's corpus, or the synthetic one; the first task is the foremost."""
    if options.imagenet:
        require_weights(options)
    root = experiment.corpus_root(PAPER.key, options, SyntheticIemocap, {"modalities": ["audio"]}, QUICK)
    manifest, groups, folds = read_manifest(root, options)
    tasks = list(dict.fromkeys(options.task or TASKS[options.source]))
    bins = dict.fromkeys(RATINGS, LEVEL_ENDS) if options.source == "iemocap" else {}
    named = {f"{task} label": labels.of_clips(manifest, task, bins.get(task), LEVELS) for task in tasks}
    experiment.require_groups(options, groups, folds)
    name = options.manifest.stem if options.manifest else options.corpus.upper()
    experiment.name_corpus(run, root, name)
    channel = "speaker" if options.source == "iemocap" else "mean"
    waveform = Waveform(sampling_rate=SAMPLING_RATE, longest_s=LONGEST_S, channel=channel)
    inputs = {"waveform": NetworkInput(waveform, segment_length=SEGMENT, segment_hop=SEGMENT_HOP)}
    table, files_of, set_aside = read_clips(
        manifest.assign(group=groups, **named), root, inputs, jobs=options.jobs, max_bad=options.max_bad
    )
    known = KNOWN_CLASSES.get(options.source, {})
    classes = {task: labels.classes(table[f"{task} label"], task, known.get(task), set_aside) for task in tasks}
    run.configure(classes=classes)
    describe(run, table, classes, options)
    experiment.set_aside(run, set_aside)
    numbers = {task: labels.numbers(table[f"{task} label"], names) for task, names in classes.items()}
    return Corpus(table[["clip", "speaker", "group"]].assign(**numbers), classes, folds, inputs, files_of)


def require_weights(options: Options) -> None:
    """A file of weights that does not fit is said at once."""
    from kerasemo.training.reproducible import one_thread

    one_thread()  # as training does later, in this process where there is but one
    spectrogram_network("vgg16", {"emotion": 2}, options)


def read_manifest(root: Path, options: Options) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    """The manifest, what is held out whole with each clip, and the fold of that."""
    if options.source == "iemocap":
        manifest = iemocap.Iemocap("drop", options.seed, merge_excited=options.merge_excited).read(root)
        return manifest, *iemocap.session_folds(manifest)
    if options.source == "ravdess":
        manifest = ravdess.Ravdess().read(root)
        manifest = manifest[manifest["channel"] == "speech"].reset_index(drop=True)
        return manifest, manifest["speaker"], ravdess.folds()
    manifest = manifests.load(options.manifest)
    speakers = manifest["speaker"]
    return manifest, speakers, protocols.draw_folds(speakers, min(N_FOLDS, speakers.nunique()), options.seed)


def describe(run: Run, table: pd.DataFrame, classes: dict[str, list[str]], options: Options) -> None:
    """What a reader of the tables must know of the data, and of what was trained."""
    run.note(f"{len(table)} clips of {table['speaker'].nunique()} speakers.")
    if len(classes) > 1:
        experiment.note_weighting(run, options.weighting, len(classes))
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


def networks(run: Run, corpus: Corpus, options: Options) -> Iterator[Stage]:
    """Every architecture for each task alone and for all together, on every split."""
    learnt = [*corpus.classes, MULTITASK] if len(corpus.classes) > 1 else list(corpus.classes)
    chosen = ARCHITECTURES if options.architecture == "both" else [options.architecture]
    names = [f"{architecture}_{task}" for architecture in chosen for task in learnt]
    cells = []
    for protocol in options.protocols:
        splits = protocols.splits(protocol, corpus.table["group"], corpus.folds, options.seed, TRAIN, VALIDATION)
        labels.require_on_both_sides(corpus.table[list(corpus.classes)], splits)
        cells += experiment.cells_of(run, names, corpus.table, splits)
    yield "Training", cells


def parts_of(network: str) -> tuple[str, str]:
    """The architecture and the task, or `MULTITASK`, of a network's key."""
    architecture, _, task = network.partition("_")
    return architecture, task


def tasks_of(network: str, corpus: Corpus) -> list[str]:
    """The tasks that it learns."""
    task = parts_of(network)[1]
    return list(corpus.classes) if task == MULTITASK else [task]


def spectrogram_network(architecture: str, n_classes: dict[str, int], options: Options) -> "keras.Model":
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


def build(run: Run, corpus: Corpus, options: Options, cell: Cell) -> Training:
    """AlexNet or VGG-16 of one task or all; its spectrograms are standardised by those that train."""
    import keras

    from kerasemo.models.from_waveform import adapt

    tasks = tasks_of(cell.network, corpus)
    n_classes = {task: len(corpus.classes[task]) for task in tasks}
    network = spectrogram_network(parts_of(cell.network)[0], n_classes, options)
    sides = {side: segments(corpus, rows, tasks) for side, rows in cell.split.partitions().items()}
    adapt(network, sides["train"].once().map(lambda x, *_: x))
    return Training(
        network,
        {task: keras.losses.SparseCategoricalCrossentropy() for task in tasks},
        keras.optimizers.Adam(LEARNING_RATE),
        sides,
        options.batch_size,
        decisions={task: task for task in tasks},
        inputs=corpus.inputs,
        weighting=options.weighting,
        description={"decision": tasks[0], "classes": corpus.classes[tasks[0]]},
    )


def segments(corpus: Corpus, rows: np.ndarray, tasks: list[str]) -> Segments:
    """All segments of some clips."""
    table = corpus.table.iloc[rows]
    files = [corpus.features["waveform"][row] for row in rows]
    targets = {task: table[task].to_numpy() for task in tasks}
    return Segments.of_clips("waveform", corpus.inputs["waveform"], files, targets, table[["clip", "speaker"]])


def rows(outcome: Outcome) -> Iterator[dict]:
    """A table a task."""
    for task in outcome.corpus.classes:
        for folds in outcome.folds:
            architecture, learnt = parts_of(folds.network)
            if learnt in (task, MULTITASK):
                label = f"{ARCHITECTURES[architecture]}, {'multitask' if learnt == MULTITASK else 'single task'}"
                for metric in {**tables.METRICS, **tables.AVERAGED}:
                    yield folds.score(task.capitalize(), label, metric=metric, task=task)


def figures(outcome: Outcome, results: list[dict]) -> None:
    """The recalls of each task; of each multitask network losses, weights, confusion, embedding and Grad-CAM maps."""
    recalls = [row for row in results if " UAR" in row["metric"]]
    for task in outcome.corpus.classes:
        outcome.draw_scores(recalls, task.capitalize(), f"recalls_{task}", title=f"Unweighted average recall of {task}")
    for folds in outcome.folds:
        architecture, learnt = parts_of(folds.network)
        if learnt == MULTITASK or len(outcome.corpus.classes) == 1:
            tasks = tasks_of(folds.network, outcome.corpus)
            name = f"{ARCHITECTURES[architecture]}, {folds.protocol} protocol"
            key = f"{architecture}_{folds.protocol}"
            outcome.draw_losses(
                folds, {task: task for task in tasks}, f"Losses and their weights, {name}", f"losses_{key}"
            )
            outcome.draw_confusion(folds, tasks[0], f"Confusion of {tasks[0]}, {name}", f"confusion_{key}")
            draw_sight(outcome, folds, tasks[0])


def draw_sight(outcome: Outcome, folds: Folds, task: str) -> None:
    """What the network of the first fold sees: the embedding of the clips tested, and Grad-CAM maps."""
    cell = folds.cells[0]
    architecture, _ = parts_of(folds.network)
    part = "protocol" if len(folds.cells) == 1 else "protocol, first fold"
    spectrogram_sight.draw(
        outcome.run.path / "checkpoints" / f"{cell.model}.keras",
        segments(outcome.corpus, cell.split.test, [task]),
        task,
        outcome.corpus.classes[task],
        SEGMENT_S,
        outcome.options.seed,
        f"{ARCHITECTURES[architecture]}, {folds.protocol} {part}",
        lambda figure, kind, title: outcome.save(figure, f"{kind}_{architecture}_{folds.protocol}", title),
        outcome.notice,
    )


def proposed(outcome: Outcome) -> str:
    """VGG-16 of all tasks under the first protocol, or what comes next to it."""
    return max(outcome.cells, key=lambda cell: (MULTITASK in cell.network, "vgg16" in cell.network)).model


STUDY = Study(PAPER, Options, EPOCHS, read, networks, build, rows, figures, proposed)

if __name__ == "__main__":
    STUDY.main(__doc__)
