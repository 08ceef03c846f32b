"""Draw the networks of the papers' pages: python docs/draw_networks.py (needs Graphviz's `dot`).

A test checks that the drawings have the layers that the code builds.
"""

import subprocess
from pathlib import Path

import keras

from kerasemo.models import crossmodal, emodal, end_to_end, lstm_regressor, spectrogram_cnn

FOLDER = Path(__file__).parent / "papers"
STYLE = (
    'bgcolor=white; ranksep=.25; node [shape=box, style=rounded, fontname="Helvetica", fontsize=11, margin=".1,.04"]'
)
TWO_TASKS = {"emotion": 4, "gender": 2}
SPECTROGRAM = (150, 80, 1)


def networks() -> dict[str, keras.Model]:
    """Return the network of each drawing."""
    keras.utils.clear_session(free_memory=False)  # operations without a name of their own are numbered from 1 again
    return {
        "chae2018": end_to_end.end_to_end(TWO_TASKS),
        "atmaja2020": lstm_regressor.lstm_regressor({"features": 88}),
        "zhang2018": emodal.emodal(4),
        "goswami2018": crossmodal.architecture_4(8),
        "ryabinov2021_alexnet": spectrogram_cnn.alexnet(TWO_TASKS, SPECTROGRAM),
        "ryabinov2021_vgg16": spectrogram_cnn.vgg16(TWO_TASKS, SPECTROGRAM),
    }


def graph(network: keras.Model) -> str:
    """Return a network in Graphviz's language: for each operation its name, its class and the shape of its output."""
    lines = [STYLE]
    for each in network.operations:
        shape = " x ".join("n" if size is None else str(size) for size in each.output.shape[1:]) or "1"
        lines.append(f'"{each.name}" [label="{each.name}\\n{type(each).__name__}: {shape}"]')
        if not isinstance(each, keras.layers.InputLayer):
            sources = [tensor._keras_history.operation.name for tensor in keras.tree.flatten(each.input)]
            lines += [f'"{source}" -> "{each.name}"' for source in sources]
    return f"digraph {{ {'; '.join(lines)} }}"


def main() -> None:
    """Write all drawings."""
    for name, network in networks().items():
        subprocess.run(["dot", "-Tsvg", "-o", FOLDER / f"{name}.svg"], input=graph(network), text=True, check=True)


if __name__ == "__main__":
    main()
