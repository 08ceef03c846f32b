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
Training changes neither sound nor spectrograms unless `--augment` is given.

A clip without a label of one task trains the others. `--manifest` reads any corpus.
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
LONGEST_S = 600.0  # no clip of the corpora is as long; long recordings are cut in clips first
SEGMENT = {"segment_length": round(SEGMENT_S * SAMPLING_RATE), "segment_hop": round(SEGMENT_HOP_S * SAMPLING_RATE)}

AUGMENTATIONS = ("spectrogram", "speed", "noise")
ARCHITECTURES = {"alexnet": "AlexNet", "vgg16": "VGG-16"}
MULTITASK = labels.MULTITASK
TASKS = {"ravdess": ["emotion", "gender", "intensity"]}
# Of IEMOCAP, 1 to 5: the ends of the lower two of three classes.
RATINGS = ("valence", "activation", "dominance")
LEVELS, LEVEL_ENDS = ["low", "middle", "high"], (2.5, 3.5)


@dataclass(frozen=True, kw_only=True)
class Options(experiment.Options):
    corpus: Literal["iemocap", "ravdess"] = experiment.data("iemocap", "Whose layout the root has.")
    manifest: Path | None = experiment.data_file("Manifest CSV of a corpus of your own, below the root.")
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
    imagenet: Path | None = experiment.imagenet("VGG-16")
    batch_size: int = experiment.training(32, "Segments a step.", min=1)

    @property
    def source(self) -> str:
        """`iemocap`, `ravdess` or `manifest`."""
        return "manifest" if self.manifest else self.corpus

    def conflicts(self):
        strange = ", ".join(sorted({*(self.augment or [])} - {*AUGMENTATIONS}))
        return {
            "--corpus ravdess and --manifest need --root, your copy.": self.source != "iemocap" and not self.root,
            "--manifest stands for a corpus; leave --corpus out.": self.manifest and self.corpus != "iemocap",
            "--merge-excited is for IEMOCAP; leave it out.": self.merge_excited and self.source != "iemocap",
            f"--augment takes {', '.join(AUGMENTATIONS)}. Received: {strange}": strange,
            "--imagenet is for VGG-16; leave it out.": self.imagenet and self.architecture == "alexnet",
        }


def read(run: Run, options: Options) -> Corpus:
    """The user's corpus, or the synthetic one; the first task is the foremost."""
    if options.imagenet:
        experiment.try_building(network, "vgg16", {"emotion": 2}, options)
    root = experiment.corpus_root(PAPER.key, options, SyntheticIemocap, {"modalities": ["audio"]}, QUICK)
    choices = {"ties": "drop", "merge_excited": options.merge_excited}
    corpus = speech.read(options.manifest or options.corpus, root, options.seed, **choices)
    experiment.name_corpus(run, root, corpus.name)
    waveform = Waveform(sampling_rate=SAMPLING_RATE, longest_s=LONGEST_S, channel=corpus.channel)
    inputs = {"waveform": NetworkInput(waveform, **SEGMENT)}
    tasks = list(dict.fromkeys(options.task or TASKS.get(options.source, ["emotion", "gender"])))
    rated = RATINGS if options.source == "iemocap" else ()
    known = {"emotion": corpus.emotions, **dict.fromkeys(rated, LEVELS)}
    classes = {task: known.get(task) for task in tasks}
    found = labels.read_clips(run, corpus, root, inputs, options, classes, dict.fromkeys(rated, LEVEL_ENDS))
    run.configure(classes=found.classes)
    describe(run, found, corpus.notes, options)
    return found


def describe(run: Run, corpus: Corpus, notes: Sequence[str], options: Options) -> None:
    """What a reader of the tables must know of the data, and of what was trained."""
    run.note(f"{len(corpus.table)} clips of {corpus.table['speaker'].nunique()} speakers.")
    for sentence in notes:
        run.note(sentence)
    if len(corpus.classes) > 1:
        experiment.note_weighting(run, options.weighting, len(corpus.classes))
    if options.augment:
        run.note(f"Changed in training: {', '.join(dict.fromkeys(options.augment))}.")
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
    cells = experiment.plan(run, names, corpus, options, TRAIN, VALIDATION)
    labels.require_on_both_sides(corpus.table[list(corpus.classes)], [cell.split for cell in cells])
    yield "Training", cells


def parts_of(key: str, corpus: Corpus) -> tuple[str, str, list[str]]:
    """The architecture of a network, the task, or `MULTITASK`, and the tasks that it learns."""
    architecture, _, task = key.partition("_")
    return architecture, task, list(corpus.classes) if task == MULTITASK else [task]


def network(architecture: str, n_classes: dict[str, int], options: Options) -> "keras.Model":
    """The network of a segment."""
    from kerasemo.models.from_waveform import waveform_cnn

    changes = {"augment": options.augment or (), "seed": options.seed}
    return waveform_cnn(architecture, n_classes, SEGMENT_S, imagenet=options.imagenet, **changes)


def build(run: Run, corpus: Corpus, options: Options, cell: Cell) -> Training:
    """AlexNet or VGG-16 of one task or all; its spectrograms are standardised by those that train."""
    import keras

    from kerasemo.models.from_waveform import adapt

    architecture, _, tasks = parts_of(cell.network, corpus)
    model = network(architecture, {task: len(corpus.classes[task]) for task in tasks}, options)
    sides = corpus.clips(Segments, cell, tasks)
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
    """A table a task."""
    for task in outcome.corpus.classes:
        for folds in outcome.folds:
            architecture, learnt, tasks = parts_of(folds.network, outcome.corpus)
            if task in tasks:
                label = f"{ARCHITECTURES[architecture]}, {'multitask' if learnt == MULTITASK else 'single task'}"
                for metric in {**tables.METRICS, **tables.AVERAGED}:
                    yield folds.score(task.capitalize(), label, metric=metric, task=task)


def figures(outcome: Outcome, results: list[dict]) -> None:
    """The recalls of each task; of each multitask network losses, weights, confusion, embedding and Grad-CAM maps."""
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
    """What the network of the first fold sees in the clips that test it."""
    cell, corpus = folds.cells[0], outcome.corpus
    network_file = outcome.run.path / "checkpoints" / f"{cell.model}.keras"
    tested = corpus.clips(Segments, cell, [task])["test"]
    name = name if len(folds.cells) == 1 else f"{name}, first fold"
    seed, notice = outcome.options.seed, outcome.notice
    return spectrogram_sight.figures(network_file, tested, task, corpus.classes[task], name, seed, notice)


proposed = experiment.preferring("vgg16_multitask", "alexnet_multitask")
STUDY = Study(PAPER, Options, EPOCHS, read, networks, build, rows, figures, proposed)

if __name__ == "__main__":
    STUDY.main(__doc__)
