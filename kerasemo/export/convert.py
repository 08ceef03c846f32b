"""Converts a `.keras` file and compares the result with the network, in a process of its own without a GPU.

A network that is traced with a GPU would need one. Call: `python -m kerasemo.export.convert KERAS_FILE FORMAT FOLDER`,
with the description as JSON on standard input.
"""

import json
import sys
from pathlib import Path

import keras
import numpy as np

from kerasemo.errors import InputError, one_line
from kerasemo.export.formats import FORMATS, Batch, Format
from kerasemo.training.saving import load_network

__all__ = ["COMPARED_BATCH_SIZES", "COMPARED_SCALES", "LONGEST_REASON", "convert"]

COMPARED_BATCH_SIZES = (1, 3, 8)
COMPARED_SCALES = (1.0, 30.0, 0.01)
LONGEST_REASON = 300
"""Characters of a converter's message; those of LiteRT contain the whole network."""


def convert(keras_file: str, name: str, folder: str) -> None:
    """Write and compare a network, and its description with its inputs, outputs and largest difference.

    Args:
        keras_file: a `.keras` file of a functional network with dicts of inputs and outputs.
        name: key of the format in `FORMATS`.
        folder: the folder of the export.

    Raises:
        InputError: The network cannot be converted, or the reloaded network gives different results.
    """
    network, made, folder = load_network(keras_file), FORMATS[name], Path(folder)
    # An axis of any length has a different length each time.
    batches = [
        _batch(network, made.batch_size or size, 10 + size, scale, seed)
        for seed, (size, scale) in enumerate(zip(COMPARED_BATCH_SIZES, COMPARED_SCALES, strict=True))
    ]
    expected = [network.predict(batch, verbose=0) for batch in batches]
    try:
        made.write(network, folder)
        reloaded = made.load(folder)
        served = [reloaded(batch) for batch in batches]
    except Exception as error:  # the errors of the converters have no other class in common
        reason = one_line(error)[:LONGEST_REASON]
        raise InputError(f"this network does not convert to {made.title} ({reason}).") from error
    difference = max(_difference(made, *outputs) for outputs in zip(expected, served, strict=True))
    description = json.load(sys.stdin) | _signature(network, made) | {"largest_difference": difference}
    path = folder / made.description
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(description, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _batch(network: keras.Model, size: int, length: int, scale: float, seed: int) -> Batch:
    generator = np.random.default_rng(seed)
    shapes = {name: [size, *(n or length for n in x.shape[1:])] for name, x in network.input.items()}
    return {
        # Integer inputs are numbers of valid frames.
        name: generator.integers(1, length, shape, endpoint=True).astype("int32")
        if network.input[name].dtype == "int32"
        else (scale * generator.standard_normal(shape)).astype("float32")
        for name, shape in shapes.items()
    }


def _difference(made: Format, expected: Batch, served: Batch) -> float:
    """Return the largest difference of all outputs, relative to the largest value of each or 1."""
    if served.keys() != expected.keys():
        raise InputError(f"the reloaded network has other outputs ({', '.join(served)}).")
    largest = 0.0
    for name, values in expected.items():
        if served[name].shape != values.shape:
            raise InputError(f"{name} of the reloaded network has the shape {served[name].shape}, not {values.shape}.")
        difference = float(np.abs(values - served[name]).max() / max(1.0, np.abs(values).max()))
        if not difference <= made.tolerance:
            raise InputError(f"{name} of the reloaded network differs from the trained one by {difference:.1e}.")
        largest = max(largest, difference)
    return largest


def _signature(network: keras.Model, made: Format) -> dict:
    """Return the shape and type of each input and output; an axis of any length is null."""
    return {
        f"network_{side}": {
            name: {"shape": [made.batch_size, *x.shape[1:]], "type": x.dtype} for name, x in tensors.items()
        }
        for side, tensors in (("inputs", network.input), ("outputs", network.output))
    }


if __name__ == "__main__":
    try:
        convert(*sys.argv[1:])
    except Exception as error:
        sys.exit(one_line(error))
