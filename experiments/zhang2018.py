"""Zhang, Gu, Ma, Ni, Zhang and Huang 2018 (EMODal): common, classify and specific losses over faces and voices.

Reruns table 1 (voice, face, both) and table 2 (confusion matrix of both), and the ablation that the paper leaves out:
each of the four losses switched off in turn. Under the paper's protocol a random fifth of the clips *and of their
augmented copies* is tested, so that copies of one clip stand on both sides; under the other one whole films, or
speakers, are held out, and augmentation acts in training alone.

The paper trains with Adam on the sum of the losses. It leaves open rate, batch size and epochs (here 0.001, 64 and 20)
and how many copies augmentation makes of a clip (here 3, the clip itself among them).

`--corpus ravdess` reads a copy of RAVDESS; `--features` a CSV of features of it, with dense layers in place of the
convolutions, beside logistic regression on the same folds.
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
from kerasemo.corpora import folder, ravdess
from kerasemo.corpora.synthetic import write_films
from kerasemo.errors import InputError, WrongCall
from kerasemo.evaluation import protocols, tables
from kerasemo.evaluation.protocols import Split
from kerasemo.experiment import (
    Debug,
    Epochs,
    Jobs,
    Out,
    Protocol,
    Quick,
    Resume,
    Root,
    Scheduler,
    Seed,
    Weighting,
)
from kerasemo.features.faces import Faces
from kerasemo.features.network_input import NetworkInput
from kerasemo.features.short_term import ShortTerm
from kerasemo.reporting import charts, curves, figures
from kerasemo.training.audiovisual import AudioVisual
from kerasemo.training.grid import run_cells
from kerasemo.training.items import Items
from kerasemo.training.run import Run

if TYPE_CHECKING:
    from kerasemo.training.joint_model import JointModel

KEY = "zhang2018"
TITLE = "Multimodal Emotion Recognition by extracting common and modality-specific information"
CITATION = "Zhang, Gu, Ma, Ni, Zhang and Huang 2018, SenSys, poster abstract"

EPOCHS, QUICK_EPOCHS = 20, 5
BATCH_SIZE, LEARNING_RATE = 64, 1e-3
COPIES = 3
TRAIN = 0.8
N_FOLDS = protocols.MIN_FOLDS
QUICK = {"films": 6, "clips": 8}
# What the films show: about what the paper finds in its own (table 1).
SYNTHETIC = {"audio_share": 0.4, "video_share": 0.55}
# Of `--features`: hundreds of clips are soon learnt by heart.
FEATURE_AUDIO_DROPOUT, FEATURE_EPOCHS = 0.5, 60
LOGISTIC_C = 0.1

MODALITIES = ("audio", "image")
OUTPUTS = ("emotion", "emotion_audio", "emotion_image")
COMMON = "common"
LOSSES = {
    None: "joint loss",
    "emotion": "classify loss",
    "emotion_audio": "specific loss, audio",
    "emotion_image": "specific loss, image",
    COMMON: "common loss",
}
# Label, modalities, and the loss that is switched off.
NETWORKS = {
    "audio": ("Audio-only", ("audio",), None),
    "image": ("Image-only", ("image",), None),
    "both": ("Audio+Image", MODALITIES, None),
    "no_common": ("without the common loss", MODALITIES, COMMON),
    "no_classify": ("without the classify loss", MODALITIES, "emotion"),
    "no_audio": ("without the specific loss of audio", MODALITIES, "emotion_audio"),
    "no_image": ("without the specific loss of images", MODALITIES, "emotion_image"),
}
LOGISTIC = {
    "logistic_audio": ("Logistic regression, audio", ("audio",), None),
    "logistic_image": ("Logistic regression, image", ("image",), None),
    "logistic_both": ("Logistic regression, both", MODALITIES, None),
}
TABLES = ["Table 1", "Table 2", "Ablation"]
# The paper's films and emotions (tables 1 and 2, per cent).
EMOTIONS = ["angry", "happy", "neutral", "sad"]
PUBLISHED = {"audio": 52.20, "image": 63.73, "both": 66.02}
PUBLISHED_CONFUSION = [
    [69.74, 8.55, 9.21, 12.5],
    [9.09, 76.97, 9.70, 4.24],
    [15.13, 17.11, 55.26, 12.5],
    [11.64, 9.59, 17.81, 60.96],
]

Corpus = Annotated[Literal["folder", "ravdess"], typer.Option(help="folder: a folder for each class, or --clips.")]
Clips = Annotated[
    Path | None, typer.Option(exists=True, dir_okay=False, help="CSV of the clips below the root, instead of folders.")
]
Features = Annotated[
    Path | None, typer.Option(exists=True, dir_okay=False, help="CSV of features of RAVDESS, instead of a corpus.")
]
Detector = Annotated[
    Path | None, typer.Option(exists=True, dir_okay=False, help="ONNX file of YuNet, to find faces and eyes.")
]
Landmarks = Annotated[
    Path | None,
    typer.Option(exists=True, dir_okay=False, help="dlib's model of 68 landmarks, to turn faces to the front."),
]
Faceless = Annotated[
    float,
    typer.Option(min=0, max=1, help="Share of broken or faceless clips beyond which the run fails."),
]
Modality = Annotated[
    Literal["both", "audio", "image"], typer.Option(help="What to read of the corpus; image: videos without sound.")
]
Emotions = Annotated[Literal["all", "paper"], typer.Option(help=f"All classes, or {', '.join(EMOTIONS)}.")]

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


@app.command(help=__doc__)
def main(
    context: typer.Context,
    jobs: Jobs,
    corpus: Corpus = "folder",
    root: Root = None,
    clips: Clips = None,
    features: Features = None,
    emotions: Emotions = "all",
    modality: Modality = "both",
    detector: Detector = None,
    landmarks: Landmarks = None,
    protocol: Protocol = "both",
    weighting: Weighting = "static",
    seed: Seed = 0,
    epochs: Epochs = None,
    quick: Quick = False,
    max_bad: Faceless = 0.5,
    scheduler: Scheduler = None,
    out: Out = Path("runs"),
    resume: Resume = None,
    debug: Debug = False,
) -> None:
    with experiment.session(context, KEY, TITLE, CITATION) as run:
        reproduce(run, SimpleNamespace(**run.config["options"]))


def reproduce(run: Run, options: SimpleNamespace) -> None:
    """The whole paper, from the corpus to the tables and figures."""
    data = read_data(run, options)
    cells = plan(run, data, options)
    run.logger().info("%d models to train.", len(cells))
    run_cells(partial(train_cell, run.path, data, options), cells, options.jobs, "Training", options.scheduler)
    results = sorted(score(run, cells), key=lambda row: TABLES.index(row["table"]))
    draw(run, results, cells)
    experiment.export_to_run(run, next((c.model for c in cells if c.network == "both"), cells[0].model))
    tables.write(results, run.path, run.config["notice"], run.config["notes"])


@dataclass(frozen=True)
class Data:
    """A corpus in memory.

    Attributes:
        table: a row a clip: `clip, speaker` (what is held out whole), `emotion` (class number).
        arrays: `audio` and `image`, as far as they are there, clips along the first axis.
        inputs: how each is made from a file; none for features that others computed.
        classes: names of the emotions, in the order of their numbers.
        folds: of each speaker.
    """

    table: pd.DataFrame
    arrays: dict[str, np.ndarray]
    inputs: dict[str, NetworkInput]
    classes: list[str]
    folds: pd.Series

    @property
    def has_pictures(self) -> bool:
        return "image" in self.inputs


@dataclass(frozen=True)
class Cell:
    """One model to train on one split."""

    network: str
    protocol: str
    split: Split

    @property
    def model(self) -> str:
        return f"{self.network}.{self.split.name}"


def read_data(run: Run, options: SimpleNamespace) -> Data:
    """What the user has: features, a corpus, or nothing."""
    check_options(options)
    data = read_features(run, options) if options.features else read_corpus(run, options)
    if len(data.classes) < 2:
        raise InputError(f"there is one class, {data.classes[0]}; two or more are needed.")
    if options.protocol != "paper":
        protocols.speaker_splits(data.table["speaker"], data.folds, options.seed)  # too few groups: said at once
    run.note(f"{len(data.table)} clips of {data.table['speaker'].nunique()} speakers, films or groups of them.")
    if data.has_pictures:
        run.note(data.inputs["image"].feature_set.treatment)
        run.note(
            f"A clip stands {COPIES} times in an epoch: "
            "once as it is under the paper's protocol, else always augmented."
        )
    if not data.inputs:
        run.note(
            f"Dense layers stand in place of the convolutions, and the voice's network has dropout of "
            f"{FEATURE_AUDIO_DROPOUT}, which the paper's has not; logistic regression has C = {LOGISTIC_C}."
        )
    return data


def check_options(options: SimpleNamespace) -> None:
    """Options that do not go together are said at once."""
    if options.features and (options.root or options.clips or options.corpus != "folder"):
        raise WrongCall("--features stands for a corpus; leave out --root, --clips and --corpus.")
    if options.features and (options.modality != "both" or options.detector or options.landmarks):
        raise WrongCall("--modality, --detector and --landmarks are for media files; --features has none.")
    if options.corpus == "ravdess" and (not options.root or options.clips):
        raise WrongCall("--corpus ravdess needs --root, the folder of your copy, and no --clips.")
    if options.weighting == "gradnorm":
        raise WrongCall("--weighting gradnorm does not go with EMODal, where no layer is shared by all losses.")
    if options.clips and not options.root:
        raise WrongCall("--clips needs --root, the folder that its paths start from.")
    if options.modality == "audio" and (options.detector or options.landmarks):
        raise WrongCall("--detector and --landmarks are for images; leave them out.")


def chosen_classes(present: set[str], known: list[str], options: SimpleNamespace) -> list[str]:
    """The emotions to tell apart, in order."""
    classes = [name for name in known if name in present and (options.emotions == "all" or name in EMOTIONS)]
    if not classes:
        raise InputError(f"the corpus has none of the emotions {', '.join(EMOTIONS)}; run --emotions all.")
    return classes


def read_features(run: Run, options: SimpleNamespace) -> Data:
    """Features of RAVDESS that others have computed."""
    table, arrays = ravdess.read_features(options.features)
    classes = chosen_classes(set(table["emotion"]), list(ravdess.EMOTIONS.values()), options)
    rows = np.flatnonzero(table["emotion"].isin(classes))
    run.configure(corpus="features of RAVDESS", notice=None, classes={"emotion": classes})
    table = table.iloc[rows].reset_index(drop=True)
    return Data(
        table[["clip", "speaker"]].assign(emotion=table["emotion"].map(classes.index)),
        {name: array[rows] for name, array in arrays.items()},
        {},
        classes,
        ravdess.folds(),
    )


def read_corpus(run: Run, options: SimpleNamespace) -> Data:
    """The user's corpus, or the synthetic one."""
    size = SYNTHETIC | (QUICK if options.quick else {})
    root = Path(options.root or experiment.synthetic_root(KEY, write_films, options, **size))
    if options.corpus == "ravdess":
        manifest = ravdess.read(root)
        manifest = manifest[manifest["channel"] == "speech"]
        classes = chosen_classes(set(manifest["emotion"]), list(ravdess.EMOTIONS.values()), options)
        name, folds = "RAVDESS", ravdess.folds()
    else:
        manifest = folder.read(root, options.clips)
        classes = chosen_classes(set(manifest["emotion"]), sorted(set(manifest["emotion"])), options)
        name, folds = "films", protocols.draw_folds(manifest["speaker"], N_FOLDS, options.seed)
    experiment.name_corpus(run, root, name, classes={"emotion": classes})
    faces = Faces(detector=str(options.detector or ""), landmarks=str(options.landmarks or ""))
    inputs = {"audio": NetworkInput(ShortTerm()), "image": NetworkInput(faces)}
    wanted = {name: made for name, made in inputs.items() if options.modality in (name, "both")}
    corpus = AudioVisual.read(manifest, root, classes, wanted, jobs=options.jobs, max_bad=options.max_bad)
    if corpus.images.empty or corpus.recordings.empty:
        modality, table = ("audio", corpus.recordings) if corpus.images.empty else ("image", corpus.images)
        rows = {modality: np.arange(len(table))}
    else:
        table = protocols.pair_performances(corpus.images, corpus.recordings, "emotion")
        rows = {modality: table[modality] for modality in MODALITIES}
    unused = lacking_a_medium(manifest[manifest["emotion"].isin(classes)], table, corpus.set_aside, list(rows))
    experiment.set_aside(run, pd.concat([corpus.set_aside, unused], ignore_index=True))
    table, classes = of_classes_that_occur(run, table, classes)
    if options.corpus == "folder":
        for sentence in folder.notes(manifest[manifest["clip"].isin(table["clip"])]):
            run.note(sentence)
    arrays = {modality: corpus.arrays[modality][numbers] for modality, numbers in rows.items()}
    return Data(
        table[["clip", "speaker", "emotion"]].reset_index(drop=True),
        arrays,
        {modality: inputs[modality] for modality in arrays},
        classes,
        folds,
    )


