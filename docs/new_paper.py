"""Example of a new paper: a dense network for emotion with one loss, on the MFCCs of RAVDESS.

python new_paper.py --root DIR --protocol both
"""

from kerasemo import experiment
from kerasemo.corpora import ravdess
from kerasemo.corpora.synthetic import SyntheticRavdess
from kerasemo.experiment import Corpus, Paper, Study, Training
from kerasemo.features.mfcc import Mfcc
from kerasemo.features.network_input import NetworkInput
from kerasemo.training.items import read_items

PAPER = Paper("new_paper", "Emotion from forty numbers", "You 2026, nowhere yet")
SYNTHETIC = {"channels": ["speech"], "modalities": ["audio"], "clips_per_emotion": 2}
PUBLISHED = 0.55


def read(run, options):
    """Read the corpus and compute the features of the networks."""
    root = experiment.corpus_root(PAPER.key, options, SyntheticRavdess, SYNTHETIC, quick={"actors": range(1, 5)})
    manifest = ravdess.Ravdess().read(root)
    experiment.require_groups(options, manifest["speaker"], ravdess.folds())
    inputs = {"audio": NetworkInput(Mfcc())}  # the mean over time; NetworkInput(Mfcc(), n_frames=160) keeps frames
    table, arrays, set_aside = read_items(manifest, root, inputs, jobs=options.jobs)
    experiment.set_aside(run, set_aside)
    classes = {"emotion": sorted(set(table["emotion"]))}
    experiment.name_corpus(run, root, "RAVDESS", classes=classes)
    return Corpus.of_clips(table, classes, ravdess.folds(), inputs, arrays)


def networks(run, corpus, options):
    """One stage: the network on every split of every protocol."""
    yield "Training", experiment.plan(run, ["dense"], corpus, options, train=0.8)


def build(run, corpus, options, cell):
    """Build the network of one cell, with its losses and items."""
    import keras  # inside, so that --help does not load TensorFlow

    audio = keras.Input(corpus.features["audio"].shape[1:], name="audio")
    x = keras.layers.Normalization()(audio)  # adapted to the training clips before training
    x = keras.layers.Dense(64, activation="relu")(x)
    emotion = keras.layers.Dense(len(corpus.classes["emotion"]), activation="softmax", name="emotion")(x)
    decisions = {"emotion": "emotion"}  # output of the network -> task
    return Training(
        keras.Model({"audio": audio}, {"emotion": emotion}),
        {"emotion": keras.losses.SparseCategoricalCrossentropy()},
        keras.optimizers.Adam(1e-3),
        corpus.items(cell, decisions),
        batch_size=32,
        decisions=decisions,
        inputs=corpus.inputs,
    )


def rows(outcome):
    """Yield the rows of the paper's table."""
    for folds in outcome.folds:
        yield folds.score("Table 1", "Dense network", published=PUBLISHED)


def figures(outcome, results):
    """Draw the paper's figure."""
    outcome.draw_scores(results, "Table 1", "table_1")


EPOCHS = (30, 5)  # the second under --quick
STUDY = Study(PAPER, experiment.Options, EPOCHS, read, networks, build, rows, figures)

if __name__ == "__main__":
    STUDY.main(__doc__)
