"""Goswami, Aggarwal and Yalamanchi 2018: five cross-modal architectures, probes and less training data on RAVDESS.

Reproduces experiment 1 (seven networks), 2 (half and a quarter of the data for training) and 3 (validation curves of
architecture 4), and the distilled probes of section 7, under the paper's protocol (images from song, recordings
repeated until each image has one, then a random split) and with actors held out (every image with its own recording).

The paper trains for 25 epochs with SGD and momentum. It does not state learning rate, momentum and batch size (here
0.02, 0.9 and 32), nor the epoch of its "best" accuracy (here the last one, so that no partition is used for a choice).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from kerasemo import experiment
from kerasemo.corpora import ravdess
from kerasemo.corpora.synthetic import SyntheticRavdess
from kerasemo.evaluation import protocols
from kerasemo.experiment import Cell, Outcome, Paper, Stage, Study, Training
from kerasemo.features.face_pairs import FacePairs
from kerasemo.features.frames import Frames
from kerasemo.features.mfcc import Mfcc
from kerasemo.features.network_input import NetworkInput
from kerasemo.reporting import curves
from kerasemo.training.audiovisual import AudioVisual
from kerasemo.training.run import Run

PAPER = Paper(
    "goswami2018",
    "Emotion Detection using Audio and Video Detection",
    "Goswami, Aggarwal and Yalamanchi 2018, Carnegie Mellon University, course project 10-707",
)

EPOCHS = (25, 7)  # the second under --quick
BATCH_SIZE, LEARNING_RATE, MOMENTUM, SEQUENCE_FRAMES = 32, 0.02, 0.9, 160

# Shares of emotional information in the synthetic corpus: the best possible accuracies are the paper's, .72 and .85.
SYNTHETIC = {"clips_per_emotion": 2, "audio_share": 0.68, "video_share": 0.83}
QUICK = {"actors": range(1, 5), "clips_per_emotion": 1}

# Test, validation and training accuracy (section 5.1.2); the networks without are not in the paper.
ONCE, STUDENT = "audio_cnn_once", "distilled_probes"
NETWORKS = {
    "audio_cnn": ("Audio CNN", (0.72, 0.72, 0.99)),
    ONCE: ("Audio CNN, each recording once", (None, None, None)),
    "image_cnn": ("Image CNN", (0.85, 0.84, 0.98)),
    "architecture_1": ("Architecture 1", (0.90, 0.91, 0.99)),
    "architecture_2": ("Architecture 2", (0.89, 0.89, 0.98)),
    "architecture_3": ("Architecture 3", (0.89, 0.90, 0.99)),
    "architecture_4": ("Architecture 4", (0.91, 0.91, 0.98)),
    "architecture_0": ("Architecture 0", (0.78, 0.79, 0.99)),
    STUDENT: ("Distilled probes", (None, None, None)),
}
# Share of the data for training (section 5.2.2) -> network -> test and training accuracy.
LESS_DATA = {
    0.5: {"architecture_1": (0.84, 0.99), "architecture_3": (0.85, 0.99), "architecture_4": (0.86, 0.98)},
    0.25: {"architecture_1": (0.73, 0.99), "architecture_3": (0.78, 0.99), "architecture_4": (0.80, 0.98)},
}
TRAIN, VALIDATION = 0.8, 0.1
ORDER = ["Experiment 1", "Experiment 2", "Experiment 3", "Distillation"]
UNIMODAL = {"audio_cnn": ("audio",), ONCE: ("audio",), "image_cnn": ("image",)}
MODALITIES = dict.fromkeys(NETWORKS, ("audio", "image")) | UNIMODAL
# Outputs with a loss, for networks in which not only the joint classifier has one.
LOSSES = {
    "architecture_0": ("emotion_audio", "emotion_image"),
    "architecture_4": ("emotion", "audio_probe", "image_probe"),
    STUDENT: ("emotion", "audio_probe_logits", "image_probe_logits"),
}
TEACHERS = {"audio_probe_logits": "audio_cnn", "image_probe_logits": "image_cnn"}
PROBED = "architecture_4"  # experiment 3 (figure 7) shows its outputs
CURVES = {"Joint classifier": "emotion", "Audio probe": "audio_probe", "Image probe": "image_probe"}


@dataclass(frozen=True, kw_only=True)
class Options(experiment.Options):
    images: Literal["frames", "faces"] = experiment.data("frames", "Whole frames (as published) or the largest face.")
    audio: Literal["mean", "sequence"] = experiment.data("mean", "40 MFCCs: mean over time, or one row per frame.")
    copies: int = experiment.data(1, "How often each recording is repeated under `paper` if there is no video.", min=1)
    max_bad: float = experiment.max_bad()
    only: list[str] | None = experiment.only()
    beta: float = experiment.training(1.0, "Weight of the image loss in architecture 0.", min=0, max=1e6)
    weighting: experiment.WeightingName = experiment.weighting()

    def conflicts(self):
        return {
            "--weighting gradnorm needs a layer that all losses share; probes have none.": self.weighting == "gradnorm",
            "--beta is a static weight; omit --beta or --weighting.": self.weighting != "static" and self.beta != 1,
            f"--only {STUDENT} needs its teachers; add --only audio_cnn --only image_cnn.": STUDENT in (self.only or ())
            and not {*TEACHERS.values()} <= {*self.only},
        }


def read(run: Run, options: Options) -> AudioVisual:
    """Read the user's corpus or the synthetic one."""
    root = experiment.corpus_root(PAPER.key, options, SyntheticRavdess, SYNTHETIC, QUICK)
    manifest = ravdess.Ravdess().read(root)
    experiment.require_groups(options, manifest["speaker"], ravdess.folds())
    classes = experiment.present(ravdess.EMOTIONS.values(), manifest["emotion"])
    experiment.name_corpus(run, root, "RAVDESS", manifest=manifest, classes={"emotion": classes})
    inputs = {
        "audio_mean": NetworkInput(Mfcc()),
        "audio_sequence": NetworkInput(Mfcc(), SEQUENCE_FRAMES),
        "image": NetworkInput({"frames": Frames, "faces": FacePairs}[options.images]()),
    }
    data = AudioVisual.read(manifest, root, classes, inputs, jobs=options.jobs, max_bad=options.max_bad)
    experiment.set_aside(run, data.set_aside)
    run.note(f"{len(data.recordings)} recordings and {len(data.images)} images.")
    return data


