import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from kerasemo.layers import LogMel, NoisePerturbation, SpecAugment, SpeedPerturbation
from kerasemo.models.from_waveform import adapt, from_waveform, parts
from kerasemo.training.fit import fit
from kerasemo.training.items import Items
from kerasemo.training.joint_model import JointModel
from kerasemo.weighting import Static

RATE, SAMPLES = 16_000, 4000
LOG_MEL = {"window_s": 0.04, "hop_s": 0.02, "n_mels": 20}


def network(shape=(13, 20, 1), random=False):
    spectrogram = keras.Input(shape, name="spectrogram")
    x = keras.layers.Normalization(axis=-2, name="spectrogram_standardised")(spectrogram)
    if random:
        x = keras.layers.Dropout(0.5)(SpecAugment(bands=8)(x))
    x = keras.layers.Flatten()(x)
    return keras.Model({"spectrogram": spectrogram}, {"emotion": keras.layers.Dense(3, name="emotion")(x)}, name="net")


@pytest.fixture(scope="module")
def sounds():
    return np.random.default_rng(0).normal(0.1, 0.2, (6, SAMPLES)).astype("float32")


@pytest.fixture(scope="module")
def model():
    return from_waveform(network(), SAMPLES, LogMel(**LOG_MEL))


def test_network_reads_the_spectrogram_of_the_standardised_waveform(model, sounds):
    standardised = (sounds - sounds.mean(axis=1, keepdims=True)) / sounds.std(axis=1, keepdims=True)
    spectrogram, inner = parts(model)
    expected = LogMel(**LOG_MEL)(standardised)
    np.testing.assert_allclose(spectrogram({"waveform": sounds}), expected, atol=1e-3)
    np.testing.assert_allclose(
        model({"waveform": sounds})["emotion"], inner({"spectrogram": expected})["emotion"], atol=0.05
    )
    assert model.name == "net" and len(model.weights) == len(inner.weights)


@pytest.mark.parametrize("gain", [1e-3, 30.0])
def test_loudness_and_offset_have_no_effect(model, sounds, gain):
    spectrogram, _ = parts(model)
    louder = spectrogram({"waveform": gain * (sounds + 0.1)})
    np.testing.assert_allclose(louder, spectrogram({"waveform": sounds}), atol=0.02)


def test_silence_stays_silence(model):
    spectrogram, _ = parts(model)
    rounding = 1e-6 * np.random.default_rng(0).normal(size=(1, SAMPLES))
    for silence in (np.zeros((1, SAMPLES)), np.full((1, SAMPLES), 0.5)):
        np.testing.assert_allclose(spectrogram({"waveform": silence}), -100, atol=0.01)
    standardised = model.get_layer("waveform_standardised")(rounding)
    assert np.std(standardised) == pytest.approx(0.1, rel=0.05)  # not amplified to the loudness of speech


def test_bands_are_standardised_over_all_batches(sounds):
    model = from_waveform(network(), SAMPLES, LogMel(**LOG_MEL))
    adapt(model, tf.data.Dataset.from_tensor_slices({"waveform": sounds}).batch(4))
    spectrogram, inner = parts(model)
    values = inner.get_layer("spectrogram_standardised")(spectrogram({"waveform": sounds})).numpy()
    np.testing.assert_allclose(values.mean(axis=(0, 1, 3)), 0, atol=1e-4)
    np.testing.assert_allclose(values.std(axis=(0, 1, 3)), 1, atol=1e-4)


def test_loaded_model_gives_the_same_result(model, sounds, tmp_path):
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    x = {"waveform": sounds}
    np.testing.assert_array_equal(loaded(x)["emotion"], model(x)["emotion"])
    np.testing.assert_array_equal(parts(loaded)[0](x), parts(model)[0](x))


def test_resumed_training_draws_the_same_random_changes(sounds, tmp_path):
    targets = {"emotion": np.arange(len(sounds)) % 3}
    items = Items({"waveform": sounds}, targets, pd.DataFrame({"clip": list("abcdef"), "speaker": "s"}))

    def trained(epochs, checkpoint):
        keras.utils.set_random_seed(0)
        changes = [SpeedPerturbation(seed=1), NoisePerturbation(seed=2)]
        model = from_waveform(network(random=True), SAMPLES, LogMel(**LOG_MEL), changes)
        loss = {"emotion": keras.losses.SparseCategoricalCrossentropy(from_logits=True)}
        model = JointModel(model.input, model.output, losses=loss, weighting=Static({"emotion": 1.0}))
        model.compile("adam")
        fit(model, items, None, epochs=epochs, batch_size=4, seed=0, checkpoint=checkpoint)
        return [np.asarray(weight) for weight in model.weights]

    trained(1, tmp_path / "interrupted.npz")
    resumed, uninterrupted = trained(3, tmp_path / "interrupted.npz"), trained(3, tmp_path / "uninterrupted.npz")
    assert len(resumed) == len(uninterrupted)
    for weight, expected in zip(resumed, uninterrupted, strict=True):
        np.testing.assert_array_equal(weight, expected)


def test_sound_is_changed_only_in_training(sounds):
    plain = from_waveform(network(), SAMPLES, LogMel(**LOG_MEL))
    changed = from_waveform(network(), SAMPLES, LogMel(**LOG_MEL), [SpeedPerturbation((0.9,)), NoisePerturbation()])
    x = {"waveform": sounds}
    spectrogram, changed_spectrogram = parts(plain)[0], parts(changed)[0]
    np.testing.assert_array_equal(spectrogram(x), changed_spectrogram(x))
    differences = np.abs(spectrogram(x) - changed_spectrogram(x, training=True)).mean(axis=(1, 2, 3))
    assert (differences[sounds.std(axis=1) > 0] > 0.1).all()


def test_a_spectrogram_of_another_shape_is_an_error():
    with pytest.raises(ValueError, match=r"net reads spectrograms of \(12, 20, 1\)"):
        from_waveform(network((12, 20, 1)), SAMPLES, LogMel(**LOG_MEL))