def lacking_a_medium(
    manifest: pd.DataFrame, table: pd.DataFrame, broken: pd.DataFrame, modalities: list[str]
) -> pd.DataFrame:
    """The clips without a medium that is read of others, as they are set aside."""
    if table.empty:
        raise InputError("no clip has both sound and a picture of a face; look at the media of your copy.")
    rest = manifest[~manifest["clip"].isin([*table["clip"], *broken["clip"]])]
    no_sound = rest["audio"].isna() & ("audio" in modalities)
    return pd.DataFrame(
        {
            "clip": rest["clip"],
            "file": rest["video"].fillna(rest["audio"]),
            "feature_set": np.where(no_sound, ShortTerm.name, Faces.name),
            "reason": np.where(no_sound, "has no sound, as others have", "has no video, as others have"),
        }
    )


def of_classes_that_occur(run: Run, table: pd.DataFrame, classes: list[str]) -> tuple[pd.DataFrame, list[str]]:
    """The clips with their class numbers anew where all clips of a class are set aside."""
    left = [name for number, name in enumerate(classes) if (table["emotion"] == number).any()]
    if lost := [name for name in classes if name not in left]:
        run.note(f"No clip can be used of {', '.join(lost)}: the classes are {', '.join(left)}.")
        run.configure(classes={"emotion": left})
    numbers = {classes.index(name): number for number, name in enumerate(left)}
    return table.assign(emotion=table["emotion"].map(numbers)), left


