"""Ryabinov, Uzdiaev and Vatamaniuk 2021: AlexNet and VGG on log-mel spectrograms, multitask with trainable weights.

Trains AlexNet and VGG-16 for each task alone and for all tasks together, with trainable loss weights (by default from
the uncertainty of each task), and tests them under the paper's protocol (utterances at random) and with speakers held
out: accuracy, UAR, and macro and weighted precision, recall and F1. The embedding of multitask networks is drawn with
t-SNE, and Grad-CAM maps show which parts of a spectrogram affect the decision.

Only the abstract of the paper is public; docs/papers/ryabinov2021.md lists all own choices. An utterance is cut into
segments of 3 s, one every 1.5 s, and its probabilities are the mean over its segments. Utterances, not segments, are
split: segments of one utterance in two partitions would leak even more. Tasks are emotion and gender, for RAVDESS also
intensity; `--task` accepts any label of the corpus, and a clip without a label of one task is used for the others.

Valence, activation and dominance of IEMOCAP are three classes each, or numbers with `--numbers ccc` or `mse`: they have
a linear head, and CCC and RMSE in the tables. `--manifest` reads any corpus.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from kerasemo import experiment
from kerasemo.corpora.synthetic import SyntheticIemocap
from kerasemo.experiment import Cell, Corpus, Outcome, Paper, Stage, Study, Training, labels, speech
from kerasemo.features.network_input import NetworkInput
from kerasemo.features.waveform import Waveform
from kerasemo.quiet import import_tensorflow
from kerasemo.training.run import Run
from kerasemo.training.segments import Segments

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
TASKS = {"iemocap": ["emotion", "gender"], "ravdess": ["emotion", "gender", "intensity"]}


@dataclass(frozen=True, kw_only=True)
class Options(experiment.Options):
    corpus: Literal["iemocap", "ravdess"] = experiment.data("iemocap", "Corpus in --root.")
    manifest: Path | None = experiment.data_file("Manifest CSV of any other corpus; its paths are relative to --root.")
    merge_excited: bool = experiment.data(False, "iemocap: label excited turns as happy.")
    max_bad: float = experiment.max_bad()
    task: list[str] | None = experiment.training(
        None, "Task; repeat for more, main task first.  [default: emotion, gender; ravdess: also intensity]"
    )
    numbers: experiment.NumberLoss | None = experiment.training(
        None, "Predict numeric labels, such as valence, as numbers: loss 1 - CCC or square error.  [default: classes]"
    )
    architecture: Literal["alexnet", "vgg16", "both"] = experiment.training("both", "Network to train.")
    only: list[str] | None = experiment.only()
    weighting: experiment.WeightingName = experiment.weighting("uncertainty")
    augment: list[str] | None = experiment.training(
        None, "Augmentation: spectrogram (SpecAugment), speed or noise; repeat for more.  [default: none]"
    )
    imagenet: Path | None = experiment.imagenet("VGG-16")
    batch_size: int = experiment.training(32, "Number of segments per step.", min=1)

    def conflicts(self):
        other_corpus = self.manifest or self.corpus != "iemocap"
        unknown = ", ".join(sorted({*(self.augment or [])} - {*AUGMENTATIONS}))
        return {
            "--corpus ravdess and --manifest need --root, your copy.": other_corpus and not self.root,
            "--manifest replaces --corpus; leave --corpus out.": self.manifest and self.corpus != "iemocap",
            "--merge-excited is for IEMOCAP; leave it out.": self.merge_excited and other_corpus,
            f"--augment accepts {', '.join(AUGMENTATIONS)}. Received: {unknown}": unknown,
            "--imagenet is for VGG-16; leave it out.": self.imagenet and self.architecture == "alexnet",
        }


def read(run: Run, options: Options) -> Corpus:
    """Read the user's corpus or the synthetic one; the first task is the main task."""
    if options.imagenet:
        import_tensorflow()
        from kerasemo.models.from_waveform import waveform_cnn

        experiment.try_building(waveform_cnn, "vgg16", {"emotion": 2}, SEGMENT_S, imagenet=options.imagenet)
    root = experiment.corpus_root(PAPER.key, options, SyntheticIemocap, {"modalities": ["audio"]}, QUICK)
    choices = {"ties": "drop", "merge_excited": options.merge_excited}
    corpus = speech.read(options.manifest or options.corpus, root, options.seed, **choices)
    waveform = Waveform(sampling_rate=SAMPLING_RATE, longest_s=LONGEST_S, channel="mean")
    inputs = {"waveform": NetworkInput(waveform, **SEGMENT)}
    tasks = options.task or TASKS[options.corpus]
    clips = labels.read_clips(run, corpus, root, inputs, options, tasks, bool(options.numbers))
    if len(clips.classes) > 1:
        experiment.note_weighting(run, options.weighting, len(clips.classes))
    if options.numbers:
        loss = {"ccc": "1 - CCC of a batch", "mse": "mean square error"}[options.numbers]
        run.note(f"Numbers: {', '.join(task for task in clips.classes if not clips.classes[task])}; loss: {loss}.")
    if options.augment:
        run.note(f"Augmentation in training: {', '.join(dict.fromkeys(options.augment))}.")
    run.note(
        f"Clips are cut into segments of {SEGMENT_S:g} s, one every {SEGMENT_HOP_S:g} s; a clip's probabilities are "
        "the mean over its segments. Histories are per segment, tables per clip."
    )
    run.note("The paper's tables are not public, so there are no published numbers to compare with.")
    return clips


