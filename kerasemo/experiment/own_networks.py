"""The networks of `kerasemo train`: what each of them reads, how it is built, and the settings that `--tune` tries."""

import itertools
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from kerasemo.experiment.cells import Cell
from kerasemo.experiment.corpora import Corpus
from kerasemo.features import FaceVideo, FeatureSet, MfccFunctionals, Waveform
from kerasemo.features.network_input import NetworkInput
from kerasemo.quiet import import_tensorflow

if TYPE_CHECKING:
    import keras

    from kerasemo.training.clips import Clips
    from kerasemo.training.items import Items
    from kerasemo.training.segments import Segments

    NetworkAndItems = tuple[keras.Model, Mapping[str, Items | Clips | Segments]]

__all__ = [
    "DROPOUTS",
    "FACES",
    "NETWORKS",
    "ON_DISK",
    "PICTURES",
    "RATES",
    "SEGMENT_HOP_S",
    "SEGMENT_S",
    "SOUND",
    "VALUES",
    "CrossModal",
    "Dense",
    "Emodal",
    "EndToEnd",
    "Lstm",
    "OwnNetwork",
    "Setting",
    "SpectrogramCnn",
    "TwoModalities",
]

Setting = dict[str, Any]
"""`learning_rate`, of Adam, and arguments of the network's builder."""

SOUND, FACES, PICTURES = "waveform", "face_video", ("frames", "face_pairs", "faces")
ON_DISK = (SOUND, FACES, *PICTURES)
"""Feature sets whose arrays are read when they are needed; the arrays of all others are in memory, one per clip."""
SEGMENT_S, SEGMENT_HOP_S = 3.0, 1.5


@dataclass(frozen=True, kw_only=True)
class OwnNetwork(ABC):
    """A network on a corpus of one's own.

    Attributes:
        label: its row in the tables.
        reads: the features that it reads, in words.
        grid: name of a setting -> its values.
        default: the setting without `--tune`.
        batch_size: number of items per step.
        clip_norm: largest norm of all gradients; None: they are not clipped.
        one_task: whether it learns only one task, with classes, and has no layer that all its losses share.
    """

    label: str
    reads: str
    grid: Mapping[str, Sequence]
    default: Setting
    batch_size: int = 32
    clip_norm: float | None = None
    one_task: ClassVar[bool] = False

    @abstractmethod
    def accepts(self, names: Sequence[str]) -> bool:
        """Return whether the network can read these feature sets.

        Args:
            names: names of the feature sets.
        """

    @abstractmethod
    def inputs(self, sets: Mapping[str, FeatureSet], n_frames: int) -> dict[str, NetworkInput]:
        """Return how each input is computed from a file; others than those of the network are for the baseline.

        Args:
            sets: input -> feature set, as the user has named them.
            n_frames: length of sequences.
        """

    @abstractmethod
    def build(self, corpus: Corpus, cell: Cell, seed: int, setting: Setting) -> "NetworkAndItems":
        """Return the network and the items of each partition; `setting` has no learning rate.

        Args:
            corpus: the corpus.
            cell: the split and its items.
            seed: seed of what the network draws in training.
            setting: arguments of the network's builder.
        """

    def outputs(self, tasks: Sequence[str]) -> dict[str, str]:
        """Return the outputs that predict a task, and the task of each.

        Args:
            tasks: the tasks, the first one is the decision.
        """
        return {task: task for task in tasks}

    def settings(self, n: int | None, seed: int) -> list[Setting]:
        """Return up to n settings, in random order after the default; None: all.

        Args:
            n: largest number of settings; None: all.
            seed: seed of their order.
        """
        every = [dict(zip(self.grid, values, strict=True)) for values in itertools.product(*self.grid.values())]
        others = [setting for setting in every if setting != self.default]
        order = np.random.default_rng(seed).permutation(len(others))
        return [self.default, *(others[number] for number in order)][:n]


