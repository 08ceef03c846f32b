from pathlib import Path

import numpy as np
import pytest

from kerasemo.corpora import avec2019, avec2019_files

ROOT = Path(__file__).parents[3] / "shared" / "data" / "avec2019_ces"
SETS = [
    *("visual-func", "visual-xbow", "visual-resnet", "visual-vgg", "egemaps-func_STD", "egemaps-xbow"),
    *("mfcc-func_STD", "mfcc-xbow", "deepspectrum", "svr"),
]

pytestmark = pytest.mark.skipif(not ROOT.is_dir(), reason=f"needs the AVEC 2019 CES devel partition in {ROOT}")


def test_labels_are_the_known_ones_and_partners_are_equally_long():
    labels = avec2019_files.read_traces(ROOT / "labels")
    assert list(labels) == avec2019.recordings("Devel")
    frames = np.concatenate([*labels.values()])
    assert frames.shape == (40_032, 3)
    assert np.abs(frames).max() <= 1
    lengths: dict[str, list[int]] = {}
    for recording, dialogue in avec2019.dialogues(labels).items():
        lengths.setdefault(dialogue, []).append(len(labels[recording]))
    assert all(abs(one - other) <= 1 for one, other in lengths.values())


def test_labels_round_trip_byte_for_byte(tmp_path):
    avec2019_files.write_traces(tmp_path / "labels", avec2019_files.read_traces(ROOT / "labels"))
    assert_same_files(tmp_path / "labels", ROOT / "labels")


@pytest.mark.parametrize("name", SETS)
def test_predictions_round_trip_byte_for_byte(tmp_path, name):
    predictions = avec2019_files.read_traces(ROOT / "predictions" / name)
    assert {len(trace) for trace in predictions.values()} == {avec2019.PADDED_FRAMES}
    avec2019_files.write_predictions(tmp_path / name, predictions)
    assert_same_files(tmp_path / name, ROOT / "predictions" / name)


def test_a_prediction_is_a_feature_set_too():
    folder = ROOT / "predictions" / "svr"
    traces = avec2019_files.read_traces(folder)
    for recording, hop_s, features in avec2019_files.iterate_features(folder):
        assert hop_s == avec2019.HOP_S and np.array_equal(traces.pop(recording), features)
    assert not traces


def assert_same_files(one: Path, other: Path) -> None:
    assert sorted(path.name for path in one.iterdir()) == sorted(path.name for path in other.iterdir())
    for path in one.iterdir():
        assert path.read_bytes() == (other / path.name).read_bytes()
