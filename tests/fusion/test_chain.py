import keras
import numpy as np

from kerasemo.corpora.avec2019 import TARGETS
from kerasemo.fusion.network import chain_network
from kerasemo.fusion.ridge import WithinBetweenRidge
from kerasemo.fusion.stage import apply
from kerasemo.models.lstm_regressor import lstm_regressor
from kerasemo.training.sequences import predict, sequence_items


def test_chain_network_equals_models_and_fusion_in_sequence(tmp_path):
    keras.utils.set_random_seed(0)
    generator = np.random.default_rng(0)
    lengths = [90, 60, 75]
    features = {
        name: {f"r{i}": generator.standard_normal((n, width)) for i, n in enumerate(lengths)}
        for name, width in {"audio": 5, "video": 4}.items()
    }
    labels = {f"r{i}": generator.standard_normal((n, 3)) for i, n in enumerate(lengths)}
    networks = {
        "audio": lstm_regressor({"audio": 5}, units=(6,), head_initializer="glorot_uniform"),
        "audio-video": lstm_regressor({"audio": 5, "video": 4}, units=(6,), head_initializer="glorot_uniform"),
    }
    predicted = {
        name: predict(network, sequence_items({s: features[s] for s in network.input}, labels))
        for name, network in networks.items()
    }
    inputs = np.concatenate([np.hstack([traces[r] for traces in predicted.values()]) for r in labels])
    fusion = WithinBetweenRidge(smoothing=5).fit(inputs, np.concatenate(list(labels.values())), lengths)
    expected = np.split(apply(fusion.stages(), inputs, lengths)[-1], np.cumsum(lengths)[:-1])

    chain = chain_network(networks, fusion.stages(), shift=1)
    chain.save(tmp_path / "chain.keras")
    chain = keras.saving.load_model(tmp_path / "chain.keras")
    for recording, traces in zip(labels, expected, strict=True):
        outputs = chain.predict({name: features[name][recording][None].astype("f") for name in features}, verbose=0)
        got = np.concatenate([outputs[target] for target in TARGETS], axis=-1)[0]
        np.testing.assert_allclose(got, traces, atol=1e-5 * np.abs(traces).max())
