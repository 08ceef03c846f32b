import numpy as np
import pytest

from kerasemo.corpora import avec2019
from kerasemo.errors import InputError
from kerasemo.features.functionals import functionals
from kerasemo.training import trace_features

FOLDER = "visual_features_functionals"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("KERASEMO_CACHE", str(tmp_path / "cache"))


def write(folder, recording, array, hop_s=0.1):
    folder.mkdir(parents=True, exist_ok=True)
    rows = (
        f"'{recording}';{row * hop_s:.4f};" + ";".join(f"{x:.6f}" for x in values) for row, values in enumerate(array)
    )
    (folder / f"{recording}.csv").write_text("\n".join(rows) + "\n")


def test_files_are_parsed_once_and_again_when_one_changes(tmp_path, monkeypatch):
    array = np.random.default_rng(0).normal(size=(6, 2))
    write(tmp_path / FOLDER, "Devel_DE_01", array)
    features = trace_features.read(tmp_path / FOLDER)["Devel_DE_01"]
    assert features.dtype == np.float32 and isinstance(features, np.memmap)
    np.testing.assert_allclose(features, array, atol=1e-5)
    with monkeypatch.context() as patch:
        patch.setattr(trace_features, "iterate_features", None)  # calling it would fail
        np.testing.assert_array_equal(trace_features.read(tmp_path / FOLDER)["Devel_DE_01"], features)
    write(tmp_path / FOLDER, "Devel_DE_01", np.concatenate([array, array]))
    assert len(trace_features.read(tmp_path / FOLDER)["Devel_DE_01"]) == 12


def test_descriptors_at_another_rate_become_functionals(tmp_path):
    array = np.random.default_rng(0).normal(size=(300, 2))
    write(tmp_path / FOLDER, "Devel_DE_01", array, hop_s=0.02)
    sets, notes = trace_features.available(tmp_path, {"Devel_DE_01": np.zeros((60, 3))})
    assert sets == ["fau_functionals"] and "its functionals in windows of 4 s are used" in notes[0]
    expected = functionals(np.round(array, 6), 0.02, step_s=0.1)
    np.testing.assert_allclose(trace_features.read(tmp_path / FOLDER)["Devel_DE_01"], expected, atol=1e-5)
    assert len(expected) == 60


def test_lengths_and_recordings_are_checked_before_training(tmp_path):
    write(tmp_path / FOLDER, "Devel_DE_01", np.ones((6, 2)))
    labels = {"Devel_DE_01": np.zeros((26, 3))}
    _, notes = trace_features.available(tmp_path, labels)
    assert "ends before the labels in 1 recordings, by up to 2.0 s; zeros follow" in notes[0]
    with pytest.raises(InputError, match=r"has no Devel_DE_02\.csv, which has labels"):
        trace_features.available(tmp_path, labels | {"Devel_DE_02": np.zeros((5, 3))})
    assert avec2019.FEATURE_SETS["fau_functionals"] == FOLDER
