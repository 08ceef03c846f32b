"""Goswami, Aggarwal and Yalamanchi 2018: five cross-modal architectures, probes and shrinking data on RAVDESS.

Reruns experiment 1 (seven networks), 2 (half and a quarter of the data for training) and 3 (the validation curves of
architecture 4), and the distilled probes that section 7 proposes; under the paper's protocol, which splits images and
copied recordings at random, and with actors held out.

The paper gives 25 epochs of SGD with momentum. It leaves open rate, momentum and batch size (here 0.02, 0.9 and 32),
and at which epoch its "best" accuracy was read (here the last, so that no partition chooses anything).
"""

import math
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Literal

import numpy as np
import pandas as pd
import typer

from kerasemo import experiment
from kerasemo.corpora import ravdess
from kerasemo.corpora.synthetic import write_ravdess
from kerasemo.errors import WrongCall
from kerasemo.evaluation import protocols, tables
from kerasemo.evaluation.protocols import Split
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
from kerasemo.features.face_pairs import FacePairs
from kerasemo.features.frames import Frames
from kerasemo.features.mfcc import Mfcc
from kerasemo.features.network_input import NetworkInput
from kerasemo.reporting import charts, curves, figures
from kerasemo.training.audiovisual import AudioVisual
from kerasemo.training.grid import run_cells
from kerasemo.training.items import Items
from kerasemo.training.run import Run

KEY = "goswami2018"
TITLE = "Emotion Detection using Audio and Video Detection"
CITATION = "Goswami, Aggarwal and Yalamanchi 2018, Carnegie Mellon University, course project 10-707"

EPOCHS, QUICK_EPOCHS = 25, 7
BATCH_SIZE, LEARNING_RATE, MOMENTUM = 32, 0.02, 0.9
SEQUENCE_FRAMES = 160

# The default corpus lets each modality show so much that its best possible accuracy is the paper's, .72 and .85.
SYNTHETIC = {"clips_per_emotion": 2, "audio_share": 0.68, "video_share": 0.83}
QUICK = {"actors": range(1, 5), "clips_per_emotion": 1}

NAMES = {
    "audio_cnn": "Audio CNN",
    "image_cnn": "Image CNN",
    "architecture_1": "Architecture 1",
    "architecture_2": "Architecture 2",
    "architecture_3": "Architecture 3",
    "architecture_4": "Architecture 4",
    "architecture_0": "Architecture 0",
    "distilled_probes": "Distilled probes",
}
# Test, validation and train accuracy, by the share of the data that trains (sections 5.1.2 and 5.2.2).
PUBLISHED = {
    0.8: {
        "audio_cnn": (0.72, 0.72, 0.99),
        "image_cnn": (0.85, 0.84, 0.98),
        "architecture_1": (0.90, 0.91, 0.99),
        "architecture_2": (0.89, 0.89, 0.98),
        "architecture_3": (0.89, 0.90, 0.99),
        "architecture_4": (0.91, 0.91, 0.98),
        "architecture_0": (0.78, 0.79, 0.99),
    },
    0.5: {
        "architecture_1": (0.84, None, 0.99),
        "architecture_3": (0.85, None, 0.99),
        "architecture_4": (0.86, None, 0.98),
    },
    0.25: {
        "architecture_1": (0.73, None, 0.99),
        "architecture_3": (0.78, None, 0.99),
        "architecture_4": (0.80, None, 0.98),
    },
}
FULL, VALIDATION = 0.8, 0.1
PARTITIONS = ("test", "validation", "train")
TABLES = {0.8: "Experiment 1", 0.5: "Experiment 2", 0.25: "Experiment 2"}
ORDER = ["Experiment 1", "Experiment 2", "Experiment 3", "Distillation"]
# Outputs that have a loss, and their weights; `beta` is the image's in architecture 0 (section 4.7).
EMOTION = {"emotion": 1.0}
TASKS = {
    "architecture_0": {"emotion_audio": 1.0, "emotion_image": "beta"},
    "architecture_4": {"emotion": 1.0, "audio_probe": 1.0, "image_probe": 1.0},
    "distilled_probes": {"emotion": 1.0, "audio_probe_logits": 1.0, "image_probe_logits": 1.0},
}
TEACHERS = {"audio_probe_logits": "audio_cnn", "image_probe_logits": "image_cnn"}

MODALITIES = {"audio_cnn": ["audio"], "image_cnn": ["image"]}
# Experiment 3 (figure 7): the outputs of architecture 4.
CURVES = {"Joint classifier": "emotion", "Audio probe": "audio_probe", "Image probe": "image_probe"}

Images = Annotated[Literal["frames", "faces"], typer.Option(help="Whole frames (the paper), or the largest face.")]
Audio = Annotated[Literal["mean", "sequence"], typer.Option(help="40 MFCCs averaged over time, or frame by frame.")]


def finite(value: float) -> float:
    if not math.isfinite(value):
        raise typer.BadParameter("must be finite.")
    return value