def networks(run: Run, data: AudioVisual, options: Options) -> Iterator[Stage]:
    """Yield every network on every split of the tables; distilled probes come after the networks that teach them."""
    wanted = experiment.selected(list(NETWORKS), options.only)
    trainable = [network for network in wanted if data.modalities.issuperset(MODALITIES[network])]
    left_out = [NETWORKS[network][0] for network in wanted if network not in trainable]
    experiment.note_left_out(run, left_out, has_sound="audio" in data.modalities)
    repeats = "paper" if options.copies > 1 or not data.images.empty else None  # the protocol that repeats recordings
    cells, folds = [], ravdess.folds()
    for protocol in options.protocols:
        for less, compared in {None: NETWORKS, **({} if options.only else LESS_DATA)}.items():
            for network in experiment.present(compared, trainable):
                if network == ONCE and protocol != repeats:
                    continue
                items, seed = items_of(data, network, protocol, options), options.seed
                splits = protocols.splits(protocol, items["speaker"], folds, seed, TRAIN, VALIDATION, less)
                cells += experiment.cells_of(run, [network], items, splits, split_name=lambda cell: cell.model)
    experiment.note_held_out(run, cells)
    experiment.note_weighting(run, options.weighting, sum(network not in UNIMODAL for network in trainable))
    yield "Training", [cell for cell in cells if cell.network != STUDENT]
    yield "Distilling", [cell for cell in cells if cell.network == STUDENT]


def items_of(data: AudioVisual, network: str, protocol: str, options: Options) -> pd.DataFrame:
    """Return what a network is trained and scored on (section 4.1).

    Under `paper`, images are from song (from speech for emotions that nobody sings), and recordings of their class are
    repeated until each image has one. Under `speaker`, every image has the recording of its own clip.
    """
    own = data.table(MODALITIES[network])
    if protocol == "speaker" or network == ONCE or data.recordings.empty:
        return own
    if data.images.empty:
        return pd.concat([own] * options.copies, ignore_index=True)
    sung = ravdess.is_sung(data.images["clip"])
    images = data.images[sung | ~data.images["emotion"].isin(data.images["emotion"][sung])]
    pairs = protocols.pair_classwise(images, data.recordings, "emotion", options.seed)
    return own.iloc[pairs["audio"]].reset_index(drop=True) if network == "audio_cnn" else pairs


