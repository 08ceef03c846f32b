"""Chae, Kim, Shin, Kim and Lee 2018: emotion and gender from raw sound and video, with loss weights that learn.

Reruns table 1 (four models) and figure 2 (joint loss per epoch) on the improvised dialogues of IEMOCAP, under the
paper's protocol (utterances 6:2:2 at random) and with whole sessions held out. Beside the paper: the losses at equal
weights, which alone compare between models, the path of the weights, accuracies, and uncertainty weighting.

Training is that of the authors' code: Adam at 1e-4, times 0.1 every 10 epochs, gradient norm clipped at 1, a clip a
step, 100 epochs. Scores are those of the last epoch: the code's choice of the best model looks at one batch.

`--corpus ravdess` trains the networks of the sound on speech of RAVDESS instead, emotion and gender.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Literal

import numpy as np
import pandas as pd
import typer

from kerasemo import experiment
from kerasemo.corpora import iemocap, ravdess
from kerasemo.corpora.synthetic import write_iemocap
from kerasemo.errors import InputError, WrongCall
from kerasemo.evaluation import protocols, tables
from kerasemo.evaluation.intervals import mean_by_group
from kerasemo.evaluation.protocols import Split
from kerasemo.evaluation.scores import negative_log_likelihood
from kerasemo.experiment import Debug, Epochs, Jobs, MaxBad, Out, Protocol, Quick, Resume, Root, Scheduler, Seed
from kerasemo.features.face_video import FaceVideo
from kerasemo.features.network_input import NetworkInput
from kerasemo.features.waveform import Waveform
from kerasemo.quiet import import_tensorflow
from kerasemo.reporting import charts, curves, figures
from kerasemo.training.grid import run_cells
from kerasemo.training.run import Run

KEY = "chae2018"
TITLE = "End-to-End Multimodal Emotion and Gender Recognition with Dynamic Weights of Joint Loss"
CITATION = "Chae, Kim, Shin, Kim and Lee 2018, Korea Advanced Institute of Science and Technology"

EPOCHS, QUICK_EPOCHS = 100, 2
BATCH_SIZE, LEARNING_RATE, CLIP_NORM = 1, 1e-4, 1.0
DECAY, DECAY_EPOCHS = 0.1, 10
TRAIN, VALIDATION = 0.6, 0.2
LONGEST_S, QUICK_LONGEST_S = 6.0, 0.4
QUICK = {"sessions": (1, 2, 3), "dialogues": 1, "turns": 8}

TABLE = "Table 1"
TASKS = ("emotion", "gender")
GENDERS = ["female", "male"]
# Label, modalities and weighting.
MODELS = {
    "um_static_a": ("UM-static-A", ("audio",), "static"),
    "um_dynamic_a": ("UM-dynamic-A", ("audio",), "softmax"),
    "um_dynamic_v": ("UM-dynamic-V", ("video",), "softmax"),
    "mm_static": ("MM-static", ("audio", "video"), "static"),
    "mm_dynamic": ("MM-dynamic", ("audio", "video"), "softmax"),
    "um_uncertainty_a": ("UM-uncertainty-A", ("audio",), "uncertainty"),
    "mm_uncertainty": ("MM-uncertainty", ("audio", "video"), "uncertainty"),
}
# What `--weighting` adds.
OTHER_WEIGHTINGS = ["liebel_korner", "dwa", "gradnorm", "random", "pcgrad"]
AUDIOVISUAL = [name for name in MODELS if name != "um_static_a"]
UNIMODAL = ["um_static_a", "um_dynamic_a", "um_uncertainty_a"]
MODELS |= {f"um_{name}_a": (f"UM-{name}-A", ("audio",), name) for name in OTHER_WEIGHTINGS}
MODELS |= {f"mm_{name}": (f"MM-{name}", ("audio", "video"), name) for name in OTHER_WEIGHTINGS}
# Final weights of emotion and gender, and the negative log-likelihood of the validation set (table 1).
PUBLISHED = {
    "um_dynamic_a": (0.3232, 0.6768, 158.38),
    "um_dynamic_v": (0.3623, 0.6377, 136.08),
    "mm_static": (0.5, 0.5, 167.10),
    "mm_dynamic": (0.3623, 0.6377, 112.89),
}
# Figure 2, its upper and lower row; the last where only sound is there.
COMPARED = [
    ("static and dynamic", ["mm_static", "mm_dynamic"]),
    ("modalities", ["um_dynamic_a", "um_dynamic_v", "mm_dynamic"]),
    ("static and dynamic", ["um_static_a", "um_dynamic_a"]),
]

Corpus = Annotated[Literal["iemocap", "ravdess"], typer.Option(help="Whose layout the root has.")]
Scale = Annotated[
    Literal["deviation", "variance"],
    typer.Option(help="What sound is divided by under the paper's protocol; variance: as the authors' code does."),
]
Crop = Annotated[Literal["fixed", "track"], typer.Option(help="The authors' fixed crop of the face, or a face track.")]
Ties = Annotated[Literal["random", "drop"], typer.Option(help="Turns without a majority: one of the tied, or none.")]
MergeExcited = Annotated[bool, typer.Option("--merge-excited", help="Count excited turns as happy ones.")]
Imagenet = Annotated[
    Path | None, typer.Option(exists=True, dir_okay=False, help="Weights of keras.applications' ResNet-50, no top.")
]
More = Annotated[
    Literal["liebel_korner", "dwa", "gradnorm", "random", "pcgrad"] | None,
    typer.Option(help="Train models with this weighting too."),
]
BatchSize = Annotated[int, typer.Option(min=1, help="Clips a step.")]

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


@app.command(help=__doc__)
def main(
    context: typer.Context,
    jobs: Jobs,
    corpus: Corpus = "iemocap",
    root: Root = None,
    protocol: Protocol = "both",
    seed: Seed = 0,
    epochs: Epochs = None,
    quick: Quick = False,
    scale: Scale = "deviation",
    crop: Crop = "fixed",
    ties: Ties = "random",
    merge_excited: MergeExcited = False,
    imagenet: Imagenet = None,
    weighting: More = None,
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
    run_cells(partial(train_cell, run.path, options), cells, options.jobs, "Training", options.scheduler)
    results = [row for of_network in grouped(cells).items() for row in score(run, *of_network)]
    draw(run, results, cells)
    export_best(run, cells)
    tables.write(results, run.path, run.config["notice"], run.config["notes"])


@dataclass(frozen=True)
class Data:
    """A corpus as the networks read it, the same clips for each.

    Attributes:
        table: a row a clip: `clip, speaker, group` (what is held out whole), `emotion, gender` (class numbers).
        files: `(protocol, input)` -> the file of each clip's features.
        inputs: likewise -> how these are made.
        folds: of each group.
    """

    table: pd.DataFrame
    files: dict[tuple[str, str], list[Path]]
    inputs: dict[tuple[str, str], NetworkInput]
    folds: pd.Series


@dataclass(frozen=True)
class Cell:
    """One network to train on one split."""

    network: str
    protocol: str
    split: Split
    data: Data
    classes: dict[str, list[str]]

    @property
    def model(self) -> str:
        return f"{self.network}.{self.split.name}"


def check_options(options: SimpleNamespace) -> None:
    """What cannot work is said at once, down to a file of weights that does not fit."""
    if options.corpus == "ravdess":
        if not options.root:
            raise WrongCall("--corpus ravdess needs --root, the folder of your copy.")
        without_effect = {
            "--crop": options.crop != "fixed",
            "--ties": options.ties != "random",
            "--merge-excited": options.merge_excited,
            "--imagenet": options.imagenet,
        }
        if given := [name for name, is_given in without_effect.items() if is_given]:
            names = ", ".join(given)
            raise WrongCall(f"--corpus ravdess trains on sound, and has one label a clip; leave out {names}.")
    if options.scale != "deviation" and options.protocol == "speaker":
        raise WrongCall("--scale is for the paper's protocol; leave it out.")
    if options.imagenet:
        from kerasemo.training.reproducible import one_thread

        one_thread()  # as training does later, in this process where there is but one
        from kerasemo.features.pretrained import resnet50
        from kerasemo.models.end_to_end import PICTURE

        resnet50(options.imagenet, PICTURE)


def read_corpus(run: Run, options: SimpleNamespace) -> Data:
    """The user's corpus, or the synthetic one."""
    size = {"scenarios": ["improvised"], **(QUICK if options.quick else {})}
    root = Path(options.root or experiment.synthetic_root(KEY, write_iemocap, options, **size))
    manifest, groups, folds = read_manifest(run, root, options)
    if options.protocol != "paper":
        protocols.speaker_splits(groups, folds, options.seed)  # too few groups: said at once
    table, files_of, inputs = read_features(run, manifest.assign(group=groups), root, options)
    classes = {"emotion": [e for e in emotions(options) if e in set(table["emotion"])], "gender": GENDERS}
    experiment.name_corpus(run, root, options.corpus.upper(), classes=classes)
    describe(run, table, options)
    numbers = {task: table[task].map(classes[task].index) for task in TASKS}
    return Data(table[["clip", "speaker", "group"]].assign(**numbers), files_of, inputs, folds)


