"""Goswami, Aggarwal and Yalamanchi 2018: five cross-modal architectures, probes and shrinking data on RAVDESS.

Reruns experiment 1 (seven networks), 2 (half and a quarter of the data for training) and 3 (the validation curves of
architecture 4), and the distilled probes that section 7 proposes; under the paper's protocol, which splits images and
copied recordings at random, and with actors held out.

The paper gives 25 epochs of SGD with momentum. It leaves open rate, momentum and batch size (here 0.02, 0.9 and 32),
and at which epoch its "best" accuracy was read (here the last, so that no partition chooses anything).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from kerasemo import experiment
from kerasemo.corpora import ravdess
from kerasemo.corpora.synthetic import SyntheticRavdess
from kerasemo.evaluation import protocols
from kerasemo.evaluation.protocols import Split
from kerasemo.experiment import Cell, Folds, Outcome, Paper, Stage, Study, Training
from kerasemo.features.face_pairs import FacePairs
from kerasemo.features.frames import Frames
from kerasemo.features.mfcc import Mfcc
from kerasemo.features.network_input import NetworkInput
from kerasemo.reporting import curves
from kerasemo.training.audiovisual import AudioVisual
from kerasemo.training.items import Items
from kerasemo.training.run import Run

PAPER = Paper(
    "goswami2018",
    "Emotion Detection using Audio and Video Detection",
    "Goswami, Aggarwal and Yalamanchi 2018, Carnegie Mellon University, course project 10-707",
)

EPOCHS = (25, 7)  # the second under --quick
BATCH_SIZE, LEARNING_RATE, MOMENTUM = 32, 0.02, 0.9
SEQUENCE_FRAMES = 160

# The default corpus lets each modality show so much that its best possible accuracy is the paper's, .72 and .85.
SYNTHETIC = {"clips_per_emotion": 2, "audio_share": 0.68, "video_share": 0.83}
QUICK = {"actors": range(1, 5), "clips_per_emotion": 1}

# Test, validation and train accuracy (section 5.1.2); the last is ours.
NETWORKS = {
    "audio_cnn": ("Audio CNN", (0.72, 0.72, 0.99)),
    "image_cnn": ("Image CNN", (0.85, 0.84, 0.98)),
    "architecture_1": ("Architecture 1", (0.90, 0.91, 0.99)),
    "architecture_2": ("Architecture 2", (0.89, 0.89, 0.98)),
    "architecture_3": ("Architecture 3", (0.89, 0.90, 0.99)),
    "architecture_4": ("Architecture 4", (0.91, 0.91, 0.98)),
    "architecture_0": ("Architecture 0", (0.78, 0.79, 0.99)),
    "distilled_probes": ("Distilled probes", (None, None, None)),
}
# By the share of the data that trains (section 5.2.2): test and train accuracy.
LESS_DATA = {
    0.5: {"architecture_1": (0.84, 0.99), "architecture_3": (0.85, 0.99), "architecture_4": (0.86, 0.98)},
    0.25: {"architecture_1": (0.73, 0.99), "architecture_3": (0.78, 0.99), "architecture_4": (0.80, 0.98)},
}
FULL, VALIDATION = 0.8, 0.1
ORDER = ["Experiment 1", "Experiment 2", "Experiment 3", "Distillation"]
# Outputs that have a loss, and their weights; `beta` is the image's in architecture 0 (section 4.7).
EMOTION = {"emotion": 1.0}
TASKS = {
    "architecture_0": {"emotion_audio": 1.0, "emotion_image": "beta"},
    "architecture_4": {"emotion": 1.0, "audio_probe": 1.0, "image_probe": 1.0},
    "distilled_probes": {"emotion": 1.0, "audio_probe_logits": 1.0, "image_probe_logits": 1.0},
}
TEACHERS = {"audio_probe_logits": "audio_cnn", "image_probe_logits": "image_cnn"}

MEDIA = ("audio", "image")
MODALITIES = {"audio_cnn": ["audio"], "image_cnn": ["image"]}
# Experiment 3 (figure 7): the outputs of architecture 4.
CURVES = {"Joint classifier": "emotion", "Audio probe": "audio_probe", "Image probe": "image_probe"}


@dataclass(frozen=True, kw_only=True)
class Options(experiment.Options):
    images: Literal["frames", "faces"] = experiment.data("frames", "Whole frames (the paper), or the largest face.")
    audio: Literal["mean", "sequence"] = experiment.data("mean", "40 MFCCs averaged over time, or frame by frame.")
    max_bad: float = experiment.max_bad()
    beta: float = experiment.training(1.0, "Weight of the image's loss in architecture 0.", min=0, max=1e6)
    weighting: experiment.WeightingName = experiment.weighting()

    def conflicts(self):
        return {
            "--weighting gradnorm does not go with probes, which share no layer with the joint classifier.": (
                self.weighting == "gradnorm"
            ),
            "--beta is a static weight; leave it out, or --weighting.": self.weighting != "static" and self.beta != 1,
        }


def read(run: Run, options: Options) -> AudioVisual:
    """The user's corpus, or the synthetic one."""
    root = experiment.corpus_root(PAPER.key, options, SyntheticRavdess, SYNTHETIC, QUICK)
    manifest = ravdess.Ravdess().read(root)
    experiment.require_groups(options, manifest["speaker"], ravdess.folds())
    present = set(manifest["emotion"])
    classes = [emotion for emotion in ravdess.EMOTIONS.values() if emotion in present]
    experiment.name_corpus(run, root, "RAVDESS", classes={"emotion": classes})
    inputs = {
        "audio_mean": NetworkInput(Mfcc()),
        "audio_sequence": NetworkInput(Mfcc(), SEQUENCE_FRAMES),
        "image": NetworkInput({"frames": Frames, "faces": FacePairs}[options.images]()),
    }
    data = AudioVisual.read(manifest, root, classes, inputs, jobs=options.jobs, max_bad=options.max_bad)
    experiment.set_aside(run, data.set_aside)
    run.note(
        f"{len(data.recordings)} recordings and {len(data.images)} images of {manifest['speaker'].nunique()} actors."
    )
    return data


