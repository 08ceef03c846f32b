"""Ryabinov, Uzdiaev and Vatamaniuk 2021: AlexNet and VGG on log-mel spectrograms, multitask with trainable weights.

Trains AlexNet and VGG-16 for each task alone and for all tasks together, with trainable loss weights (by default from
the uncertainty of each task), and tests them under the paper's protocol (utterances at random) and with speakers held
out: accuracy, UAR, and macro and weighted precision, recall and F1. The embedding of multitask networks is drawn with
t-SNE, and Grad-CAM maps show which parts of a spectrogram affect the decision.

Only the abstract of the paper is public. Own choices: an utterance is cut into segments of 3 s, one every 1.5 s, and
its probabilities are the mean over its segments. Utterances, not segments, are split: segments of one utterance in two
partitions would leak even more. Segments are scaled to mean 0 and standard deviation 1; spectrograms have 80 mel bands
and a frame every 20 ms, and are computed inside the network. Tasks are emotion and gender, for RAVDESS also intensity;
`--task` accepts any label of the corpus. The optimizer is Adam, which the paper cites; with SGD as in the networks' own
papers, AlexNet learns RAVDESS several times more slowly. There is no augmentation unless `--augment` is given.

A clip without a label of one task is used for the other tasks. `--manifest` reads any corpus.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from matplotlib.figure import Figure

from kerasemo import experiment
from kerasemo.corpora.synthetic import SyntheticIemocap
from kerasemo.evaluation import tables
from kerasemo.experiment import Cell, Corpus, Folds, Outcome, Paper, Stage, Study, Training, labels, speech
from kerasemo.features.network_input import NetworkInput
from kerasemo.features.waveform import Waveform
from kerasemo.reporting import spectrogram_sight
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
QUICK = {"sessions": (1, 2, 3), "dialogues": 1, "turns": 10}

SAMPLING_RATE = 16_000
SEGMENT_S, SEGMENT_HOP_S = 3.0, 1.5
LONGEST_S = 600.0  # all clips of the corpora are shorter; cut longer recordings into clips first
SEGMENT = {"segment_length": round(SEGMENT_S * SAMPLING_RATE), "segment_hop": round(SEGMENT_HOP_S * SAMPLING_RATE)}

AUGMENTATIONS = ("spectrogram", "speed", "noise")
ARCHITECTURES = {"alexnet": "AlexNet", "vgg16": "VGG-16"}
MULTITASK = labels.MULTITASK
TASKS = {"ravdess": ["emotion", "gender", "intensity"]}
# Ratings of IEMOCAP, 1 to 5, and the upper ends of the lower two of three classes.
RATINGS = ("valence", "activation", "dominance")
LEVELS, LEVEL_ENDS = ["low", "middle", "high"], (2.5, 3.5)


@dataclass(frozen=True, kw_only=True)
class Options(experiment.Options):
    corpus: Literal["iemocap", "ravdess"] = experiment.data("iemocap", "Corpus in --root.")
    manifest: Path | None = experiment.data_file("Manifest CSV of any other corpus; its paths are relative to --root.")
    merge_excited: bool = experiment.data(False, "iemocap: label excited turns as happy.")
    max_bad: float = experiment.max_bad()
    task: list[str] | None = experiment.training(
        None, "Task; repeat for more, main task first.  [default: emotion, gender; ravdess: also intensity]"
    )
    architecture: Literal["alexnet", "vgg16", "both"] = experiment.training("both", "Network to train.")
    weighting: experiment.WeightingName = experiment.weighting("uncertainty")
    augment: list[str] | None = experiment.training(
        None, "Augmentation: spectrogram (SpecAugment), speed or noise; repeat for more.  [default: none]"
    )
    imagenet: Path | None = experiment.imagenet("VGG-16")
    batch_size: int = experiment.training(32, "Number of segments per step.", min=1)

    @property
    def source(self) -> str:
        """The kind of corpus: `iemocap`, `ravdess` or `manifest`."""
        return "manifest" if self.manifest else self.corpus

    def conflicts(self):
        unknown = ", ".join(sorted({*(self.augment or [])} - {*AUGMENTATIONS}))
        return {
            "--corpus ravdess and --manifest need --root, your copy.": self.source != "iemocap" and not self.root,
            "--manifest replaces --corpus; leave --corpus out.": self.manifest and self.corpus != "iemocap",
            "--merge-excited is for IEMOCAP; leave it out.": self.merge_excited and self.source != "iemocap",
            f"--augment accepts {', '.join(AUGMENTATIONS)}. Received: {unknown}": unknown,
            "--imagenet is for VGG-16; leave it out.": self.imagenet and self.architecture == "alexnet",
        }


def read(run: Run, options: Options) -> Corpus:
    """Read the user's corpus or the synthetic one; the first task is the main task."""
    if options.imagenet:
        experiment.try_building(network, "vgg16", {"emotion": 2}, options)
    root = experiment.corpus_root(PAPER.key, options, SyntheticIemocap, {"modalities": ["audio"]}, QUICK)
    choices = {"ties": "drop", "merge_excited": options.merge_excited}
    corpus = speech.read(options.manifest or options.corpus, root, options.seed, **choices)
    experiment.name_corpus(run, root, corpus.name)
    waveform = Waveform(sampling_rate=SAMPLING_RATE, longest_s=LONGEST_S, channel="mean")
    inputs = {"waveform": NetworkInput(waveform, **SEGMENT)}
    tasks = list(dict.fromkeys(options.task or TASKS.get(options.source, ["emotion", "gender"])))
    rated = RATINGS if options.source == "iemocap" else ()
    known = {"emotion": corpus.emotions, **dict.fromkeys(rated, LEVELS)}
    classes = {task: known.get(task) for task in tasks}
    clips = labels.read_clips(run, corpus, root, inputs, options, classes, dict.fromkeys(rated, LEVEL_ENDS))
    run.configure(classes=clips.classes)
    describe(run, clips, corpus.notes, options)
    return clips