def emotions(options: SimpleNamespace) -> list[str]:
    """The emotions of the corpus that are kept, in order."""
    return list(ravdess.EMOTIONS.values() if options.corpus == "ravdess" else iemocap.CLASSES)


def read_manifest(run: Run, root: Path, options: SimpleNamespace) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    """The manifest, what is held out whole with each clip, and the fold of that."""
    if options.corpus == "ravdess":
        manifest = ravdess.read(root)
        manifest = manifest[manifest["channel"] == "speech"].assign(video=None).reset_index(drop=True)
        require_both_genders(manifest)
        return manifest, manifest["speaker"], ravdess.folds()
    manifest = iemocap.read(root, options.ties, options.seed, merge_excited=options.merge_excited, improvised_only=True)
    require_both_genders(manifest)
    # Both actors of a session are in each of its dialogues: in one another's sound, and in the picture.
    groups = "session " + manifest["session"].astype(str)
    return manifest, groups, pd.Series({f"session {number}": number for number in iemocap.SESSIONS})


def require_both_genders(manifest: pd.DataFrame) -> None:
    """Of one gender alone nothing is to be learnt."""
    if absent := sorted(set(GENDERS) - set(manifest["gender"])):
        raise InputError(f"no clip is of a {absent[0]} speaker; both are needed to learn gender.")


