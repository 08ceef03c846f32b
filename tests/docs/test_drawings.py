"""The drawings of the networks have the layers that the code builds."""

import re
import runpy
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"


def test_drawings_have_the_layers_of_the_networks_and_their_shapes():
    drawing = runpy.run_path(str(DOCS / "draw_networks.py"))
    for name, network in drawing["networks"]().items():
        svg = (DOCS / "papers" / f"{name}.svg").read_text(encoding="utf-8")
        labels = re.findall(r'label="(.+?)"', drawing["graph"](network))
        assert len(labels) == len(network.operations)
        assert [line for label in labels for line in label.split("\\n") if f">{line}</text>" not in svg] == []