def networks(run: Run, corpus: Corpus, options: Options) -> Iterator[Stage]:
    """Yield every architecture for each task alone and for all tasks together, on every split."""
    tasks = [*corpus.classes, MULTITASK] if len(corpus.classes) > 1 else list(corpus.classes)
    architectures = ARCHITECTURES if options.architecture == "both" else [options.architecture]
    names = [f"{architecture}_{task}" for architecture in architectures for task in tasks]
    cells = experiment.plan(run, experiment.selected(names, options.only), corpus, options, TRAIN, VALIDATION)
    labels.require_on_both_sides(corpus.table[list(corpus.classes)], [cell.split for cell in cells])
    yield "Training", cells


def parts_of(key: str, corpus: Corpus) -> tuple[str, list[str]]:
    """Return the architecture in a network's key, and the list of its tasks."""
    architecture, _, task = key.partition("_")
    return architecture, list(corpus.classes) if task == MULTITASK else [task]


def build(run: Run, corpus: Corpus, options: Options, cell: Cell) -> Training:
    """Build AlexNet or VGG-16 for one task or all; the training spectrograms determine its standardisation."""
    import keras

    from kerasemo.models.from_waveform import adapt, waveform_cnn

    architecture, tasks = parts_of(cell.network, corpus)
    changes = {"augment": options.augment or (), "seed": options.seed}
    network = waveform_cnn(architecture, corpus.widths(tasks), SEGMENT_S, imagenet=options.imagenet, **changes)
    sides = corpus.clips(Segments.of_clips, cell, tasks)
    adapt(network, sides["train"].once().map(lambda x, *_: x))
    return Training.of_tasks(
        network,
        keras.optimizers.Adam(LEARNING_RATE),
        sides,
        options.batch_size,
        options.numbers,
        inputs=corpus.inputs,
        weighting=options.weighting,
        description={"decision": tasks[0]},
    )


def rows(outcome: Outcome) -> Iterator[dict]:
    """Yield the rows of one table per task."""
    for task in outcome.corpus.classes:
        for folds in outcome.folds:
            architecture, tasks = parts_of(folds.network, outcome.corpus)
            if task in tasks:
                label = f"{ARCHITECTURES[architecture]}, {'multitask' if len(tasks) > 1 else 'single task'}"
                yield from folds.scores(task.capitalize(), label, task, averaged=True)


def figures(outcome: Outcome, results: list[dict]) -> None:
    """Draw recalls or CCC per task; for multitask networks also losses, weights and predictions."""
    outcome.draw_scores_of_tasks(results)
    for folds in outcome.folds:
        architecture, tasks = parts_of(folds.network, outcome.corpus)
        if len(tasks) == len(outcome.corpus.classes):
            name, key = f"{ARCHITECTURES[architecture]}, {folds.protocol} protocol", f"{architecture}_{folds.protocol}"
            outcome.draw_tasks(folds, tasks, name, key)
            outcome.draw_spectrograms(folds, tasks, name, key)


proposed = experiment.preferring("vgg16_multitask", "alexnet_multitask")
STUDY = Study(PAPER, Options, EPOCHS, read, networks, build, rows, figures, proposed)

if __name__ == "__main__":
    STUDY.main(__doc__)