def plan(run: Run, data: Data, options: SimpleNamespace) -> list[Cell]:
    """Every model on every split."""
    wanted = NETWORKS if data.inputs else NETWORKS | LOGISTIC
    networks = [name for name, (_, modalities, _) in wanted.items() if set(modalities) <= set(data.arrays)]
    if left_out := [NETWORKS[name][0] for name in NETWORKS if name not in networks]:
        absent = "sound" if "image" in data.arrays else "video"
        run.note(f"Left out, because no {absent} was read: {', '.join(left_out)}.")
    if set(data.arrays) == {*MODALITIES}:
        run.note(f"The losses are weighed by: {options.weighting}.")
        if options.weighting != "static":
            run.note(
                "The common loss is k/2 - H here, which is not below 0; how far weightings move from it hangs on that "
                "k/2."
            )
    elif options.weighting != "static":
        run.note("One loss alone has nothing to weigh: --weighting has no effect.")
    cells = []
    for protocol in experiment.chosen_protocols(options):
        items = items_of(data, protocol)
        splits = protocols.splits(protocol, items["speaker"], data.folds, options.seed, TRAIN)
        for split in splits:
            cells += [Cell(network, protocol, split) for network in networks]
            run.write_split(split.sides(items), split.name)
    return cells


def items_of(data: Data, protocol: str) -> pd.DataFrame:
    """What is split: the clips, or, as in the paper, all augmented copies of them, one round after the other."""
    rounds = COPIES if protocol == "paper" and data.has_pictures else 1
    return pd.concat([data.table] * rounds, ignore_index=True)