def networks(run: Run, data: AudioVisual, options: Options) -> Iterator[Stage]:
    """Every network on every split that the tables ask for; distilled probes learn from networks trained by then."""
    media = {"audio": len(data.recordings), "image": len(data.images)}
    trainable = [network for network in NETWORKS if all(media[name] for name in MODALITIES.get(network, media))]
    if left_out := [name for network, (name, _) in NETWORKS.items() if network not in trainable]:
        absent = "video" if data.images.empty else "sound"
        run.note(f"Left out, because the corpus has no {absent}: {', '.join(left_out)}.")
    cells = []
    for protocol in options.protocols:
        for share, wanted in {FULL: NETWORKS, **LESS_DATA}.items():
            for network in (network for network in wanted if network in trainable):
                items = items_of(data, network, protocol, options.seed)
                split = splits(items, protocol, share, options.seed)
                cells += experiment.cells_of(run, [network], items, split, split_name=lambda cell: cell.model)
    describe(run, cells)
    experiment.note_weighting(run, options.weighting, len(trainable) - len(MODALITIES))
    yield "Training", [cell for cell in cells if cell.network != "distilled_probes"]
    if students := [cell for cell in cells if cell.network == "distilled_probes"]:
        yield "Distilling", students


def items_of(data: AudioVisual, network: str, protocol: str, seed: int) -> pd.DataFrame:
    """What a network is trained and scored on: recordings, images, or pairs of both (section 4.1)."""
    if network == "audio_cnn":
        return data.recordings.assign(audio=np.arange(len(data.recordings)))
    if network == "image_cnn":
        return data.images.assign(image=np.arange(len(data.images)))
    if protocol == "paper":
        return protocols.pair_classwise(data.images, data.recordings, "emotion", seed)
    return protocols.pair_performances(data.images, data.recordings, "emotion")


def splits(items: pd.DataFrame, protocol: str, share: float, seed: int) -> list[Split]:
    """80-10-10 for experiment 1; for experiment 2 a share for training and the rest for testing."""
    name = protocol if share == FULL else f"{protocol}.train{round(100 * share)}"
    if protocol == "paper":
        return [protocols.random_split(len(items), share, VALIDATION if share == FULL else 0.0, seed, name)]
    return protocols.speaker_splits(items["speaker"], ravdess.folds(), seed, None if share == FULL else share, name)


def share_of(cell: Cell) -> float:
    """The share of the data that trains."""
    return next((share for share in LESS_DATA if f".train{round(100 * share)}" in cell.split.name), FULL)


def describe(run: Run, cells: list[Cell]) -> None:
    """Notes on what the protocols differ in beside the speakers."""
    held_out = [cell for cell in cells if cell.protocol == "speaker" and share_of(cell) == FULL]
    if held_out:
        speakers = held_out[0].items["speaker"]
        training = [cell.items["speaker"].iloc[cell.split.train].nunique() for cell in held_out]
        run.note(
            f"With actors held out each fold trains on at least {min(training)} of {speakers.nunique()} actors; under "
            f"the paper's protocol {FULL:.0%} of the items train."
        )
    if any(cell.network == "distilled_probes" and cell.protocol == "paper" for cell in cells):
        run.note(
            "Distillation under the paper's protocol: recordings, images and pairs are split each at random, so that "
            "the unimodal teachers have learnt from clips that test their student."
        )


