"""Faces through networks that were trained on images: ResNet-50 and VGG-16 of `keras.applications`.

Source: Ringeval et al. 2019 (AVEC 2019): 2048 values of ResNet-50's average pooling and 4096 of VGG-16's fully
connected layers, for each frame's face. Nothing is downloaded: the weights are a file that the user gives.
"""

import os
from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from kerasemo.command_line import file, no_option, option
from kerasemo.errors import BrokenClip, InputError
from kerasemo.features.face_finder import find_face
from kerasemo.features.feature_set import FeatureSet
from kerasemo.features.frames import scale_to
from kerasemo.features.media import read_frames
from kerasemo.quiet import import_tensorflow

# Keras loads where it is used: every worker imports this module with the feature store.
if TYPE_CHECKING:
    import keras

__all__ = ["SIZE", "FaceNetwork", "Resnet50", "Vgg16", "face_rows"]

# Rows and columns of the networks' input, pixels.
SIZE = 224
_BATCH = 16


@dataclass(frozen=True)
class FaceNetwork(FeatureSet):
    """Features of the largest face at each moment of a video, computed by a network.

    Args:
        weights: `.h5` file with weights of `keras.applications`; nothing is downloaded.
        every_s: step between rows, in seconds.
        digest: expected digest of `weights` (blake2b, 20 bytes in hex), so that features of different weights are not
            confused; computed by default.

    Raises:
        InputError: the file is missing, is not `.h5` or has the wrong content; or `every_s` is not above 0.
    """

    medium: ClassVar[str] = "video"
    version: ClassVar[int] = 1
    files: ClassVar[Mapping[str, str]] = {"weights": "digest"}

    weights: str = file(required=True)
    every_s: float = option(0.1, above=0)
    digest: str = no_option("")

    def __post_init__(self):
        super().__post_init__()
        if not self.weights:
            return
        path = Path(self.weights)
        if path.suffix != ".h5" or not path.is_file():
            what = "is no .h5 file" if path.is_file() else "is not there"
            raise InputError(f"{self.name}: the weights file {path} {what}; give one of keras.applications.")
        self._settle_file("weights")

    def prepare(self) -> None:
        if self.weights:
            _through(self, [np.zeros((SIZE, SIZE, 3), np.uint8)])

    @abstractmethod
    def network(self) -> "keras.Model":
        """Return the network with its weights, from images `SIZE x SIZE x 3`, prepared for it, to features."""

    def extract(self, path: str | os.PathLike, start_s: float | None = None, end_s: float | None = None) -> np.ndarray:
        """Return the clip's features: float32, `rows x features`, with row k at the time `k * every_s`.

        See `face_rows`. The last bits depend on the number of TensorFlow's threads.

        Raises:
            BrokenClip: see `face_rows`.
            InputError: no weights are given, or they do not fit the network.
        """
        if not self.weights:
            raise InputError(f"{self.name} needs a file of weights, which is not downloaded; give weights=FILE.")
        return face_rows(path, self.every_s, (SIZE, SIZE), partial(_through, self), start_s, end_s)


@dataclass(frozen=True)
class Resnet50(FaceNetwork):
    """ResNet-50 features of faces, 2048 per row.

    They are the output of the average pooling (He et al. 2016). The weights are those of
    `keras.applications.ResNet50(include_top=False)`.
    """

    name: ClassVar[str] = "resnet50"

    def network(self) -> "keras.Model":
        from kerasemo.features.pretrained import resnet50

        return resnet50(self.weights, (SIZE, SIZE, 3))


@dataclass(frozen=True)
class Vgg16(FaceNetwork):
    """VGG-16 features of faces, 4096 per row.

    They are the output of the last hidden layer, `fc2` (Simonyan and Zisserman 2015). The weights are those of
    `keras.applications.VGG16()` including its top for 1000 classes, which contains the hidden layers.
    """

    name: ClassVar[str] = "vgg16"

    def network(self) -> "keras.Model":
        import keras

        from kerasemo.features.pretrained import vgg16

        whole = vgg16(self.weights)
        return keras.Model(whole.input, whole.get_layer("fc2").output)


def face_rows(
    path: str | os.PathLike,
    every_s: float,
    size: tuple[int, int],
    network: Callable[[list[np.ndarray]], np.ndarray],
    start_s: float | None = None,
    end_s: float | None = None,
) -> np.ndarray:
    """Compute features of the largest face at each moment of a clip.

    Args:
        path: the video.
        every_s: step between rows, in seconds.
        size: height and width of the faces for the network, in pixels.
        network: faces, uint8 `height x width x 3` each, red first -> `faces x features`.
        start_s, end_s: as in `media.read_frames`.

    Returns:
        `rows x features`, with row k at the time `k * every_s`. A row without a face or without a frame is a copy of
        the previous row; rows before the first face are copies of its row.

    Raises:
        BrokenClip: see `media.read_frames`; or no frame shows a face.
    """
    seen: list[int] = []
    faces: list[np.ndarray] = []
    features: list[np.ndarray] = []
    for time_s, pictures in read_frames(path, every_s, 1, start_s, end_s):
        row = int(time_s / every_s + 1e-3)
        if box := find_face(pictures[0]):
            left, top, width, height = box
            faces.append(scale_to(pictures[0][top : top + height, left : left + width], *size))
            seen.append(row)
        if len(faces) == _BATCH:
            features.append(network(faces))
            faces = []
    if not seen:
        raise BrokenClip(f"{path} has no face found in any frame.")
    if faces:
        features.append(network(faces))
    before = np.searchsorted(seen, np.arange(row + 1), side="right") - 1
    return np.concatenate(features)[np.maximum(before, 0)]


def _through(feature_set: FaceNetwork, faces: list[np.ndarray]) -> np.ndarray:
    """Features of faces, uint8 `SIZE x SIZE x 3` each, red first."""
    network = _load(feature_set)
    from keras.applications.imagenet_utils import preprocess_input

    return network.predict_on_batch(preprocess_input(np.stack(faces).astype(np.float32), mode="caffe"))


@lru_cache(maxsize=1)
def _load(feature_set: FaceNetwork) -> "keras.Model":
    tf = import_tensorflow()
    # TensorFlow ignores the number of threads that a pool sets for its workers.
    if "OMP_NUM_THREADS" in os.environ:
        tf.config.threading.set_intra_op_parallelism_threads(int(os.environ["OMP_NUM_THREADS"]))
    return feature_set.network()
