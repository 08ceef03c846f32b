"""Embeddings of faces by an ONNX model of pictures, such as EmotiEffNet."""

import os
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from kerasemo.command_line import option
from kerasemo.errors import InputError
from kerasemo.features.deep import SIZE, face_rows
from kerasemo.features.onnx_session import OnnxModel

__all__ = ["OnnxFace"]

# Mean and deviation of red, green and blue that are taken off and divided by, in parts of 255.
_SCALES = {
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "unit": ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
    "signed": ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
}


@dataclass(frozen=True)
class OnnxFace(OnnxModel):
    """Embeddings of the largest face at each moment of a video, by an ONNX model.

    The model takes pictures (float32, `batch x 3 x height x width` or `batch x height x width x 3`, red first), and its
    output is `batch x features`. EmotiEffNet is one; as published, it gives scores of emotions. Faces are
    scaled to the size that the model declares, or to 224 x 224 if it takes any size. It needs the extra
    `kerasemo[onnx]`.

    Args:
        every_s: step between rows, in seconds.
        scale: what the model was trained with. `imagenet` takes off the mean of ImageNet's colours and divides by their
            deviation, as EmotiEffNet needs; `unit` gives values from 0 to 1, `signed` from -1 to 1.

    Raises:
        InputError: a parameter is out of range, the model cannot be used, or ONNX Runtime is not installed.
    """

    name: ClassVar[str] = "onnx_face"
    medium: ClassVar[str] = "video"
    version: ClassVar[int] = 1
    input_rank: ClassVar[int] = 4
    output_ranks: ClassVar[tuple[int, ...]] = (2,)

    every_s: float = option(0.1, above=0)
    scale: Literal["imagenet", "unit", "signed"] = "imagenet"

    def __post_init__(self):
        super().__post_init__()
        if self.model:
            self._size()

    def extract(self, path: str | os.PathLike, start_s: float | None = None, end_s: float | None = None) -> np.ndarray:
        """Return the clip's embeddings: float32, `rows x features`, see `deep.face_rows`.

        Raises:
            BrokenClip: see `deep.face_rows`.
            InputError: no model is given, or it fails.
        """
        return face_rows(path, self.every_s, self._size(), self._through, start_s, end_s)

    def _size(self) -> tuple[int, int]:
        """Height and width of the model's input, in pixels."""
        shape = self.network().shape
        if 3 not in (shape[1], shape[3]):
            raise InputError(f"{self.model} takes pictures of shape {shape}; one of three colours is needed.")
        height, width = (
            side if isinstance(side, int) else SIZE for side in (shape[2:] if shape[1] == 3 else shape[1:3])
        )
        return height, width

    def _through(self, faces: list[np.ndarray]) -> np.ndarray:
        """Embeddings of faces, uint8 `height x width x 3` each: `faces x features`."""
        network = self.network()
        mean, deviation = _SCALES[self.scale]
        pictures = ((np.stack(faces) / 255 - mean) / deviation).astype(np.float32)
        if network.shape[1] == 3:
            pictures = pictures.transpose(0, 3, 1, 2)
        return np.concatenate([network(picture[np.newaxis]) for picture in pictures])
