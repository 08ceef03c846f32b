"""Chae, Kim, Shin, Kim and Lee 2018: emotion and gender from raw sound and video, with trainable loss weights.

Reproduces table 1 (four models) and figure 2 (joint loss per epoch) on the improvised dialogues of IEMOCAP, under the
paper's protocol (utterances 6:2:2 at random) and with whole sessions held out. Additions: losses with equal weights,
which alone are comparable between models, task weights per epoch, accuracies, and uncertainty weighting.

Training follows the authors' code: 100 epochs of Adam, one clip per step, rate 1e-4, times 0.1 every 10 epochs,
gradient norm clipped at 1. Scores are those of the last epoch: the code chooses the best model by a single batch.

`--corpus ravdess` trains the audio networks on the speech of RAVDESS instead, for emotion and gender.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from kerasemo import experiment
from kerasemo.corpora.synthetic import SyntheticIemocap
from kerasemo.experiment import Cell, Corpus, Outcome, Paper, Stage, Study, Training, joint_loss, labels, speech
from kerasemo.features.face_video import FaceVideo
from kerasemo.features.network_input import NetworkInput
from kerasemo.features.waveform import Waveform
from kerasemo.quiet import import_tensorflow
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
# Key -> label, modalities and weighting.
KINDS = {
    "um_{}_a": ("UM-{}-A", ("audio",)),
    "um_{}_v": ("UM-{}-V", ("video",)),
    "mm_{}": ("MM-{}", ("audio", "video")),
}
NAMES = {method: "dynamic" if method == "softmax" else method for method in get_args(experiment.WeightingName)}
MODELS = {
    key.format(name): (label.format(name), modalities, method)
    for method, name in NAMES.items()
    for key, (label, modalities) in KINDS.items()
}
LABELS = {name: label for name, (label, *_) in MODELS.items()}
AUDIOVISUAL = ["um_dynamic_a", "um_dynamic_v", "mm_static", "mm_dynamic", "um_uncertainty_a", "mm_uncertainty"]
SOUND = ["um_static_a", "um_dynamic_a", "um_uncertainty_a"]  # without video
# Final weights of emotion and gender, and the negative log-likelihood of the validation set (table 1).
PUBLISHED = {
    "um_dynamic_a": (0.3232, 0.6768, 158.38),
    "um_dynamic_v": (0.3623, 0.6377, 136.08),
    "mm_static": (0.5, 0.5, 167.10),
    "mm_dynamic": (0.3623, 0.6377, 112.89),
}
# Panels of figure 2: its upper row, its lower row, and the upper row for a corpus with sound only.
COMPARED = {
    "static and dynamic": ["mm_static", "mm_dynamic"],
    "modalities": ["um_dynamic_a", "um_dynamic_v", "mm_dynamic"],
    "static and dynamic, sound": ["um_static_a", "um_dynamic_a"],
}
GENDER_KNOWN = (
    "As in the authors' code, the gender label chooses the channel of the sound and the place of the face: scores of "
    "gender and joint losses are too good under both protocols. --channel mean avoids this for networks of sound."
)


@dataclass(frozen=True, kw_only=True)
class Options(experiment.Options):
    corpus: Literal["iemocap", "ravdess"] = experiment.data("iemocap", "Corpus in --root.")
    scale: Literal["deviation", "variance"] = experiment.data("deviation", "Divisor that standardises the sound.")
    channel: Literal["speaker", "mean"] = experiment.data("speaker", "IEMOCAP: the speaker's channel, or the mean.")
    crop: Literal["fixed", "track"] = experiment.data("fixed", "Face: the authors' fixed crop, or a face track.")
    ties: Literal["random", "drop"] = experiment.data("random", "Turns without majority: draw a tied label, or drop.")
    merge_excited: bool = experiment.data(False, "Label excited turns as happy.")
    max_bad: float = experiment.max_bad()
    imagenet: Path | None = experiment.imagenet("ResNet-50")
    only: list[str] | None = experiment.only()
    weighting: experiment.WeightingName | None = experiment.training(None, "Also train models with this weighting.")
    batch_size: int = experiment.training(1, "Number of clips per step.", min=1)

    def conflicts(self):
        for_iemocap = self.changed("channel", "crop", "ties", "merge_excited", "imagenet")
        return {
            "--corpus ravdess needs --root, the folder of your copy.": self.corpus == "ravdess" and not self.root,
            "--channel, --crop, --ties, --merge-excited and --imagenet are for IEMOCAP; leave them out. RAVDESS has "
            "one label per clip, and only its sound is read.": self.corpus == "ravdess" and for_iemocap,
        }


def read(run: Run, options: Options) -> Corpus:
    """Read the user's corpus or the synthetic one: sound, and frames of the face if IEMOCAP has video."""
    import_tensorflow()
    from kerasemo.models.end_to_end import SAMPLES, end_to_end

    if options.imagenet:
        experiment.try_building(end_to_end, {"emotion": 2}, ("video",), imagenet=options.imagenet)
    root = experiment.corpus_root(PAPER.key, options, SyntheticIemocap, {"scenarios": ["improvised"]}, QUICK)
    choices = {"ties": options.ties, "merge_excited": options.merge_excited, "improvised_only": True}
    corpus = speech.read(options.corpus, root, options.seed, **choices)
    is_iemocap, longest_s = options.corpus == "iemocap", QUICK_LONGEST_S if options.quick else LONGEST_S
    sound = Waveform(longest_s=longest_s, channel=options.channel if is_iemocap else "mean", scale=options.scale)
    inputs = {"audio": NetworkInput(sound, frame_length=SAMPLES)}
    if is_iemocap and corpus.manifest["video"].notna().any():
        inputs["video"] = NetworkInput(FaceVideo(crop=options.crop, longest_s=longest_s), frame_length=1)
    clips = labels.read_clips(run, corpus, root, inputs, options, TASKS)
    if is_iemocap and (options.channel == "speaker" or "video" in inputs):
        run.note(GENDER_KNOWN)
    if options.quick:
        run.note(f"--quick: only the first {QUICK_LONGEST_S} s of each clip are used.")
    run.note(joint_loss.NOT_COMPARABLE)
    return clips