def train_cell(run_path: Path, data: Data, options: SimpleNamespace, cell: Cell) -> None:
    """Train one model on one split; what is trained already stays."""
    run = Run(run_path)
    if run.has_trained(cell.model):
        return
    if cell.network in LOGISTIC:
        regress(run, data, cell)
        return
    import keras

    from kerasemo.training.reproducible import seed_everything
    from kerasemo.training.train import train

    seed_everything(options.seed)
    model = build(data, cell, options)
    decisions = [output for output in OUTPUTS if output in model.output]
    model.compile(
        keras.optimizers.Adam(LEARNING_RATE),
        weighted_metrics={output: ["accuracy"] for output in decisions},
    )
    train(
        run,
        cell.model,
        model,
        partitions(data, cell, options, decisions),
        classes={output: data.classes for output in decisions},
        inputs={name: data.inputs[name] for name in model.input if name in data.inputs},
        epochs=options.epochs or (QUICK_EPOCHS if options.quick else EPOCHS if data.inputs else FEATURE_EPOCHS),
        batch_size=BATCH_SIZE,
        seed=options.seed,
    )


def build(data: Data, cell: Cell, options: SimpleNamespace) -> "JointModel":
    """EMODal with its losses, all or all but one."""
    import keras

    from kerasemo.losses import SoftHGR
    from kerasemo.models.emodal import augmentation, emodal
    from kerasemo.training.joint_model import JointModel
    from kerasemo.weighting import WEIGHTINGS

    _, modalities, off = NETWORKS[cell.network]
    augments = data.has_pictures and "image" in modalities and cell.protocol != "paper"
    network = emodal(
        len(data.classes),
        modalities,
        **{f"{name}_shape": data.arrays[name].shape[1:] for name in modalities},
        audio_dropout=0.0 if data.inputs else FEATURE_AUDIO_DROPOUT,
        augmentation=augmentation(options.seed) if augments else None,
    )
    outputs = dict(network.output)
    if off:
        del outputs[off]
    if off == "emotion":
        # Without a classifier of both, the two others decide together.
        specific = [outputs["emotion_audio"], outputs["emotion_image"]]
        outputs["emotion"] = keras.layers.Average(name="decision")(specific)
    losses = {
        # Weightings that learn need a loss that is not below 0.
        task: SoftHGR(shifted=options.weighting != "static")
        if task == COMMON
        else keras.losses.SparseCategoricalCrossentropy()
        for task in outputs
        if task != off
    }
    # One loss alone has nothing to weigh.
    weighting = WEIGHTINGS[options.weighting if len(losses) > 1 else "static"](list(losses))
    return JointModel(network.input, outputs, losses=losses, weighting=weighting, name=cell.network)