def describe(run: Run, corpus: Corpus, notes: Sequence[str], options: Options) -> None:
    """Note facts about the data and the training that readers of the tables need."""
    run.note(f"{len(corpus.table)} clips of {corpus.table['speaker'].nunique()} speakers.")
    for sentence in notes:
        run.note(sentence)
    if len(corpus.classes) > 1:
        experiment.note_weighting(run, options.weighting, len(corpus.classes))
    if options.augment:
        run.note(f"Augmentation in training: {', '.join(dict.fromkeys(options.augment))}.")
    run.note(
        f"Clips are cut into segments of {SEGMENT_S:g} s, one every {SEGMENT_HOP_S:g} s; a clip's probabilities are "
        "the mean over its segments. Histories are per segment, tables per clip."
    )
    run.note("The paper's tables are not public, so there are no published numbers to compare with.")


def networks(run: Run, corpus: Corpus, options: Options) -> Iterator[Stage]:
    """Yield every architecture for each task alone and for all tasks together, on every split."""
    tasks = [*corpus.classes, MULTITASK] if len(corpus.classes) > 1 else list(corpus.classes)
    architectures = ARCHITECTURES if options.architecture == "both" else [options.architecture]
    names = [f"{architecture}_{task}" for architecture in architectures for task in tasks]
    cells = experiment.plan(run, names, corpus, options, TRAIN, VALIDATION)
    labels.require_on_both_sides(corpus.table[list(corpus.classes)], [cell.split for cell in cells])
    yield "Training", cells


def parts_of(key: str, corpus: Corpus) -> tuple[str, str, list[str]]:
    """Return the architecture in a network's key, its task or `MULTITASK`, and the list of its tasks."""
    architecture, _, task = key.partition("_")
    return architecture, task, list(corpus.classes) if task == MULTITASK else [task]


