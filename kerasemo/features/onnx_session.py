"""An ONNX model that the user provides, run by ONNX Runtime with one input at a time."""

import mmap
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from kerasemo.command_line import file, no_option
from kerasemo.errors import InputError, one_line
from kerasemo.features.feature_set import FeatureSet

if TYPE_CHECKING:
    import onnxruntime

__all__ = ["Network", "OnnxModel"]

_MASK_TYPES = {"tensor(int64)": np.int64, "tensor(int32)": np.int32, "tensor(bool)": bool, "tensor(float)": np.float32}
# The key of a tensor that is kept in another file: an entry `location` of its `external_data`.
_LOCATION = b"\n\x08location\x12"


class Network:
    """A model in memory, with the input and the output that are used.

    Args:
        path: the ONNX file.
        input_rank: rank of the input, with the batch as the first axis.
        output_ranks: ranks that the output may have, the preferred one first.
        output_name: name of the output; empty: the first of the preferred rank, or else of the next.

    Attributes:
        shape: the input's shape as the model declares it; an axis of any length is a name or None.
        output: name of the output.
        rank: its rank.
        metadata: what the model says about itself.

    Raises:
        InputError: the file is no ONNX model, has no fitting input or output, or needs inputs other than a mask.
    """

    def __init__(self, path: str, input_rank: int, output_ranks: tuple[int, ...], output_name: str):
        self.path = path
        self._session = _session(path)
        self.metadata: dict[str, str] = self._session.get_modelmeta().custom_metadata_map
        self._input, self.shape = self._find_input(input_rank)
        self._masks = self._find_masks()
        self.output, self.rank = self._find_output(output_ranks, output_name)

    def __call__(self, array: np.ndarray) -> np.ndarray:
        """Return the output for a batch of one.

        Args:
            array: float32, `1 x ...`.

        Returns:
            Float32, `1 x ...`, of the rank `rank`.

        Raises:
            InputError: the model fails, or the output is not as it declares.
        """
        masks = {name: np.full(array.shape, value) for name, value in self._masks.items()}
        try:
            [result] = self._session.run([self.output], {self._input: array, **masks})
        except Exception as error:  # the errors of ONNX Runtime have no other class in common
            raise InputError(f"{self.path} fails on an input of shape {array.shape} ({_reason(error)}).") from None
        if result.ndim != self.rank or len(result) != 1:
            raise InputError(
                f"{self.path} gives {self.output} of shape {result.shape} for a batch of 1, where it declares rank "
                f"{self.rank}; give another model or output."
            )
        return result.astype(np.float32)

    def _find_input(self, rank: int) -> tuple[str, list]:
        inputs = self._session.get_inputs()
        found = next((each for each in inputs if each.type == "tensor(float)" and len(each.shape) == rank), None)
        if found is None:
            raise InputError(
                f"{self.path} has no input of type float32 and rank {rank}, but {', '.join(map(_described, inputs))}; "
                "export it with one."
            )
        if isinstance(found.shape[0], int) and found.shape[0] != 1:
            raise InputError(f"{self.path} takes batches of {found.shape[0]} only; export it for a batch of any size.")
        return found.name, found.shape

    def _find_masks(self) -> dict[str, np.generic]:
        """Value and type of each mask: nothing is padded, which fairseq's `padding_mask` says with zeros."""
        masks = {}
        for each in self._session.get_inputs():
            if each.name == self._input:
                continue
            if "mask" not in each.name or each.type not in _MASK_TYPES or len(each.shape) != len(self.shape):
                raise InputError(
                    f"{self.path} needs the input {_described(each)}, and only masks of the shape of {self._input} are "
                    "filled in; export it without."
                )
            masks[each.name] = np.dtype(_MASK_TYPES[each.type]).type("padding" not in each.name)
        return masks

    def _find_output(self, ranks: tuple[int, ...], name: str) -> tuple[str, int]:
        outputs = self._session.get_outputs()
        listed = ", ".join(map(_described, outputs))
        if name and name not in [each.name for each in outputs]:
            raise InputError(f"{self.path} has no output {name!r}, but {listed}; choose one of these.")
        for rank in ranks:
            for each in outputs:
                if len(each.shape) == rank and name in ("", each.name):
                    return each.name, rank
        wanted = " or ".join(map(str, ranks))
        raise InputError(
            f"{self.path} has no {name or 'output'} of rank {wanted}, but {listed}; give another model or output."
        )


@dataclass(frozen=True)
class OnnxModel(FeatureSet):
    """Features computed by an ONNX model.

    Args:
        model: ONNX file, with its weights inside; nothing is downloaded.
        output_name: name of the model's output. Default: its first output of a rank that fits.
        digest: expected digest of `model` (blake2b, 20 bytes in hex), so that features of different models are not
            confused; computed by default.

    Raises:
        InputError: the model is missing or cannot be used, or ONNX Runtime is not installed.
    """

    files: ClassVar[Mapping[str, str]] = {"model": "digest"}
    input_rank: ClassVar[int]
    output_ranks: ClassVar[tuple[int, ...]]

    model: str = file(required=True)
    output_name: str = ""
    digest: str = no_option("")

    def __post_init__(self):
        super().__post_init__()
        if self.model:
            if not Path(self.model).is_file():
                raise InputError(f"{self.name}: the model {self.model} is not there; give an ONNX file.")
            self._settle_file("model")
            self.network()

    def network(self) -> Network:
        """Return the model, which each process loads once.

        Raises:
            InputError: no model is given; or see `Network`.
        """
        if not self.model:
            raise InputError(f"{self.name} needs a model, which is not downloaded; give model=FILE.")
        return _network(self.model, self.digest, self.input_rank, self.output_ranks, self.output_name)


@lru_cache(maxsize=2)
def _network(path: str, digest: str, input_rank: int, output_ranks: tuple[int, ...], output_name: str) -> Network:
    """A file with another digest is another network."""
    return Network(path, input_rank, output_ranks, output_name)


def _session(path: str) -> "onnxruntime.InferenceSession":
    try:
        import onnxruntime
    except ImportError:
        raise InputError("ONNX models need ONNX Runtime; install it with: pip install kerasemo[onnx]") from None
    _require_weights_inside(path)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # errors are raised, too
    # Sums differ in the last bits with the number of threads, and so results would depend on `--jobs`.
    options.intra_op_num_threads = 1
    try:
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the errors of ONNX Runtime have no other class in common
        raise InputError(f"{path} cannot be read as an ONNX model ({_reason(error)}).") from None


def _require_weights_inside(path: str) -> None:
    """Refuse weights in a second file: the digest, and with it the cache, would not depend on them."""
    if not Path(path).stat().st_size:
        raise InputError(f"{path} cannot be read as an ONNX model (it is empty).")
    with Path(path).open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as content:
        if content.find(_LOCATION) >= 0:
            raise InputError(
                f"{path} has its weights in a second file; save it as one with onnx.save(onnx.load(FILE), NEW_FILE)."
            )


def _described(value: "onnxruntime.NodeArg") -> str:
    """Name, type and rank of an input or output; without a shape, the rank is 0 or not declared."""
    return f"{value.name} ({value.type}, rank {len(value.shape) or 'unknown'})"


def _reason(error: Exception) -> str:
    """Return an error of ONNX Runtime without the codes at its beginning."""
    return one_line(error).split(" : ", 2)[-1]