class Dense(OwnNetwork):
    """Dense layers on the features of a clip; see `models.on_features`."""

    def accepts(self, names):
        return not set(names) & set(ON_DISK)

    def inputs(self, sets, n_frames):
        return {name: NetworkInput(feature_set) for name, feature_set in sets.items()}

    def build(self, corpus, cell, seed, setting):
        shapes = {name: values.shape[1:] for name, values in corpus.features.items()}
        network = self.builder()(shapes, corpus.widths(list(corpus.classes)), **setting)
        return network, corpus.items(cell, self.outputs(list(corpus.classes)))

    def builder(self):
        """Return the function that builds the network."""
        from kerasemo.models.on_features import dense

        return dense


class Lstm(Dense):
    """LSTMs on the frames of a clip; see `models.on_features`."""

    def inputs(self, sets, n_frames):
        return {name: NetworkInput(feature_set, n_frames) for name, feature_set in sets.items()}

    def builder(self):
        from kerasemo.models.on_features import lstm

        return lstm


class SpectrogramCnn(OwnNetwork):
    """AlexNet on the spectrograms of segments of sound; see `models.from_waveform`."""

    def accepts(self, names):
        return list(names) == [SOUND]

    def inputs(self, sets, n_frames):
        sound = Waveform(longest_s=600.0, channel="mean")
        length, hop = (round(seconds * sound.sampling_rate) for seconds in (SEGMENT_S, SEGMENT_HOP_S))
        waveform = NetworkInput(sound, segment_length=length, segment_hop=hop)
        return {SOUND: waveform, "baseline": NetworkInput(MfccFunctionals())}

    def build(self, corpus, cell, seed, setting):
        from kerasemo.models import from_waveform
        from kerasemo.training.segments import Segments

        tasks = list(corpus.classes)
        network = from_waveform.waveform_cnn("alexnet", corpus.widths(tasks), SEGMENT_S, seed=seed, **setting)
        items = corpus.clips(Segments.of_clips, cell, tasks, [SOUND])
        from_waveform.adapt(network, items["train"].once().map(lambda x, *_: x))
        return network, items


class EndToEnd(OwnNetwork):
    """The network of chae2018 on raw sound, or on sound and the video of a face; see `models.end_to_end`."""

    def accepts(self, names):
        return list(names) in ([SOUND], [SOUND, FACES])

    def inputs(self, sets, n_frames):
        import_tensorflow()
        from kerasemo.models.end_to_end import SAMPLES

        sound = NetworkInput(Waveform(channel="mean"), frame_length=SAMPLES)
        video = {"video": NetworkInput(FaceVideo(crop="track"), frame_length=1)} if FACES in sets else {}
        return {"audio": sound, **video, "baseline": NetworkInput(MfccFunctionals())}

    def build(self, corpus, cell, seed, setting):
        from kerasemo.models.end_to_end import MODALITIES, end_to_end
        from kerasemo.training.clips import Clips

        tasks = list(corpus.classes)
        modalities = tuple(name for name in MODALITIES if name in corpus.inputs)
        return end_to_end(corpus.widths(tasks), modalities, **setting), corpus.clips(Clips, cell, tasks, modalities)


class TwoModalities(OwnNetwork):
    """A network with a decision from two modalities and one from each of them.

    The inputs are called `audio` and `image`; a clip has one item for each of its pictures, with the same features of
    sound.
    """

    one_task = True
    decisions: ClassVar[Sequence[str]]
    """The outputs of the builder; in their names, `emotion` stands for the task."""

    def inputs(self, sets, n_frames):
        return {name: NetworkInput(each) for name, each in zip(("audio", "image"), sets.values(), strict=True)}

    def outputs(self, tasks):
        return {name.replace("emotion", tasks[0]): tasks[0] for name in self.decisions}

    def build(self, corpus, cell, seed, setting):
        import keras

        ((task, classes),) = corpus.classes.items()
        outputs = self.outputs([task])
        items = _items_of_pictures(corpus, cell, outputs)
        shapes = {f"{name}_shape": values.shape[1:] for name, values in items["train"].inputs.items()}
        network = self.builder()(len(classes), **shapes, **setting)
        named = dict(zip(outputs, (network.output[name] for name in self.decisions), strict=True))
        return keras.Model(network.input, named, name=network.name), items

    @abstractmethod
    def builder(self):
        """Return the function that builds the network."""


