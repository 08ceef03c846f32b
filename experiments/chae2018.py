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
from pathlib import Path
from typing import Literal

import pandas as pd

from kerasemo import experiment
from kerasemo.corpora import iemocap, ravdess
from kerasemo.corpora.synthetic import SyntheticIemocap
from kerasemo.errors import InputError
from kerasemo.evaluation import protocols, tables
from kerasemo.evaluation.scores import negative_log_likelihood
from kerasemo.experiment import Cell, Corpus, Folds, Outcome, Paper, Stage, Study, Training
from kerasemo.features.face_video import FaceVideo
from kerasemo.features.network_input import NetworkInput
from kerasemo.features.waveform import Waveform
from kerasemo.quiet import import_tensorflow
from kerasemo.reporting import curves
from kerasemo.training.run import Run

PAPER = Paper(
    "chae2018",
    "End-to-End Multimodal Emotion and Gender Recognition with Dynamic Weights of Joint Loss",
    "Chae, Kim, Shin, Kim and Lee 2018, Korea Advanced Institute of Science and Technology",
)

EPOCHS = (100, 2)  # the second under --quick
LEARNING_RATE, CLIP_NORM = 1e-4, 1.0
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


@dataclass(frozen=True, kw_only=True)
class Options(experiment.Options):
    corpus: Literal["iemocap", "ravdess"] = experiment.data("iemocap", "Whose layout the root has.")
    scale: Literal["deviation", "variance"] = experiment.data(
        "deviation", "What sound is divided by under the paper's protocol; variance: as the authors' code does."
    )
    crop: Literal["fixed", "track"] = experiment.data("fixed", "The authors' fixed crop of the face, or a face track.")
    ties: Literal["random", "drop"] = experiment.data("random", "Turns without a majority: one of the tied, or none.")
    merge_excited: bool = experiment.data(False, "Count excited turns as happy ones.")
    max_bad: float = experiment.max_bad()
    imagenet: Path | None = experiment.training(
        None, "Weights of keras.applications' ResNet-50 to begin with.", exists=True, dir_okay=False
    )
    weighting: Literal["liebel_korner", "dwa", "gradnorm", "random", "pcgrad"] | None = experiment.training(
        None, "Train models with this weighting too."
    )
    batch_size: int = experiment.training(1, "Clips a step.", min=1)

    def conflicts(self):
        of_iemocap = {
            "--crop": self.crop != "fixed",
            "--ties": self.ties != "random",
            "--merge-excited": self.merge_excited,
            "--imagenet": self.imagenet,
        }
        given = [name for name, is_given in of_iemocap.items() if is_given]
        return {
            "--corpus ravdess needs --root, the folder of your copy.": self.corpus == "ravdess" and not self.root,
            f"--corpus ravdess trains on sound, and has one label a clip; leave out {', '.join(given)}.": (
                self.corpus == "ravdess" and given
            ),
            "--scale is for the paper's protocol; leave it out.": (
                self.scale != "deviation" and self.protocol == "speaker"
            ),
        }


def read(run: Run, options: Options) -> Corpus:
    """The user's corpus, or the synthetic one; features and inputs by protocol and modality."""
    if options.imagenet:
        require_weights(options.imagenet)
    root = experiment.corpus_root(PAPER.key, options, SyntheticIemocap, {"scenarios": ["improvised"]}, QUICK)
    manifest, groups, folds = read_manifest(root, options)
    if absent := sorted(set(GENDERS) - set(manifest["gender"])):
        raise InputError(f"no clip is of a {absent[0]} speaker; both are needed to learn gender.")
    experiment.require_groups(options, groups, folds)
    table, files_of, inputs = read_features(run, manifest.assign(group=groups), root, options)
    emotions = ravdess.EMOTIONS.values() if options.corpus == "ravdess" else iemocap.CLASSES
    classes = {"emotion": [name for name in emotions if name in set(table["emotion"])], "gender": GENDERS}
    experiment.name_corpus(run, root, options.corpus.upper(), classes=classes)
    describe(run, table, options)
    numbers = {task: table[task].map(classes[task].index) for task in TASKS}
    return Corpus(table[["clip", "speaker", "group"]].assign(**numbers), classes, folds, inputs, files_of)


def require_weights(path: Path) -> None:
    """A file of weights that does not fit is said at once."""
    from kerasemo.training.reproducible import one_thread

    one_thread()  # as training does later, in this process where there is but one
    from kerasemo.features.pretrained import resnet50
    from kerasemo.models.end_to_end import PICTURE

    resnet50(path, PICTURE)


def read_manifest(root: Path, options: Options) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    """The manifest, what is held out whole with each clip, and the fold of that."""
    if options.corpus == "ravdess":
        manifest = ravdess.Ravdess().read(root)
        manifest = manifest[manifest["channel"] == "speech"].assign(video=None).reset_index(drop=True)
        return manifest, manifest["speaker"], ravdess.folds()
    manifest = iemocap.Iemocap(
        options.ties, options.seed, merge_excited=options.merge_excited, improvised_only=True
    ).read(root)
    return manifest, *iemocap.session_folds(manifest)