def build(run: Run, data: AudioVisual, options: Options, cell: Cell) -> Training:
    """One network with its losses: of the joint classifier, and of the branches where they have their own."""
    import keras

    from kerasemo.losses import LogitMatching
    from kerasemo.models import crossmodal

    audio = "audio_sequence" if cell.network == "architecture_2" else f"audio_{options.audio}"
    arrays = {name: {"audio": audio, "image": "image"}[name] for name in MODALITIES.get(cell.network, MEDIA)}
    shapes = {f"{name}_shape": data.arrays[array].shape[1:] for name, array in arrays.items()}
    network = crossmodal.NETWORKS[cell.network](len(data.classes), **shapes)
    weights = {task: options.beta if w == "beta" else w for task, w in TASKS.get(cell.network, EMOTION).items()}
    decisions = [output for output in network.output if output not in TEACHERS]

    def items(table: pd.DataFrame) -> Items:
        inputs = {name: data.arrays[array][table[name]] for name, array in arrays.items()}
        targets = {output: table["emotion"].to_numpy() for output in decisions}
        targets |= {output: teach(run, output, cell, inputs) for output in set(TEACHERS) & set(weights)}
        return Items(inputs, targets, table)

    return Training(
        network,
        {t: LogitMatching() if t in TEACHERS else keras.losses.SparseCategoricalCrossentropy() for t in weights},
        keras.optimizers.SGD(LEARNING_RATE, momentum=MOMENTUM),
        {side: items(table) for side, table in cell.sides().items()},
        BATCH_SIZE,
        decisions=dict.fromkeys(decisions, "emotion"),
        inputs={name: data.inputs[array] for name, array in arrays.items()},
        weighting=options.weighting,
        weights=weights,
    )


def teach(run: Run, task: str, cell: Cell, inputs: dict[str, np.ndarray]) -> np.ndarray:
    """The logits of the unimodal network that was trained on the same protocol and fold.

    Under the paper's protocol a teacher has learnt from clips that test its student; with actors held out it has not.
    """
    from kerasemo.models import crossmodal
    from kerasemo.training.saving import load_network

    teacher = load_network(run.file("checkpoints", f"{TEACHERS[task]}.{cell.split.name}.keras"))
    logits = crossmodal.logits_of(teacher, "emotion")
    return logits.predict({name: inputs[name] for name in logits.input}, batch_size=256, verbose=0)["emotion"]


def rows(outcome: Outcome) -> Iterator[dict]:
    """The rows of all tables: experiments 1 and 2, the last epoch of experiment 3, and the distillation."""
    for protocol in outcome.options.protocols:
        for folds in outcome.folds:
            if folds.protocol == protocol:
                yield from rows_of(folds, share_of(folds.cells[0]))


def rows_of(folds: Folds, share: float) -> Iterator[dict]:
    """The rows of one network, trained on a share of the data."""
    name, accuracies = NETWORKS[folds.network]
    if folds.network == "distilled_probes":
        yield folds.score("Distillation", f"{name} (logits)")
        return
    if share == FULL:
        for partition, published in zip(("test", "validation", "train"), accuracies, strict=True):
            yield folds.score("Experiment 1", name, partition, published=published)
    else:
        row = f"{name} ({share:.0%} for training)"
        for partition, published in zip(("test", "train"), LESS_DATA[share][folds.network], strict=True):
            yield folds.score("Experiment 2", row, partition, published=published)
    if folds.network == "architecture_4" and share == FULL:
        for row, output in CURVES.items():
            yield folds.score("Experiment 3", row, "validation", output=output)
        yield folds.score("Distillation", f"{name} (labels)")


def figures(outcome: Outcome, results: list[dict]) -> None:
    """A figure for each experiment."""
    shown = [row for row in results if row["metric"] == "test accuracy" or row["table"] == "Experiment 3"]
    for table in ORDER:
        outcome.draw_scores(shown, table, table.lower().replace(" ", "_"), alt=f"{table}: accuracies")
    for folds in outcome.folds:
        if folds.network == "architecture_4" and share_of(folds.cells[0]) == FULL:
            columns = {row: f"val_{output}_accuracy" for row, output in CURVES.items()}
            title = f"Architecture 4, validation accuracy per epoch, {folds.protocol} protocol"
            figure = curves.chosen(folds.mean_history(), columns, title, "accuracy", outcome.notice)
            outcome.save(figure, f"experiment_3_curves_{folds.protocol}", title)


def proposed(outcome: Outcome) -> str:
    """The network that the paper recommends; the first that was trained where it was not."""
    trained = [cell.model for cell in outcome.cells]
    return next((model for model in trained if model.startswith("architecture_4.")), trained[0])


STUDY = Study(PAPER, Options, EPOCHS, read, networks, build, rows, figures, proposed, ORDER)

if __name__ == "__main__":
    STUDY.main(__doc__)
