import numpy as np
import pytest
from sklearn.utils.estimator_checks import check_estimator

from kerasemo.evaluation.scores import ccc
from kerasemo.fusion.fuse import fuse
from kerasemo.fusion.lstm import LSTMFusion
from kerasemo.fusion.methods import METHODS, ON_REQUEST, estimator


def test_network_learns_from_traces_and_ignores_padding(data):
    fusion = LSTMFusion(units=(16,), dropout=0.0, n_epochs=120).fit(data.inputs, data.labels, data.lengths)
    fused = fusion.predict(data.inputs, data.lengths)
    assert min(ccc(*pair) for pair in zip(data.labels.T, fused.T, strict=True)) > 0.5
    first = data.lengths[0]
    np.testing.assert_allclose(fusion.predict(data.inputs[:first], data.lengths[:1]), fused[:first], atol=1e-6)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_traces(data):
    first, same_seed, other_seed = (
        LSTMFusion(units=(4,), n_epochs=2, seed=seed)
        .fit(data.inputs, data.labels, data.lengths)
        .predict(data.inputs, data.lengths)
        for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, same_seed)
    assert (first != other_seed).any()


@pytest.mark.slow
def test_lstm_runs_on_request_and_is_saved_as_a_network(folders, tmp_path, monkeypatch):
    monkeypatch.setattr("kerasemo.fusion.fuse.estimator", lambda *_: LSTMFusion(units=(4,), n_epochs=1))
    fused = fuse(*folders, methods=["lstm"], protocol="held-out", folds=2, out=tmp_path / "out")
    assert fused.default is None and (tmp_path / "out" / "fusion.keras").exists()


def test_lstm_runs_only_on_request_with_the_units_of_the_paper():
    assert "lstm" in ON_REQUEST and "lstm" not in METHODS
    assert estimator("lstm", "held-out").units == (256, 128, 64)


@pytest.mark.slow
def test_scikit_learn():
    check_estimator(LSTMFusion(units=(2,), n_epochs=1))