def partitions(data: Data, cell: Cell, options: SimpleNamespace, decisions: list[str]) -> dict[str, Items]:
    """The items of each side; those that train stand there as often as copies are made of each."""
    modalities = NETWORKS[cell.network][1]
    arrays = {name: data.arrays[name] for name in modalities}
    table = items_of(data, cell.protocol)
    if len(table) > len(data.table):
        arrays = {name: copies(array, options.seed, name) for name, array in arrays.items()}
    sides = cell.split.partitions()
    if data.has_pictures and cell.protocol != "paper":
        sides["train"] = np.tile(sides["train"], COPIES)
    return {
        side: Items(
            {name: array[rows] for name, array in arrays.items()},
            dict.fromkeys(decisions, table["emotion"].to_numpy()[rows]),
            table.iloc[rows].reset_index(drop=True),
        )
        for side, rows in sides.items()
    }


def copies(array: np.ndarray, seed: int, modality: str) -> np.ndarray:
    """`COPIES` rounds of all clips: as they are, and, of pictures, augmented."""
    if modality == "audio":
        return np.concatenate([array] * COPIES)
    from kerasemo.models.emodal import augmentation

    layer = augmentation(seed)
    batches = [array[i : i + BATCH_SIZE] for _ in range(COPIES - 1) for i in range(0, len(array), BATCH_SIZE)]
    changed = [np.asarray(layer(batch.astype("float32"), training=True)) for batch in batches]
    return np.concatenate([array, *(pictures.round().astype(array.dtype) for pictures in changed)])