def read_features(
    run: Run, manifest: pd.DataFrame, root: Path, options: SimpleNamespace
) -> tuple[pd.DataFrame, dict[tuple[str, str], list[Path]], dict[tuple[str, str], NetworkInput]]:
    """The clips that all networks can read, and the files of their features for each protocol."""
    import_tensorflow()
    from kerasemo.models.end_to_end import SAMPLES
    from kerasemo.training.clips import read_clips

    longest_s = QUICK_LONGEST_S if options.quick else LONGEST_S
    channel = "speaker" if options.corpus == "iemocap" else "mean"
    inputs = {
        (protocol, "audio"): NetworkInput(
            Waveform(longest_s=longest_s, channel=channel, scale=options.scale if protocol == "paper" else "deviation"),
            frame_length=SAMPLES,
        )
        for protocol in experiment.chosen_protocols(options)
    }
    if manifest["video"].notna().any():
        video = NetworkInput(FaceVideo(crop=options.crop, longest_s=longest_s), frame_length=1)
        inputs |= {(protocol, "video"): video for protocol in experiment.chosen_protocols(options)}
    table, files_of, set_aside = read_clips(manifest, root, inputs, jobs=options.jobs, max_bad=options.max_bad)
    experiment.set_aside(run, set_aside)
    if lacking := len(manifest) - len(table) - len(set_aside):
        run.note(f"{lacking} clips are left out, because they have sound without video or video without sound.")
    return table, files_of, inputs


def describe(run: Run, table: pd.DataFrame, options: SimpleNamespace) -> None:
    """What a reader of the tables must know of the data."""
    run.note(f"{len(table)} clips of {table['speaker'].nunique()} speakers.")
    if options.quick:
        run.note(f"Quick: the first {QUICK_LONGEST_S} s of each clip, and {options.epochs or QUICK_EPOCHS} epochs.")
    if options.corpus == "iemocap":
        tied = int((table["majority"] == iemocap.NO_MAJORITY).sum())
        run.note(f"Whole sessions are held out; {tied} clips without a majority have one of their most voted labels.")
        run.note("Intervals draw speakers, though the two of a session are in each other's sound.")
    run.note("The weighted losses of models with different weights do not compare; those at equal weights do.")


def plan(run: Run, data: Data, options: SimpleNamespace) -> list[Cell]:
    """Every network on every split."""
    has_video = any(name == "video" for _, name in data.files)
    networks = [*(AUDIOVISUAL if has_video else UNIMODAL)]
    if options.weighting:
        networks += [f"um_{options.weighting}_a", *([f"mm_{options.weighting}"] if has_video else [])]
    left_out = [MODELS[name][0] for name in AUDIOVISUAL if name not in networks]
    if left_out:
        run.note(f"Left out, because the corpus has no video: {', '.join(left_out)}.")
    cells = []
    for protocol in experiment.chosen_protocols(options):
        splits = protocols.splits(protocol, data.table["group"], data.folds, options.seed, TRAIN, VALIDATION)
        for split in splits:
            if not len(split.validation):
                raise InputError(f"{len(data.table)} clips are too few to train, validate and test on.")
            cells += [Cell(network, protocol, split, data, run.config["classes"]) for network in networks]
            run.write_split(split.sides(data.table), split.name)
    return cells


