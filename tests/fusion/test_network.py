import keras
import numpy as np
import pytest

from kerasemo.corpora.avec2019 import TARGETS
from kerasemo.fusion.mean import VarianceMatchedMean
from kerasemo.fusion.multistage import MultistageSVR
from kerasemo.fusion.network import fusion_network
from kerasemo.fusion.ridge import WithinBetweenRidge

FITTED = {
    "mean": VarianceMatchedMean(),
    "ridge": WithinBetweenRidge(smoothing=6),
    "svr": MultistageSVR(context=3, C=1.0, n_stages=3),
    "svr without the quirk": MultistageSVR(context=3, C=1.0, n_stages=2, quirk=False),
}


@pytest.mark.parametrize("name", FITTED)
def test_network_equals_the_estimator_including_the_edges(name, data, groups, tmp_path):
    estimator = FITTED[name].fit(data.inputs, data.labels, data.lengths, groups)
    network = fusion_network(data.models, estimator.stages())
    network.save(tmp_path / "fusion.keras")
    expected = data.split(estimator.predict(data.inputs, data.lengths))
    for model in (network, keras.models.load_model(tmp_path / "fusion.keras")):
        for recording, inputs in list(data.split(data.inputs).items())[:2]:
            traces = {key: inputs[None, :, 3 * k : 3 * k + 3] for k, key in enumerate(data.models)}
            outputs = model(traces)
            assert list(outputs) == list(TARGETS) and outputs["valence"].shape == (1, len(inputs), 1)
            fused = np.concatenate([outputs[target][0] for target in TARGETS], axis=-1)
            np.testing.assert_allclose(fused, expected[recording], atol=1e-5)
