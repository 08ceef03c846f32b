"""Zhang, Gu, Ma, Ni, Zhang and Huang 2018 (EMODal): common, classify and specific losses over faces and voices.

Reproduces table 1 (voice, face, both) and table 2 (confusion matrix of both). An ablation, which the paper lacks,
switches off each of the four losses in turn. Under the paper's protocol, a random fifth of the clips *and of their
augmented copies* is tested, so that copies of one clip are in both training and test data. Under `speaker`, whole films
or speakers are held out, and only training data are augmented.

The paper trains with Adam on the sum of the losses. It does not state learning rate, batch size and number of epochs
(here 0.001, 64 and 20), nor how many copies of a clip augmentation creates (here 3, including the clip itself).

`--corpus ravdess` reads a copy of RAVDESS. `emodal_features.py` trains on features that were computed by others.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from kerasemo import experiment
from kerasemo.corpora import folder
from kerasemo.corpora.synthetic import SyntheticFilms
from kerasemo.errors import InputError
from kerasemo.experiment import Cell, Corpus, Outcome, Paper, Stage, Study, Training, emodal, speech
from kerasemo.features.faces import Faces
from kerasemo.features.functionals import ShortTermFunctionals
from kerasemo.features.network_input import NetworkInput
from kerasemo.features.short_term import ShortTerm
from kerasemo.training.items import Items
from kerasemo.training.run import Run

PAPER = Paper(
    "zhang2018",
    "Multimodal Emotion Recognition by extracting common and modality-specific information",
    "Zhang, Gu, Ma, Ni, Zhang and Huang 2018, SenSys, poster abstract",
)

EPOCHS = (20, 5)  # the second under --quick
BATCH_SIZE, LEARNING_RATE = 64, 1e-3
COPIES = 3
TRAIN = 0.8
QUICK = {"films": 6, "clips": 8}
VOICES = {"deviations": ShortTermFunctionals, "deltas": ShortTerm}
# Shares of emotional information in synthetic films, similar to what the paper finds in its films (table 1).
SYNTHETIC = {"audio_share": 0.4, "video_share": 0.55}
# The paper's emotions, accuracies and confusion matrix (tables 1 and 2, per cent).
EMOTIONS = ["angry", "happy", "neutral", "sad"]
PUBLISHED = {"audio": 52.20, "image": 63.73, "both": 66.02}
PUBLISHED_CONFUSION = [
    [69.74, 8.55, 9.21, 12.5],
    [9.09, 76.97, 9.70, 4.24],
    [15.13, 17.11, 55.26, 12.5],
    [11.64, 9.59, 17.81, 60.96],
]


@dataclass(frozen=True, kw_only=True)
class Options(experiment.Options):
    corpus: Literal["folder", "ravdess"] = experiment.data("folder", "folder: one subfolder per class, or --clips.")
    clips: Path | None = experiment.data_file("CSV that lists clips in --root, instead of folders.")
    emotions: Literal["all", "paper"] = experiment.data("all", f"All classes, or only {', '.join(EMOTIONS)}.")
    modality: Literal["both", "audio", "image"] = experiment.data(
        "both", "Modalities to read; image is for videos without sound."
    )
    voice: Literal["deviations", "deltas"] = experiment.data(
        "deviations", "Features beside 34 means: deviations (pyAudioAnalysis of 2018), or mean deltas (from 2020 on)."
    )
    detector: Path | None = experiment.data_file("ONNX file of YuNet, which detects faces and eyes.")
    landmarks: Path | None = experiment.data_file("dlib's model of 68 landmarks, which makes faces frontal.")
    max_bad: float = experiment.max_bad(0.5, "broken or faceless")
    weighting: experiment.WeightingName = experiment.weighting()

    def conflicts(self):
        is_ravdess, for_images = self.corpus == "ravdess", self.detector or self.landmarks
        return {
            "--corpus ravdess needs --root, your copy, and takes no --clips.": is_ravdess
            and (not self.root or self.clips),
            emodal.NO_SHARED_LAYER: self.weighting == "gradnorm",
            "--clips needs --root, the folder of its relative paths.": self.clips and not self.root,
            "--detector and --landmarks are for images; leave them out.": self.modality == "audio" and for_images,
        }


def read(run: Run, options: Options) -> Corpus:
    """Read the user's corpus or the synthetic one."""
    root = experiment.corpus_root(PAPER.key, options, SyntheticFilms, SYNTHETIC, QUICK)
    is_folder = options.corpus == "folder"
    source = speech.read_folder(root, options.clips, options.seed) if is_folder else speech.read("ravdess", root)
    present = experiment.present(source.emotions, source.manifest["emotion"])
    classes = [emotion for emotion in present if options.emotions == "all" or emotion in EMOTIONS]
    if not classes:
        raise InputError(f"the corpus has none of the emotions {', '.join(EMOTIONS)}; use --emotions all.")
    experiment.name_corpus(run, root, source.name, manifest=source.manifest, classes={"emotion": classes})
    faces = Faces(detector=str(options.detector or ""), landmarks=str(options.landmarks or ""))
    inputs = {"audio": NetworkInput(VOICES[options.voice]()), "image": NetworkInput(faces)}
    wanted = {name: inputs[name] for name in inputs if options.modality in (name, "both")}
    corpus = experiment.read_audiovisual(run, source.manifest, root, classes, source.folds, wanted, options)
    if is_folder:
        for sentence in folder.Folder().notes(source.manifest[source.manifest["clip"].isin(corpus.table["clip"])]):
            run.note(sentence)
    run.note(f"{len(corpus.table)} clips of {corpus.table['speaker'].nunique()} speakers, films or groups of them.")
    if "image" in corpus.inputs:
        run.note(*corpus.inputs["image"].feature_set.notes())
        run.note(f"Each clip is used {COPIES} times per epoch, augmented (paper's protocol: once without changes).")
    return corpus