def networks(run: Run, corpus: Corpus, options: Options) -> Iterator[Stage]:
    """Yield every network on every split."""
    names = AUDIOVISUAL if "video" in corpus.inputs else SOUND
    experiment.note_left_out(run, [LABELS[name] for name in AUDIOVISUAL if name not in names], has_sound=True)
    added = [name for name, (*_, method) in MODELS.items() if method == options.weighting and name not in names]
    names = [*names, *(name for name in added if {*MODELS[name][1]} <= {*corpus.inputs})]
    names = experiment.selected(names, options.only)
    for method in dict.fromkeys(MODELS[name][2] for name in names):
        experiment.note_weighting(run, method, len(TASKS), rate=None)
    yield "Training", experiment.plan(run, names, corpus, options, TRAIN, VALIDATION)


def build(run: Run, corpus: Corpus, options: Options, cell: Cell) -> Training:
    """Build a model of table 1; the network's optimizer also trains the loss weights, as in the authors' code."""
    import keras

    from kerasemo.models.end_to_end import end_to_end
    from kerasemo.training.clips import N_FRAMES, Clips

    _, modalities, method = MODELS[cell.network]
    clips = corpus.clips(Clips, cell, TASKS, modalities)
    steps = -(-len(clips["train"]) // options.batch_size)
    rate = keras.optimizers.schedules.ExponentialDecay(LEARNING_RATE, DECAY_EPOCHS * steps, DECAY, staircase=True)
    return Training.of_tasks(
        end_to_end(corpus.widths(TASKS), modalities, imagenet=options.imagenet),
        keras.optimizers.Adam(rate, global_clipnorm=CLIP_NORM),
        clips,
        options.batch_size,
        inputs={name: corpus.inputs[name] for name in modalities},
        weighting=method,
        weights=dict.fromkeys(TASKS, 1 / len(TASKS)),
        description={"n_frames": N_FRAMES},
    )


def rows(outcome: Outcome) -> Iterator[dict]:
    """Yield the rows of each model: final weights, losses, accuracies and recalls."""
    for model in dict.fromkeys(cell.network for cell in outcome.cells):
        label, _, weighting = MODELS[model]
        published = PUBLISHED.get(model) if outcome.options.corpus == "iemocap" else None
        for protocol in outcome.options.protocols:
            folds = outcome.of(model, protocol)
            yield from joint_loss.rows(folds, TABLE, label, weighting, TASKS, published)
            for task in TASKS:
                yield from folds.scores(TABLE, label, task)


def figures(outcome: Outcome, results: list[dict]) -> None:
    """Draw figure 2, losses with equal weights, task weights over the epochs, and recalls."""
    outcome.draw_scores(results, TABLE, "recalls", "Unweighted average recall of both tasks", metric="test UAR")
    joint_loss.figures(outcome, LABELS, COMPARED, "figure_2", "Figure 2: joint loss")


proposed = experiment.preferring("mm_dynamic", "um_dynamic_a")
STUDY = Study(PAPER, Options, EPOCHS, read, networks, build, rows, figures, proposed, weighting_rate=None)

if __name__ == "__main__":
    STUDY.main(__doc__)
