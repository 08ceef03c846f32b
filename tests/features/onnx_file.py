"""Small ONNX models, built with the format's own library."""

import numpy as np
from onnx import TensorProto, helper, numpy_helper

FLOAT, INT64, FLOAT16 = TensorProto.FLOAT, TensorProto.INT64, TensorProto.FLOAT16


def array(name, *shape, kind=FLOAT):
    """An input or output of the graph; an axis of any length is a name."""
    return helper.make_tensor_value_info(name, kind, shape)


def model(nodes, tensors, inputs, outputs, **metadata):
    """The file's bytes.

    Args:
        nodes: as `helper.make_node` makes them.
        tensors: the weights by name, arrays.
        inputs, outputs: see `array`.
        **metadata: what the model says about itself.
    """
    weights = [numpy_helper.from_array(np.asarray(values), name) for name, values in tensors.items()]
    graph = helper.make_graph(nodes, "graph", inputs, outputs, weights)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    helper.set_model_props(made, metadata)
    return made.SerializeToString()


def bright_square_finder(points, size):
    """A network with YuNet's inputs and outputs, to which each white square of 32 pixels on its grid is a face.

    Args:
        points: five places across and down, from the square's left upper corner, in squares.
        size: of the face's box about the square's middle, width and height, in squares.
    """
    nodes, tensors, outputs = [], {}, []
    for stride in (8, 16, 32):
        biases = {"cls": [0], "obj": [0], "bbox": [0.5, 0.5, *np.log(size)], "kps": np.ravel(points)}
        for head, bias in biases.items():
            name, n = f"{head}_{stride}", len(bias)
            sees = stride == 32 and head in ("cls", "obj")
            weights = np.full((n, 3, stride, stride), 1 / (3 * 255 * stride**2) if sees else 0.0, np.float32)
            tensors |= {f"{name}.weight": weights, f"{name}.bias": np.array(bias, np.float32)}
            nodes += [
                helper.make_node(
                    "Conv", ["input", f"{name}.weight", f"{name}.bias"], [f"{name}.map"], strides=[stride, stride]
                ),
                helper.make_node("Transpose", [f"{name}.map"], [name], perm=[0, 2, 3, 1]),
            ]
            outputs.append(array(name, 1, "rows", "columns", n))
    return model(nodes, tensors, [array("input", 1, 3, 320, 320)], outputs)
