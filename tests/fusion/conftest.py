"""Small generated recordings: six recordings of four dialogues, and three models of different quality."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

from kerasemo.corpora.avec2019_files import write_predictions, write_traces
from kerasemo.fusion.predictions import Aligned, align

RECORDINGS = ["Devel_DE_01", "Devel_DE_12", "Devel_DE_02", "Devel_DE_05", "Devel_HU_01", "Devel_HU_14"]
NOISE = {"visual": 0.5, "audio": 1.0, "poor": 2.0}


def generated_traces() -> tuple[dict[str, dict[str, np.ndarray]], dict[str, np.ndarray]]:
    """Return predictions by model and recording, and labels by recording."""
    generator = np.random.default_rng(0)

    def smooth(n: int) -> np.ndarray:
        noise = gaussian_filter1d(generator.normal(size=(n, 3)), 4, axis=0)
        return 0.1 * noise / noise.std() + 0.05 * generator.normal(size=3)

    labels = {name: smooth(50 + 7 * number) for number, name in enumerate(sorted(RECORDINGS))}
    predictions = {
        model: {name: 0.5 * trace + share * smooth(len(trace)) for name, trace in labels.items()}
        for model, share in NOISE.items()
    }
    return predictions, labels


@pytest.fixture
def data() -> Aligned:
    return align(*generated_traces())


@pytest.fixture
def groups(data) -> list[str]:
    dialogue_of = {"01": "a", "12": "a", "02": "b", "05": "b", "14": "a"}
    return [name[6:8] + dialogue_of[name[-2:]] for name in data.recordings]


@pytest.fixture
def folders(tmp_path):
    """The folders of predictions, one per model, and the folder of the labels."""
    predictions, labels = generated_traces()
    write_traces(tmp_path / "labels", labels)
    for model, traces in predictions.items():
        write_predictions(tmp_path / model, traces)
    return [tmp_path / model for model in predictions], tmp_path / "labels"
