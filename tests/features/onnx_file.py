"""ONNX files as bytes: as much of the format as a network of convolutions needs, without its library."""

import numpy as np


def field(number, value):
    """A field of a protocol buffer: a number, or bytes."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def varint(value):
    low, value = value & 127, value >> 7
    return bytes([low | 128]) + varint(value) if value else bytes([low])


def tensor(name, values):
    dims = b"".join(field(1, side) for side in values.shape)
    return dims + field(2, 1) + field(8, name) + field(9, values.astype("<f4").tobytes())


def integers(name, values):
    """An attribute of a node: a list of integers."""
    return field(1, name) + b"".join(field(8, value) for value in values) + field(20, 7)


def node(kind, inputs, output, **attributes):
    names = b"".join(field(1, name) for name in inputs) + field(2, output) + field(3, output) + field(4, kind)
    return names + b"".join(field(5, integers(name, values)) for name, values in attributes.items())


def array(name, *shape):
    """An input or output of the graph; float32, sides of 0 are not known."""
    sides = b"".join(field(1, field(1, side) if side else field(2, "side")) for side in shape)
    return field(1, name) + field(2, field(1, field(1, 1) + field(2, sides)))


def model(nodes, tensors, inputs, outputs):
    parts = [(1, nodes), (2, ["graph"]), (5, tensors), (11, inputs), (12, outputs)]
    graph = b"".join(field(number, part) for number, group in parts for part in group)
    return field(1, 8) + field(7, graph) + field(8, field(1, "") + field(2, 13))


def bright_square_finder(points, size):
    """A network with YuNet's inputs and outputs, to which each white square of 32 pixels on its grid is a face.

    Args:
        points: five places across and down, from the square's left upper corner, in squares.
        size: of the face's box about the square's middle, width and height, in squares.
    """
    nodes, tensors, outputs = [], [], []
    for stride in (8, 16, 32):
        biases = {"cls": [0], "obj": [0], "bbox": [0.5, 0.5, *np.log(size)], "kps": np.ravel(points)}
        for head, bias in biases.items():
            name, n = f"{head}_{stride}", len(bias)
            sees = stride == 32 and head in ("cls", "obj")
            weights = np.full((n, 3, stride, stride), 1 / (3 * 255 * stride**2) if sees else 0.0)
            tensors += [tensor(f"{name}.weight", weights), tensor(f"{name}.bias", np.array(bias, float))]
            square = {"kernel_shape": [stride, stride], "strides": [stride, stride]}
            nodes.append(node("Conv", ["input", f"{name}.weight", f"{name}.bias"], f"{name}.map", **square))
            nodes.append(node("Transpose", [f"{name}.map"], name, perm=[0, 2, 3, 1]))
            outputs.append(array(name, 1, 0, 0, n))
    return model(nodes, tensors, [array("input", 1, 3, 320, 320)], outputs)