def regress(run: Run, data: Data, cell: Cell) -> None:
    """Logistic regression on the standardised features of one split, for comparison."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from kerasemo.training.train import decisions

    features = np.concatenate([data.arrays[name] for name in LOGISTIC[cell.network][1]], axis=1)
    numbers = data.table["emotion"].to_numpy()
    sides = cell.split.partitions()
    regression = make_pipeline(StandardScaler(), LogisticRegression(C=LOGISTIC_C, max_iter=5000))
    regression.fit(features[sides["train"]], numbers[sides["train"]])
    for side, rows in sides.items():
        items = Items({}, {"emotion": numbers[rows]}, data.table.iloc[rows])
        probabilities = np.zeros((len(rows), len(data.classes)))
        probabilities[:, regression.classes_] = regression.predict_proba(features[rows])
        table = decisions(probabilities, items, data.classes, "emotion")
        run.write_table(table, "predictions", cell.model, f"{side}.csv")


def score(run: Run, cells: list[Cell]) -> Iterator[dict]:
    """The rows of all tables."""
    of_paper = run.config["corpus"].endswith("films") and run.config["classes"]["emotion"] == EMOTIONS
    groups = grouped(cells)
    for (protocol, network), models in groups.items():
        label, _, off = {**NETWORKS, **LOGISTIC}[network]
        measure = partial(tables.score_row, run.path, protocol, models, corpus=run.config["corpus"], partition="test")
        published = PUBLISHED[network] / 100 if of_paper and network in PUBLISHED else None
        for metric in tables.METRICS:
            if off is None:
                known = published if metric == "accuracy" else None
                yield measure("Table 1", label, metric=metric, published=known)
            if off or network == "both":
                yield measure("Ablation", label if off else "all losses", metric=metric)
        if network == "both":
            yield from confusion_rows(run, protocol, models, of_paper)
        if off:
            yield difference_row(run, protocol, models, groups[protocol, "both"], label)


def grouped(cells: list[Cell]) -> dict[tuple[str, str], list[str]]:
    """The models, a list of folds, by protocol and network."""
    groups = {}
    for cell in cells:
        groups.setdefault((cell.protocol, cell.network), []).append(cell.model)
    return groups


def confusion_rows(run: Run, protocol: str, models: list[str], of_paper: bool) -> Iterator[dict]:
    """Table 2: of the clips of each emotion, the share that is taken for each, per cent."""
    predictions = tables.pooled_predictions(run.path, protocol, models, "test")
    measure = partial(tables.mean_row, protocol=protocol, corpus=run.config["corpus"])
    classes = run.config["classes"]["emotion"]
    for i, true in enumerate(classes):
        of_class = predictions[predictions["emotion"] == true]
        for j, name in enumerate(classes):
            hits = of_class.assign(value=100.0 * (of_class["predicted"] == name))
            published = PUBLISHED_CONFUSION[i][j] if of_paper else None
            metric = f"predicted {name}, %"
            yield measure(hits, "both", "Table 2", true, metric=metric, published=published)


def difference_row(run: Run, protocol: str, models: list[str], complete: list[str], label: str) -> dict:
    """What a loss adds: the accuracy without it minus that of all losses on the same clips, its interval paired."""
    without, all_losses = (tables.pooled_predictions(run.path, protocol, these, "test") for these in (models, complete))
    hits = [(table["predicted"] == table["emotion"]).astype(float) for table in (without, all_losses)]
    return tables.mean_row(
        without.assign(value=hits[0] - hits[1]),
        models[0].split(".")[0],
        "Ablation",
        label,
        protocol=protocol,
        metric="test accuracy minus that of all losses",
        corpus=run.config["corpus"],
    )


def draw(run: Run, results: list[dict], cells: list[Cell]) -> None:
    """Accuracies of table 1 and of the ablation, table 2 as a matrix, and the losses of the whole network."""
    notice = run.config["notice"]
    for table in ("Table 1", "Ablation"):
        shown = [row for row in results if row["table"] == table and row["metric"] == "test accuracy"]
        if shown:
            file = run.file("figures", f"{table.lower().replace(' ', '_')}.png")
            figures.save(charts.scores(shown, table, notice), file, f"{table}: accuracies")
    for (protocol, network), models in grouped(cells).items():
        if network == "both":
            draw_both(run, protocol, models, notice)


def draw_both(run: Run, protocol: str, models: list[str], notice: str | None) -> None:
    """The confusion matrix and the losses of the network of both modalities under one protocol."""
    predictions = tables.pooled_predictions(run.path, protocol, models, "test")
    title = f"Table 2: confusion of audio and image, {protocol} protocol"
    matrix = charts.confusion(
        predictions["emotion"], predictions["predicted"], run.config["classes"]["emotion"], title, notice
    )
    figures.save(matrix, run.file("figures", f"table_2_{protocol}.png"), title)
    histories = [pd.read_csv(run.file("history", f"{model}.csv")) for model in models]
    panels = [curves.loss_panel(name, histories, task) for task, name in LOSSES.items()]
    panels.append(curves.weight_panel("task weights", histories))
    title = f"Losses and their weights, {protocol} protocol"
    figures.save(curves.grid(panels, title, notice), run.file("figures", f"losses_{protocol}.png"), title)


if __name__ == "__main__":
    app()
