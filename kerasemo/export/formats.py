"""The formats of exported networks: how each is written, and how it is loaded to compare it with the network."""

import importlib.util
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from kerasemo.errors import InputError

if TYPE_CHECKING:
    import keras

__all__ = ["FORMATS", "Batch", "Format", "LiteRt", "Onnx", "SavedModel", "make_portable"]

Batch = Mapping[str, np.ndarray]


class Format(ABC):
    """A format of exported networks.

    Attributes:
        title: name in messages.
        network: path of the network in the folder of an export.
        description: path of the description in this folder.
        extra: the extra of kerasemo that installs the packages; None: they are always installed.
        packages: modules that it needs.
        tolerance: the largest difference of the reloaded network, relative to the largest output or 1.
        batch_size: number of clips in a batch; None: any.
    """

    title: ClassVar[str]
    network: ClassVar[Path]
    description: ClassVar[Path] = Path("kerasemo.json")
    extra: ClassVar[str | None] = None
    packages: ClassVar[tuple[str, ...]] = ()
    # Other libraries add in another order.
    tolerance: ClassVar[float] = 1e-4
    batch_size: ClassVar[int | None] = None

    @abstractmethod
    def write(self, network: "keras.Model", folder: Path) -> None:
        """Write a functional network with dicts of inputs and outputs; it may be changed, and is not used again.

        Args:
            network: the network.
            folder: the folder of the export.
        """

    @abstractmethod
    def load(self, folder: Path) -> Callable[[Batch], Batch]:
        """Return the written network as a function from inputs to outputs.

        Args:
            folder: the folder of the export.
        """

    def require_packages(self) -> None:
        """Raise an `InputError` if a package is not installed.

        Raises:
            InputError: a package is not installed; the message says how to install it.
        """
        if missing := [name for name in self.packages if not importlib.util.find_spec(name)]:
            raise InputError(
                f"{self.title} needs {' and '.join(missing)}; install with: pip install kerasemo[{self.extra}]"
            )


class SavedModel(Format):
    """TensorFlow's SavedModel."""

    title = "a SavedModel"
    network = Path("saved_model.pb")
    description = Path("assets.extra", "kerasemo.json")
    tolerance = 1e-6

    def write(self, network, folder):
        network.export(folder, format="tf_saved_model", verbose=False)

    def load(self, folder):
        import tensorflow as tf

        loaded = tf.saved_model.load(folder)
        return lambda batch: {name: values.numpy() for name, values in loaded.serve(batch).items()}


class Onnx(Format):
    """A model for ONNX Runtime, for batches and sequences of any length."""

    title = "an ONNX model"
    network = Path("network.onnx")
    extra = "onnx-export"
    packages = ("tf2onnx", "onnxruntime")

    def write(self, network, folder):
        make_portable(network)
        folder.mkdir()
        network.export(folder / self.network, format="onnx", verbose=False)

    def load(self, folder):
        import onnxruntime

        session = onnxruntime.InferenceSession(folder / self.network, providers=["CPUExecutionProvider"])
        names = [output.name for output in session.get_outputs()]
        return lambda batch: dict(zip(names, session.run(names, dict(batch)), strict=True))


class LiteRt(Format):
    """A model for LiteRT (formerly TensorFlow Lite) without operations of TensorFlow, for one clip of any length.

    LiteRT needs a known number of clips for the states of LSTMs. An interpreter that has processed one length gives
    wrong outputs for LSTMs at a greater one (2.3.0), so each length needs a new interpreter.
    """

    title = "a LiteRT model"
    network = Path("network.tflite")
    extra = "litert"
    packages = ("ai_edge_litert",)
    batch_size = 1

    def write(self, network, folder):
        import tensorflow as tf

        make_portable(network)
        folder.mkdir()
        signature = {
            name: tf.TensorSpec((self.batch_size, *x.shape[1:]), x.dtype, name) for name, x in network.input.items()
        }
        network.export(
            folder / self.network,
            format="litert",
            verbose=False,
            input_signature=[signature],
            target_spec={"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS]},
        )

    def load(self, folder):
        from ai_edge_litert.interpreter import Interpreter

        return lambda batch: Interpreter(str(folder / self.network)).get_signature_runner()(**batch)


FORMATS: dict[str, Format] = {"savedmodel": SavedModel(), "onnx": Onnx(), "litert": LiteRt()}


def make_portable(network: "keras.Model") -> None:
    """Let layers compute in a way that can be converted, with the same results.

    No complex numbers, and constants that are part of the graph: `Normalization` has tensors from outside the graph,
    which an ONNX model would have as additional inputs.

    Args:
        network: the network, which is changed.
    """
    import keras

    from kerasemo.layers import FFTConv1D, LogMel

    for layer in network._flatten_layers():
        if isinstance(layer, FFTConv1D | LogMel):
            layer.portable = True
        elif isinstance(layer, keras.layers.Normalization):
            layer.mean, layer.variance = map(keras.ops.convert_to_numpy, (layer.mean, layer.variance))