def read_features(
    run: Run, manifest: pd.DataFrame, root: Path, options: Options
) -> tuple[pd.DataFrame, dict[tuple[str, str], list[Path]], dict[tuple[str, str], NetworkInput]]:
    """The clips that all networks can read, and the files of their features for each protocol."""
    import_tensorflow()
    from kerasemo.models.end_to_end import SAMPLES
    from kerasemo.training.clips import read_clips

    longest_s = QUICK_LONGEST_S if options.quick else LONGEST_S
    channel = "speaker" if options.corpus == "iemocap" else "mean"
    scales = {"paper": options.scale, "speaker": "deviation"}
    inputs = {}
    for protocol in options.protocols:
        waveform = Waveform(longest_s=longest_s, channel=channel, scale=scales[protocol])
        inputs[protocol, "audio"] = NetworkInput(waveform, frame_length=SAMPLES)
    if manifest["video"].notna().any():
        video = NetworkInput(FaceVideo(crop=options.crop, longest_s=longest_s), frame_length=1)
        inputs |= {(protocol, "video"): video for protocol in options.protocols}
    table, files_of, set_aside = read_clips(manifest, root, inputs, jobs=options.jobs, max_bad=options.max_bad)
    experiment.set_aside(run, set_aside)
    if lacking := len(manifest) - len(table) - len(set_aside):
        run.note(f"{lacking} clips are left out, because they have sound without video or video without sound.")
    return table, files_of, inputs


def describe(run: Run, table: pd.DataFrame, options: Options) -> None:
    """What a reader of the tables must know of the data."""
    run.note(f"{len(table)} clips of {table['speaker'].nunique()} speakers.")
    if options.quick:
        run.note(f"Quick: the first {QUICK_LONGEST_S} s of each clip, and {options.epochs or EPOCHS[1]} epochs.")
    if options.corpus == "iemocap":
        tied = int((table["majority"] == iemocap.NO_MAJORITY).sum())
        run.note(f"Whole sessions are held out; {tied} clips without a majority have one of their most voted labels.")
        run.note("Intervals draw speakers, though the two of a session are in each other's sound.")
    run.note("The weighted losses of models with different weights do not compare; those at equal weights do.")


def networks(run: Run, corpus: Corpus, options: Options) -> Iterator[Stage]:
    """Every network on every split."""
    has_video = any(name == "video" for _, name in corpus.features)
    names = [*(AUDIOVISUAL if has_video else UNIMODAL)]
    if options.weighting:
        names += [f"um_{options.weighting}_a", *([f"mm_{options.weighting}"] if has_video else [])]
    if left_out := [MODELS[name][0] for name in AUDIOVISUAL if name not in names]:
        run.note(f"Left out, because the corpus has no video: {', '.join(left_out)}.")
    cells = []
    for protocol in options.protocols:
        splits = protocols.splits(protocol, corpus.table["group"], corpus.folds, options.seed, TRAIN, VALIDATION)
        if not all(len(split.validation) for split in splits):
            raise InputError(f"{len(corpus.table)} clips are too few to train, validate and test on.")
        cells += experiment.cells_of(run, names, corpus.table, splits)
    for method in dict.fromkeys(MODELS[name][2] for name in names):
        experiment.note_weighting(run, method, len(TASKS), rate=None)
    yield "Training", cells