def train_cell(run_path: Path, options: SimpleNamespace, cell: Cell) -> None:
    """Train one network on one split; what is trained already stays."""
    import keras

    from kerasemo.models.end_to_end import end_to_end
    from kerasemo.training.clips import N_FRAMES, Clips
    from kerasemo.training.joint_model import JointModel
    from kerasemo.training.reproducible import seed_everything
    from kerasemo.training.train import train
    from kerasemo.weighting import WEIGHTINGS, Static

    run = Run(run_path)
    if run.has_trained(cell.model):
        return
    seed_everything(options.seed)
    _, modalities, method = MODELS[cell.network]
    n_classes = {task: len(names) for task, names in cell.classes.items()}
    network = end_to_end(n_classes, modalities, imagenet=options.imagenet if "video" in modalities else None)
    equal = 1 / len(TASKS)
    model = JointModel(
        network.input,
        network.output,
        losses={task: keras.losses.SparseCategoricalCrossentropy() for task in TASKS},
        weighting=Static(dict.fromkeys(TASKS, equal)) if method == "static" else WEIGHTINGS[method](TASKS),
        name=cell.network,
    )
    inputs = {name: cell.data.inputs[cell.protocol, name] for name in modalities}

    def clips(rows: np.ndarray) -> Clips:
        table = cell.data.table.iloc[rows].reset_index(drop=True)
        return Clips(
            inputs,
            {name: [cell.data.files[cell.protocol, name][row] for row in rows] for name in modalities},
            {task: table[task].to_numpy() for task in TASKS},
            table[["clip", "speaker"]],
        )

    partitions = {partition: clips(rows) for partition, rows in cell.split.partitions().items()}
    steps = -(-len(partitions["train"]) // options.batch_size)
    rate = keras.optimizers.schedules.ExponentialDecay(LEARNING_RATE, DECAY_EPOCHS * steps, DECAY, staircase=True)
    model.compile(
        keras.optimizers.Adam(rate, global_clipnorm=CLIP_NORM),
        weighted_metrics={task: ["accuracy"] for task in TASKS},
    )
    train(
        run,
        cell.model,
        model,
        partitions,
        classes=cell.classes,
        inputs=inputs,
        epochs=options.epochs or (QUICK_EPOCHS if options.quick else EPOCHS),
        batch_size=options.batch_size,
        seed=options.seed,
        tasks={"gender": "gender"},
        description={"n_frames": N_FRAMES},
    )


def grouped(cells: list[Cell]) -> dict[tuple[str, str], list[str]]:
    """The models, a list of folds, by network and protocol, in the order of the table."""
    groups = {}
    for cell in sorted(cells, key=lambda cell: (list(MODELS).index(cell.network), cell.protocol)):
        groups.setdefault((cell.network, cell.protocol), []).append(cell.model)
    return groups


def score(run: Run, group: tuple[str, str], models: list[str]) -> Iterator[dict]:
    """The rows of one network under one protocol: final weights, losses, accuracies and recalls."""
    network, protocol = group
    label = MODELS[network][0]
    is_iemocap = run.config["options"]["corpus"] == "iemocap"
    published = PUBLISHED.get(network, (None,) * 3) if is_iemocap else (None,) * 3
    histories = read_histories(run, models)
    final = [history.iloc[-1] for history in histories]
    common = {"table": TABLE, "row": label, "model": network, "protocol": protocol, "corpus": run.config["corpus"]}
    for task, number in zip(TASKS, published, strict=False):
        weight = float(np.mean([last[f"{task}_weight"] for last in final]))
        yield as_row(common, f"final weight of {task}", weight, published=number, n=len(models))
    losses = pd.concat([validation_losses(run, protocol, model) for model in models], ignore_index=True)
    equal = losses.assign(joint=losses[list(TASKS)].mean(axis=1))
    if MODELS[network][2] in ("static", "softmax"):  # whose weights add up to 1
        n = len(losses)
        per_clip = as_row(common, "validation NLL per clip", *mean_by_speaker(losses), n=n)
        if protocol == "paper":  # a sum hangs on the size of the set, which the paper does not give
            yield {**per_clip, "metric": "validation NLL, sum", "published": published[2]} | {
                name: per_clip[name] and n * per_clip[name] for name in ("measured", "low", "high")
            }
        yield per_clip
    yield as_row(common, "validation NLL per clip, equal weights", *mean_by_speaker(equal), n=len(equal))
    for task in TASKS:
        for metric in tables.METRICS:
            yield tables.score_row(
                run.path,
                protocol,
                models,
                TABLE,
                label,
                "test",
                corpus=run.config["corpus"],
                metric=metric,
                task=task,
                output=task,
            )


def as_row(common: dict, metric: str, measured: float, low=None, high=None, *, n: int, published=None) -> dict:
    """A row of the table in the form of `tables.COLUMNS`."""
    found = {**common, "metric": metric, "measured": measured, "low": low, "high": high, "n": n, "published": published}
    return {name: found[name] for name in tables.COLUMNS}


def validation_losses(run: Run, protocol: str, model: str) -> pd.DataFrame:
    """Each validation clip's losses: of each task, and joint with the final weights."""
    last = read_histories(run, [model])[0].iloc[-1]
    predictions = {
        task: tables.pooled_predictions(run.path, protocol, [model], "validation", task, task) for task in TASKS
    }
    losses = pd.DataFrame({task: negative_log_likelihood(table, task) for task, table in predictions.items()})
    joint = sum(last[f"{task}_weight"] * losses[task] for task in TASKS)
    return losses.assign(joint=joint, speaker=predictions[TASKS[0]]["speaker"])


def mean_by_speaker(losses: pd.DataFrame) -> tuple[float, float | None, float | None]:
    """The mean joint loss and its interval over speakers."""
    return float(losses["joint"].mean()), *mean_by_group(losses, "joint")


def read_histories(run: Run, models: list[str]) -> list[pd.DataFrame]:
    """The history of each fold."""
    return [pd.read_csv(run.file("history", f"{model}.csv")) for model in models]


def draw(run: Run, results: list[dict], cells: list[Cell]) -> None:
    """Figure 2, the losses at equal weights, the paths of the weights, and the scores."""
    notice = run.config["notice"]
    scores = [row for row in results if row["metric"].startswith("test UAR")]
    scores = [{**row, "table": "Unweighted average recall"} for row in scores]
    figure = charts.scores(scores, "Unweighted average recall", notice)
    figures.save(figure, run.file("figures", "recalls.png"), "Unweighted average recall of emotion and gender")
    groups = grouped(cells)
    for protocol in dict.fromkeys(protocol for _, protocol in groups):
        histories = {
            network: pd.concat(read_histories(run, models)).groupby("epoch", as_index=False).mean()
            for (network, of), models in groups.items()
            if of == protocol
        }
        most = max(len(models) for (_, of), models in groups.items() if of == protocol)
        n_folds = f", mean of {most} folds" if most > 1 else ""
        for history in histories.values():
            for side in ("", "val_"):
                history[f"{side}equal"] = history[[f"{side}{task}_loss" for task in TASKS]].mean(axis=1)
        weights = [curves.weight_panel(MODELS[network][0], [history]) for network, history in histories.items()]
        for name, title, panels in [
            ("figure_2", "Figure 2: joint loss per epoch", loss_panels(histories, "loss")),
            ("equal_weights", "Joint loss at equal weights", loss_panels(histories, "equal", [("", list(histories))])),
            ("task_weights", "Task weights", weights),
        ]:
            titled = f"{title}, {protocol} protocol{n_folds}"
            figures.save(curves.grid(panels, titled, notice), run.file("figures", f"{name}_{protocol}.png"), titled)


def loss_panels(
    histories: dict[str, pd.DataFrame], column: str, compared: list[tuple[str, list[str]]] = COMPARED
) -> list[curves.Panel]:
    """Training and validation loss of models beside each other, as far as they were trained."""
    order = list(histories)
    return [
        curves.Panel(
            f"{side}, {what}" if what else side,
            "loss",
            [
                curves.Curve(
                    MODELS[network][0],
                    *figures.look(order.index(network)),
                    histories[network]["epoch"],
                    histories[network][f"{prefix}{column}"],
                )
                for network in networks
            ],
        )
        for what, networks in compared
        if set(networks) <= set(histories)
        for side, prefix in (("training", ""), ("validation", "val_"))
    ]


def export_best(run: Run, cells: list[Cell]) -> None:
    """A SavedModel of the network that the paper proposes; of the one of sound where there is no video."""
    models = [cell.model for cell in cells]
    proposed = ("mm_dynamic.", "um_dynamic_a.")
    model = next(model for start in proposed for model in models if model.startswith(start))
    experiment.export_to_run(run, model)


if __name__ == "__main__":
    app()