def build(run: Run, data: AudioVisual, options: Options, cell: Cell) -> Training:
    """Build a network with the losses of the joint classifier and, in some networks, of the branches."""
    import keras

    from kerasemo.losses import LogitMatching
    from kerasemo.models import crossmodal
    from kerasemo.training.distillation import with_logits

    audio = "audio_sequence" if cell.network == "architecture_2" else f"audio_{options.audio}"
    arrays = {name: {"audio": audio, "image": "image"}[name] for name in MODALITIES[cell.network]}
    shapes = {f"{name}_shape": data.arrays[array].shape[1:] for name, array in arrays.items()}
    network = crossmodal.NETWORKS[cell.network.removesuffix("_once")](len(data.classes), **shapes)
    decisions = [output for output in network.output if output not in TEACHERS]
    losses = {
        output: LogitMatching() if output in TEACHERS else keras.losses.SparseCategoricalCrossentropy()
        for output in LOSSES.get(cell.network, ["emotion"])
    }
    sides = {side: data.items(table, arrays, decisions) for side, table in cell.sides().items()}
    if cell.network == STUDENT:
        # The teachers were trained on the same protocol and fold.
        files = {task: run.file("checkpoints", f"{name}.{cell.split.name}.keras") for task, name in TEACHERS.items()}
        sides = {side: with_logits(items, files, "emotion") for side, items in sides.items()}
    return Training(
        network,
        losses,
        keras.optimizers.SGD(LEARNING_RATE, momentum=MOMENTUM),
        sides,
        BATCH_SIZE,
        decisions=dict.fromkeys(decisions, "emotion"),
        inputs={name: data.inputs[array] for name, array in arrays.items()},
        weighting=options.weighting,
        weights={output: options.beta if output == "emotion_image" else 1.0 for output in losses},
    )


def rows(outcome: Outcome) -> Iterator[dict]:
    """Yield the rows of all tables: experiments 1 and 2, the last epoch of experiment 3, and distillation."""
    for protocol in outcome.options.protocols:
        for folds in outcome.under(protocol):
            name, published = NETWORKS[folds.network]
            if folds.network == STUDENT:
                yield folds.score("Distillation", f"{name} (logits)")
                continue
            table, partitions = "Experiment 1", ("test", "validation", "train")
            if less := folds.less:
                table, partitions, published = "Experiment 2", ("test", "train"), LESS_DATA[less][folds.network]
                name += f" ({less:.0%} for training)"
            for partition, number in zip(partitions, published, strict=True):
                yield folds.score(table, name, partition, published=number)
            if folds.network == PROBED and not less:
                for row, output in CURVES.items():
                    yield folds.score("Experiment 3", row, "validation", output=output)
                yield folds.score("Distillation", f"{name} (labels)")


def figures(outcome: Outcome, results: list[dict]) -> None:
    """Draw the scores of each table, and the curves of experiment 3."""
    shown = [row for row in results if row["metric"] == "test accuracy" or row["table"] == "Experiment 3"]
    for table in ORDER:
        outcome.draw_scores(shown, table, table.lower().replace(" ", "_"), alt=f"{table}: accuracies")
    for folds in [folds for folds in outcome.folds if folds.network == PROBED and not folds.less]:
        columns = {row: f"val_{output}_accuracy" for row, output in CURVES.items()}
        title = f"Architecture 4, validation accuracy per epoch, {folds.protocol} protocol"
        figure = curves.chosen(folds.mean_history(), columns, title, "accuracy", outcome.notice)
        outcome.save(figure, f"experiment_3_curves_{folds.protocol}", title)


STUDY = Study(PAPER, Options, EPOCHS, read, networks, build, rows, figures, experiment.preferring(PROBED), ORDER)

if __name__ == "__main__":
    STUDY.main(__doc__)