def network(architecture: str, n_classes: dict[str, int], options: Options) -> "keras.Model":
    """Build the network for segments."""
    from kerasemo.models.from_waveform import waveform_cnn

    augmentation = {"augment": options.augment or (), "seed": options.seed}
    return waveform_cnn(architecture, n_classes, SEGMENT_S, imagenet=options.imagenet, **augmentation)


def build(run: Run, corpus: Corpus, options: Options, cell: Cell) -> Training:
    """Build AlexNet or VGG-16 for one task or all; the training spectrograms determine its standardisation."""
    import keras

    from kerasemo.models.from_waveform import adapt

    architecture, _, tasks = parts_of(cell.network, corpus)
    model = network(architecture, {task: len(corpus.classes[task]) for task in tasks}, options)
    sides = corpus.clips(Segments.of_clips, cell, tasks)
    adapt(model, sides["train"].once().map(lambda x, *_: x))
    return Training(
        model,
        {task: keras.losses.SparseCategoricalCrossentropy() for task in tasks},
        keras.optimizers.Adam(LEARNING_RATE),
        sides,
        options.batch_size,
        decisions={task: task for task in tasks},
        inputs=corpus.inputs,
        weighting=options.weighting,
        description={"decision": tasks[0], "classes": corpus.classes[tasks[0]]},
    )


def rows(outcome: Outcome) -> Iterator[dict]:
    """Yield the rows of one table per task."""
    for task in outcome.corpus.classes:
        for folds in outcome.folds:
            architecture, kind, tasks = parts_of(folds.network, outcome.corpus)
            if task in tasks:
                label = f"{ARCHITECTURES[architecture]}, {'multitask' if kind == MULTITASK else 'single task'}"
                for metric in {**tables.METRICS, **tables.AVERAGED}:
                    yield folds.score(task.capitalize(), label, metric=metric, task=task)


def figures(outcome: Outcome, results: list[dict]) -> None:
    """Draw recalls per task; for multitask networks also losses, weights, confusion, embedding and Grad-CAM maps."""
    recalls = [row for row in results if " UAR" in row["metric"]]
    for task in outcome.corpus.classes:
        outcome.draw_scores(recalls, task.capitalize(), f"recalls_{task}", title=f"Unweighted average recall of {task}")
    for folds in outcome.folds:
        architecture, _, tasks = parts_of(folds.network, outcome.corpus)
        if len(tasks) == len(outcome.corpus.classes):
            name, key = f"{ARCHITECTURES[architecture]}, {folds.protocol} protocol", f"{architecture}_{folds.protocol}"
            losses = {task: task for task in tasks}
            outcome.draw_losses(folds, losses, f"Losses and their weights, {name}", f"losses_{key}")
            outcome.draw_confusion(folds, tasks[0], f"Confusion of {tasks[0]}, {name}", f"confusion_{key}")
            for kind, title, figure in sight(outcome, folds, tasks[0], name):
                outcome.save(figure, f"{kind}_{key}", title)


def sight(outcome: Outcome, folds: Folds, task: str, name: str) -> Iterator[tuple[str, str, Figure]]:
    """Return embedding and Grad-CAM maps of the first fold's network on its test clips: kind, title and figure."""
    cell, corpus = folds.cells[0], outcome.corpus
    network_file = outcome.run.path / "checkpoints" / f"{cell.model}.keras"
    segments = corpus.clips_of_rows(Segments.of_clips, cell.split.test, [task])
    name = name if len(folds.cells) == 1 else f"{name}, first fold"
    seed, notice = outcome.options.seed, outcome.notice
    return spectrogram_sight.figures(network_file, segments, task, corpus.classes[task], name, seed, notice)


proposed = experiment.preferring("vgg16_multitask", "alexnet_multitask")
STUDY = Study(PAPER, Options, EPOCHS, read, networks, build, rows, figures, proposed)

if __name__ == "__main__":
    STUDY.main(__doc__)