Beta = Annotated[float, typer.Option(min=0, callback=finite, help="Weight of the image's loss in architecture 0.")]

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


@app.command(help=__doc__)
def main(
    context: typer.Context,
    jobs: Jobs,
    root: Root = None,
    protocol: Protocol = "both",
    seed: Seed = 0,
    epochs: Epochs = None,
    quick: Quick = False,
    images: Images = "frames",
    audio: Audio = "mean",
    beta: Beta = 1.0,
    weighting: Weighting = "static",
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
    if options.weighting == "gradnorm":
        raise WrongCall("--weighting gradnorm does not go with probes, which share no layer with the joint classifier.")
    if options.weighting != "static" and options.beta != 1:
        raise WrongCall("--beta is a static weight; leave it out, or --weighting.")
    data = read_corpus(run, options)
    cells = plan(run, data, options)
    describe(run, cells)
    run.logger().info("%d networks to train.", len(cells))
    train = partial(train_cell, run.path, data, options)
    # Distilled probes learn from unimodal networks that are trained by then.
    students = [cell for cell in cells if cell.network == "distilled_probes"]
    others = [cell for cell in cells if cell.network != "distilled_probes"]
    run_cells(train, others, options.jobs, "Training", options.scheduler)
    run_cells(train, students, options.jobs, "Distilling", options.scheduler)
    results = score(run, cells)
    draw(run, results, cells)
    export_best(run, cells)
    tables.write(results, run.path, run.config["notice"], run.config["notes"])


@dataclass(frozen=True)
class Cell:
    """One network to train on one split."""

    network: str
    protocol: str
    share: float
    split: Split
    items: pd.DataFrame

    @property
    def model(self) -> str:
        return f"{self.network}.{self.split.name}"


def read_corpus(run: Run, options: SimpleNamespace) -> AudioVisual:
    """The user's corpus, or the synthetic one."""
    size = SYNTHETIC | (QUICK if options.quick else {})
    root = Path(options.root or experiment.synthetic_root(KEY, write_ravdess, options, **size))
    manifest = ravdess.read(root)
    if options.protocol != "paper":
        protocols.speaker_splits(manifest["speaker"], ravdess.folds(), options.seed)  # too few actors: said at once
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
    left_out = [name for network, name in NAMES.items() if network not in trainable(data)]
    if left_out:
        absent = "video" if data.images.empty else "sound"
        run.note(f"Left out, because the corpus has no {absent}: {', '.join(left_out)}.")
    return data


def trainable(data: AudioVisual) -> list[str]:
    """The networks whose modalities the corpus has."""
    present = {"audio": len(data.recordings), "image": len(data.images)}
    return [network for network in NAMES if all(present[name] for name in MODALITIES.get(network, present))]


def items_of(data: AudioVisual, network: str, protocol: str, seed: int) -> pd.DataFrame:
    """What a network is trained and scored on: recordings, images, or pairs of both (section 4.1)."""
    if network == "audio_cnn":
        return data.recordings.assign(audio=np.arange(len(data.recordings)))
    if network == "image_cnn":
        return data.images.assign(image=np.arange(len(data.images)))
    if protocol == "paper":
        return protocols.pair_classwise(data.images, data.recordings, "emotion", seed)
    return protocols.pair_performances(data.images, data.recordings, "emotion")


def plan(run: Run, data: AudioVisual, options: SimpleNamespace) -> list[Cell]:
    """Every network on every split that the tables ask for."""
    cells = []
    for protocol in experiment.chosen_protocols(options):
        for share, networks in PUBLISHED.items():
            wanted = [*networks, "distilled_probes"] if share == FULL else networks
            for network in (network for network in wanted if network in trainable(data)):
                items = items_of(data, network, protocol, options.seed)
                for split in splits(items, protocol, share, options.seed):
                    cells.append(Cell(network, protocol, share, split, items))
                    run.write_split(split.sides(items, ["clip", "audio_clip"]), cells[-1].model)
    return cells


def splits(items: pd.DataFrame, protocol: str, share: float, seed: int) -> list[Split]:
    """80-10-10 for experiment 1; for experiment 2 a share for training and the rest for testing."""
    name = protocol if share == FULL else f"{protocol}.train{round(100 * share)}"
    if protocol == "paper":
        return [protocols.random_split(len(items), share, VALIDATION if share == FULL else 0.0, seed, name)]
    return protocols.speaker_splits(items["speaker"], ravdess.folds(), seed, None if share == FULL else share, name)


def describe(run: Run, cells: list[Cell]) -> None:
    """Notes on what the protocols differ in beside the speakers."""
    held_out = [cell for cell in cells if cell.protocol == "speaker" and cell.share == FULL]
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


def train_cell(run_path: Path, data: AudioVisual, options: SimpleNamespace, cell: Cell) -> None:
    """Train one network on one split; what is trained already stays."""
    import keras

    from kerasemo.losses import LogitMatching
    from kerasemo.models import crossmodal
    from kerasemo.training.joint_model import JointModel
    from kerasemo.training.reproducible import seed_everything
    from kerasemo.training.train import train
    from kerasemo.weighting import WEIGHTINGS, Static

    run = Run(run_path)
    if run.has_trained(cell.model):
        return
    seed_everything(options.seed)
    audio = "audio_sequence" if cell.network == "architecture_2" else f"audio_{options.audio}"
    build = crossmodal.NETWORKS[cell.network]
    arrays = {
        name: {"audio": audio, "image": "image"}[name] for name in MODALITIES.get(cell.network, ("audio", "image"))
    }
    network = build(len(data.classes), **{f"{name}_shape": data.arrays[a].shape[1:] for name, a in arrays.items()})
    weights = {task: options.beta if w == "beta" else w for task, w in TASKS.get(cell.network, EMOTION).items()}
    losses = {
        task: LogitMatching() if task in TEACHERS else keras.losses.SparseCategoricalCrossentropy() for task in weights
    }
    is_static = options.weighting == "static" or len(weights) == 1
    weighting = Static(weights) if is_static else WEIGHTINGS[options.weighting](list(weights))
    model = JointModel(network.input, network.output, losses=losses, weighting=weighting, name=cell.network)
    decisions = [output for output in network.output if output not in TEACHERS]
    model.compile(
        keras.optimizers.SGD(LEARNING_RATE, momentum=MOMENTUM),
        weighted_metrics={output: ["accuracy"] for output in decisions},
    )

    def items(rows: np.ndarray) -> Items:
        table = cell.items.iloc[rows].reset_index(drop=True)
        inputs = {name: data.arrays[array][table[name]] for name, array in arrays.items()}
        targets = {output: table["emotion"].to_numpy() for output in decisions}
        targets |= {output: teach(run, output, cell, inputs) for output in set(TEACHERS) & set(weights)}
        return Items(inputs, targets, table)

    train(
        run,
        cell.model,
        model,
        {partition: items(rows) for partition, rows in cell.split.partitions().items()},
        classes={output: data.classes for output in decisions},
        inputs={name: data.inputs[array] for name, array in arrays.items()},
        epochs=options.epochs or (QUICK_EPOCHS if options.quick else EPOCHS),
        batch_size=BATCH_SIZE,
        seed=options.seed,
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


def score(run: Run, cells: list[Cell]) -> list[dict]:
    """The rows of all tables: experiments 1 and 2, the last epoch of experiment 3, and the distillation."""
    rows = []
    for (protocol, share, network), models in grouped(cells).items():
        measure = partial(tables.score_row, run.path, protocol, models, corpus=run.config["corpus"])
        published = dict(zip(PARTITIONS, PUBLISHED[share].get(network, (None,) * 3), strict=True))
        name = NAMES[network]
        if network == "distilled_probes":
            rows.append(measure("Distillation", f"{name} (logits)", "test"))
            continue
        label = name if share == FULL else f"{name} ({share:.0%} for training)"
        for partition in PARTITIONS if share == FULL else ("test", "train"):
            rows.append(measure(TABLES[share], label, partition, published=published[partition]))
        if network == "architecture_4" and share == FULL:
            for row, output in CURVES.items():
                rows.append(measure("Experiment 3", row, "validation", output=output))
            rows.append(measure("Distillation", f"{name} (labels)", "test"))
    return sorted(rows, key=lambda row: ORDER.index(row["table"]))


def grouped(cells: list[Cell]) -> dict[tuple, list[str]]:
    """The models, a list of folds, by protocol, share and network, in the order of the tables."""
    groups = {}
    for cell in cells:
        groups.setdefault((cell.protocol, cell.share, cell.network), []).append(cell.model)
    return groups


def draw(run: Run, results: list[dict], cells: list[Cell]) -> None:
    """A figure for each experiment."""
    notice = run.config["notice"]
    shown = [row for row in results if row["metric"] == "test accuracy" or row["table"] == "Experiment 3"]
    for table in dict.fromkeys(row["table"] for row in shown):
        name = table.lower().replace(" ", "_")
        figures.save(charts.scores(shown, table, notice), run.file("figures", f"{name}.png"), f"{table}: accuracies")
    for (protocol, share, network), models in grouped(cells).items():
        if network == "architecture_4" and share == FULL:
            history = pd.concat(pd.read_csv(run.file("history", f"{m}.csv")) for m in models).groupby("epoch").mean()
            columns = {row: f"val_{output}_accuracy" for row, output in CURVES.items()}
            title = f"Architecture 4, validation accuracy per epoch, {protocol} protocol"
            figure = curves.chosen(history.reset_index(), columns, title, "accuracy", notice)
            figures.save(figure, run.file("figures", f"experiment_3_curves_{protocol}.png"), title)


def export_best(run: Run, cells: list[Cell]) -> None:
    """A SavedModel of the network the paper recommends; of the first that was trained where it was not."""
    trained = [cell.model for cell in cells]
    model = next((m for m in trained if m.startswith("architecture_4.")), trained[0])
    experiment.export_to_run(run, model)


if __name__ == "__main__":
    app()