def build(run: Run, corpus: Corpus, options: Options, cell: Cell) -> Training:
    """One of the models of table 1; the loss weights go with the network's optimizer, as in the authors' code."""
    import keras

    from kerasemo.models.end_to_end import end_to_end
    from kerasemo.training.clips import N_FRAMES, Clips

    _, modalities, method = MODELS[cell.network]
    n_classes = {task: len(names) for task, names in corpus.classes.items()}
    network = end_to_end(n_classes, modalities, imagenet=options.imagenet if "video" in modalities else None)
    inputs = {name: corpus.inputs[cell.protocol, name] for name in modalities}
    clips = {
        side: Clips.of_rows(
            rows, inputs, {name: corpus.features[cell.protocol, name] for name in modalities}, corpus.table, TASKS
        )
        for side, rows in cell.split.partitions().items()
    }
    steps = -(-len(clips["train"]) // options.batch_size)
    rate = keras.optimizers.schedules.ExponentialDecay(LEARNING_RATE, DECAY_EPOCHS * steps, DECAY, staircase=True)
    return Training(
        network,
        {task: keras.losses.SparseCategoricalCrossentropy() for task in TASKS},
        keras.optimizers.Adam(rate, global_clipnorm=CLIP_NORM),
        clips,
        options.batch_size,
        decisions={task: task for task in TASKS},
        inputs=inputs,
        weighting=method,
        weights=dict.fromkeys(TASKS, 1 / len(TASKS)),
        description={"n_frames": N_FRAMES},
    )


def rows(outcome: Outcome) -> Iterator[dict]:
    """Model by model: final weights, losses, accuracies and recalls."""
    of_paper = outcome.options.corpus == "iemocap"
    for folds in sorted(outcome.folds, key=lambda folds: (list(MODELS).index(folds.network), folds.protocol)):
        published = PUBLISHED.get(folds.network, (None,) * 3) if of_paper else (None,) * 3
        yield from weight_and_loss_rows(folds, published)
        for task in TASKS:
            for metric in tables.METRICS:
                yield folds.score(TABLE, MODELS[folds.network][0], metric=metric, task=task)


def weight_and_loss_rows(folds: Folds, published: tuple) -> Iterator[dict]:
    """Table 1, and the losses at equal weights."""
    label, _, method = MODELS[folds.network]
    final = [history.iloc[-1] for history in folds.histories()]
    for task, number in zip(TASKS, published, strict=False):
        weights = pd.DataFrame({"value": [last[f"{task}_weight"] for last in final], "speaker": "all"})
        yield folds.mean(weights, TABLE, label, f"final weight of {task}", number)
    losses = validation_losses(folds, final)
    if method in ("static", "softmax"):  # whose weights add up to 1
        per_clip = folds.mean(losses.assign(value=losses["joint"]), TABLE, label, "validation NLL per clip")
        if folds.protocol == "paper":  # a sum depends on the size of the set, which the paper does not give
            yield {**per_clip, "metric": "validation NLL, sum", "published": published[2]} | {
                name: per_clip[name] and len(losses) * per_clip[name] for name in ("measured", "low", "high")
            }
        yield per_clip
    equal = losses.assign(value=losses[list(TASKS)].mean(axis=1))
    yield folds.mean(equal, TABLE, label, "validation NLL per clip, equal weights")


def validation_losses(folds: Folds, final: list[pd.Series]) -> pd.DataFrame:
    """Each validation clip's losses: of each task, and joint with the final weights of its fold."""
    parts = []
    for fold, last in zip(folds.each(), final, strict=True):
        predictions = {task: fold.predictions("validation", task) for task in TASKS}
        losses = pd.DataFrame({task: negative_log_likelihood(table, task) for task, table in predictions.items()})
        joint = sum(last[f"{task}_weight"] * losses[task] for task in TASKS)
        parts.append(losses.assign(joint=joint, speaker=predictions[TASKS[0]]["speaker"]))
    return pd.concat(parts, ignore_index=True)


def figures(outcome: Outcome, results: list[dict]) -> None:
    """Figure 2, the losses at equal weights, the paths of the weights, and the scores."""
    recalls = [row for row in results if row["metric"].startswith("test UAR")]
    title = "Unweighted average recall"
    outcome.draw_scores(recalls, TABLE, "recalls", title=title, alt=f"{title} of emotion and gender")
    for protocol in outcome.options.protocols:
        of_protocol = sorted(
            (folds for folds in outcome.folds if folds.protocol == protocol),
            key=lambda folds: list(MODELS).index(folds.network),
        )
        histories = {folds.network: folds.mean_history() for folds in of_protocol}
        most = max(len(folds.cells) for folds in of_protocol)
        n_folds = f", mean of {most} folds" if most > 1 else ""
        for history in histories.values():
            for side in ("", "val_"):
                history[f"{side}equal"] = history[[f"{side}{task}_loss" for task in TASKS]].mean(axis=1)
        weights = [curves.weight_panel(MODELS[network][0], [history]) for network, history in histories.items()]
        for name, title, panels in [
            ("figure_2", "Figure 2: joint loss per epoch", loss_panels(histories, "loss", COMPARED)),
            ("equal_weights", "Joint loss at equal weights", loss_panels(histories, "equal", [("", list(histories))])),
            ("task_weights", "Task weights", weights),
        ]:
            titled = f"{title}, {protocol} protocol{n_folds}"
            outcome.save(curves.grid(panels, titled, outcome.notice), f"{name}_{protocol}", titled)


def loss_panels(histories: dict[str, pd.DataFrame], column: str, compared: list) -> list[curves.Panel]:
    """Training and validation loss of models beside each other, as far as they were trained."""
    labels = {network: MODELS[network][0] for network in histories}
    return [
        panel
        for what, names in compared
        if set(names) <= set(histories)
        for panel in curves.compared_panels(histories, labels, names, column, what)
    ]


def proposed(outcome: Outcome) -> str:
    """The network that the paper proposes; the one of sound where there is no video."""
    models = [cell.model for cell in outcome.cells]
    return next(m for start in ("mm_dynamic.", "um_dynamic_a.") for m in models if m.startswith(start))


STUDY = Study(PAPER, Options, EPOCHS, read, networks, build, rows, figures, proposed, weighting_rate=None)

if __name__ == "__main__":
    STUDY.main(__doc__)