def networks(run: Run, corpus: Corpus, options: Options) -> Iterator[Stage]:
    """Yield every network on every split; under `paper`, the augmented copies of the clips are split like clips."""
    names = emodal.trainable(run, corpus.features, options.weighting)
    copies = COPIES if "image" in corpus.inputs else 1
    yield "Training", experiment.plan(run, names, corpus, options, TRAIN, copies=copies)


def build(run: Run, corpus: Corpus, options: Options, cell: Cell) -> Training:
    """Build EMODal with all losses or without one."""
    import keras

    from kerasemo.models.emodal import augmentation
    from kerasemo.models.emodal import emodal as emodal_network

    _, modalities, off = emodal.NETWORKS[cell.network]
    augments = "image" in modalities and cell.protocol != "paper"
    network = emodal_network(
        len(corpus.classes["emotion"]),
        modalities,
        **{f"{name}_shape": corpus.features[name].shape[1:] for name in modalities},
        augmentation=augmentation(options.seed) if augments else None,
    )
    network, losses = emodal.with_losses(network, off, shifted=options.weighting != "static")
    decisions = {output: "emotion" for output in emodal.OUTPUTS if output in network.output}
    return Training(
        network,
        losses,
        keras.optimizers.Adam(LEARNING_RATE),
        partitions(corpus, cell, options.seed, decisions),
        BATCH_SIZE,
        decisions=decisions,
        inputs={name: corpus.inputs[name] for name in network.input},
        weighting=options.weighting,
    )


def partitions(corpus: Corpus, cell: Cell, seed: int, decisions: dict[str, str]) -> dict[str, Items]:
    """Return the items of each partition; with images, every clip has `COPIES` training items under `speaker`."""
    from kerasemo.models.emodal import augmented_copies

    arrays = {name: corpus.features[name] for name in emodal.NETWORKS[cell.network][1]}
    sides = cell.split.partitions()
    if "image" in corpus.inputs and cell.protocol == "paper":
        arrays = {
            name: np.tile(array, (COPIES, 1)) if name == "audio" else augmented_copies(array, COPIES, seed)
            for name, array in arrays.items()
        }
    elif "image" in corpus.inputs:
        sides["train"] = np.tile(sides["train"], COPIES)
    return {side: Items.of_rows(rows, arrays, cell.items, decisions) for side, rows in sides.items()}


def rows(outcome: Outcome) -> Iterator[dict]:
    """Yield the rows of all tables; published numbers are included for films with the paper's emotions."""
    config = outcome.run.config
    if config["corpus"].endswith("films") and config["classes"]["emotion"] == EMOTIONS:
        published = {name: percent / 100 for name, percent in PUBLISHED.items()}
        return emodal.rows(outcome, published=published, published_confusion=PUBLISHED_CONFUSION)
    return emodal.rows(outcome)


STUDY = Study(PAPER, Options, EPOCHS, read, networks, build, rows, emodal.figures, emodal.proposed, emodal.TABLES)

if __name__ == "__main__":
    STUDY.main(__doc__)