class Emodal(TwoModalities):
    """EMODal without its common loss, the variant for few clips and new speakers; see `models.emodal`."""

    decisions = ("emotion", "emotion_audio", "emotion_image")

    def accepts(self, names):
        return len(names) == 2 and names[0] not in ON_DISK and names[1] not in (SOUND, FACES)

    def builder(self):
        from kerasemo.models.emodal import emodal

        return emodal


class CrossModal(TwoModalities):
    """Architecture 4 of goswami2018, with probes; see `models.crossmodal`."""

    decisions = ("emotion", "audio_probe", "image_probe")

    def accepts(self, names):
        return len(names) == 2 and names[0] not in ON_DISK and names[1] in PICTURES

    def builder(self):
        from kerasemo.models.crossmodal import architecture_4

        return architecture_4


def _items_of_pictures(corpus: Corpus, cell: Cell, outputs: Mapping[str, str]) -> "dict[str, Items]":
    """Return the items of each partition, one for each picture of a clip, or one per clip if it has no pictures."""
    from kerasemo.training.items import Items

    image, sides = corpus.features["image"], {}
    for side, rows in cell.split.partitions().items():
        if isinstance(image, np.ndarray):
            pictures = [image[[row]] for row in rows]
        else:
            pictures = [corpus.inputs["image"].items(np.load(image[row], allow_pickle=False)) for row in rows]
        repeated = np.repeat(rows, [len(each) for each in pictures])
        items = Items.of_rows(repeated, {"audio": corpus.features["audio"]}, cell.items, outputs)
        sides[side] = replace(items, inputs=items.inputs | {"image": np.concatenate(pictures)}, by_clip=True)
    return sides


VALUES = "features of clips or frames, such as mfcc_functionals,egemaps_functionals"
RATES, DROPOUTS = (1e-4, 3e-4, 1e-3, 3e-3), (0.0, 0.3, 0.5)
NETWORKS: dict[str, OwnNetwork] = {
    "dense": Dense(
        label="Dense network",
        reads=VALUES,
        grid={"learning_rate": RATES, "dropout": DROPOUTS, "units": ((64,), (256, 128), (512, 256))},
        default={"learning_rate": 1e-3, "dropout": 0.3, "units": (256, 128)},
    ),
    "lstm": Lstm(
        label="LSTM",
        reads=VALUES,
        grid={"learning_rate": RATES[1:], "dropout": DROPOUTS, "units": ((32,), (128, 64), (256, 128))},
        default={"learning_rate": 1e-3, "dropout": 0.3, "units": (128, 64)},
    ),
    "spectrogram_cnn": SpectrogramCnn(
        label="AlexNet on spectrograms",
        reads="sound: give --features waveform",
        grid={"learning_rate": (3e-5, 1e-4, 3e-4)},
        default={"learning_rate": 1e-4},
    ),
    "emodal": Emodal(
        label="EMODal without its common loss",
        reads="features of two modalities, such as mfcc_functionals,faces or egemaps_functionals,onnx_face",
        grid={"learning_rate": RATES[1:], "audio_dropout": (0.0, 0.5), "image_dropout": (0.0, 0.2, 0.5)},
        default={"learning_rate": 1e-3, "audio_dropout": 0.5, "image_dropout": 0.2},
        batch_size=64,
    ),
    "crossmodal": CrossModal(
        label="Architecture 4",
        reads="features of sound and pictures, such as mfcc,frames",
        grid={"learning_rate": RATES, "dropout": DROPOUTS},
        default={"learning_rate": 1e-3, "dropout": 0.0},
    ),
    "end_to_end": EndToEnd(
        label="End-to-end network",
        reads="sound, or sound and video of a face: waveform, or waveform,face_video",
        grid={"learning_rate": RATES[:3], "dropout": DROPOUTS, "units": ((64, 64), (256, 256))},
        default={"learning_rate": 1e-4, "dropout": 0.5, "units": (256, 256)},
        batch_size=1,  # as in the paper; the pictures of a few seconds need gigabytes per clip
        clip_norm=1.0,
    ),
}
