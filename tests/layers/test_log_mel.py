import warnings

import keras
import librosa
import numpy as np
import pytest
import tensorflow as tf
from keras.src.testing import TestCase

from kerasemo.layers import LogMel

RATE, WINDOW, HOP = 16_000, 400, 160


@pytest.fixture(scope="module")
def tfio():
    """The audio operations of tensorflow-io in pure TensorFlow; warnings about its compiled operations are ignored."""
    with warnings.catch_warnings():
        for message in ("unable to load libtensorflow_io_plugins.so", "file system plugins are not loaded"):
            warnings.filterwarnings("ignore", message=message)
        module = pytest.importorskip("tensorflow_io", reason="needs tensorflow-io, for Python below 3.13")
    return module.audio


def sound(clips: int = 2, samples: int = 5000) -> np.ndarray:
    """A tone with noise that becomes louder."""
    noise = np.random.default_rng(0).normal(size=(clips, samples)) * np.linspace(1e-4, 0.1, samples)
    return (noise + 0.3 * np.sin(0.4 * np.arange(samples))).astype("float32")


def filters(n_mels: int = 64, f_min: float = 125.0, f_max: float = 7500.0) -> np.ndarray:
    return tf.signal.linear_to_mel_weight_matrix(n_mels, 1 + WINDOW // 2, RATE, f_min, f_max, tf.float64).numpy()


def by_librosa(samples: np.ndarray, weights: np.ndarray, top_db: float = 80.0) -> np.ndarray:
    """Return the spectrogram of one clip, `frames x mels`, computed by librosa with the given filters."""
    n_frames = -(-len(samples) // HOP)
    padded = np.pad(samples.astype(float), (0, WINDOW))
    spectrum = librosa.stft(padded, n_fft=WINDOW, hop_length=HOP, center=False)[:, :n_frames]
    return librosa.power_to_db(weights.T @ np.abs(spectrum) ** 2, ref=1.0, amin=1e-10, top_db=top_db).T


def network_of_any_length(**options) -> keras.Model:
    inputs = keras.Input((None,), name="waveform")
    return keras.Model(inputs, LogMel(**options)(inputs))


@pytest.mark.parametrize("samples", [1, 159, 160, 161, 5000])
def test_equals_librosa_with_the_same_filters(samples):
    x = sound(samples=samples)
    levels = LogMel(dtype="float64")(x)
    assert levels.shape == (2, -(-samples // HOP), 64, 1)
    for clip, clip_levels in zip(x, levels, strict=True):
        np.testing.assert_allclose(clip_levels[..., 0], by_librosa(clip, filters()), atol=1e-9)


def test_equals_librosa_with_other_parameters():
    levels = LogMel(n_mels=40, f_min=200.0, f_max=8000.0, top_db=30.0, dtype="float64")(sound())
    expected = by_librosa(sound()[0], filters(40, 200.0, 8000.0), top_db=30.0)
    np.testing.assert_allclose(levels[0, ..., 0], expected, atol=1e-9)
    assert np.ptp(levels[0]) == pytest.approx(30.0)


def test_window_and_hop_are_seconds_at_the_sampling_rate():
    expected = LogMel(f_max=3500.0)(sound())
    slower = LogMel(sampling_rate=8000, window_s=0.05, hop_s=0.02, f_min=62.5, f_max=1750.0)
    assert slower(sound()).shape == expected.shape
    with pytest.raises(ValueError, match="f_max <= sampling_rate / 2"):
        LogMel(sampling_rate=8000)


def test_filters_of_librosa_differ_by_a_tenth_of_a_db():
    librosa_filters = librosa.filters.mel(
        sr=RATE, n_fft=WINDOW, n_mels=64, fmin=125, fmax=7500, htk=True, norm=None, dtype=np.float64
    )
    assert 1e-3 < np.abs(by_librosa(sound()[0], librosa_filters.T) - LogMel()(sound())[0, ..., 0]).max() < 0.2


def test_equals_tensorflow_io(tfio):
    for clip, levels in zip(sound(), LogMel()(sound()), strict=True):
        powers = tf.square(tfio.spectrogram(clip, WINDOW, WINDOW, HOP))
        mels = tfio.melscale(powers, RATE, 64, 125, 7500)
        # `dbscale` squares its input.
        expected = tfio.dbscale(tf.sqrt(mels), top_db=80.0)
        np.testing.assert_allclose(levels[..., 0], expected, atol=2e-3)


@pytest.mark.parametrize("options", [{}, {"window_s": 0.0250625}], ids=["even window", "odd window"])
def test_the_portable_form_is_equal(options):
    layer = LogMel(dtype="float64", **options)
    expected = layer(sound())
    layer.portable = True
    np.testing.assert_allclose(layer(sound()), expected, atol=1e-8, rtol=0)


@pytest.mark.parametrize("portable", [False, True])
def test_float32_is_close_to_float64(portable):
    layer = LogMel()
    layer.portable = portable
    difference = np.abs(np.asarray(layer(sound())) - np.asarray(LogMel(dtype="float64")(sound())))
    assert np.quantile(difference, 0.99) < 1e-4 and difference.max() < 5e-3


def test_top_db_applies_to_each_clip_separately():
    x = sound(1) * np.array([[1.0], [1e-3]], "float32")
    levels = LogMel(top_db=40.0)(x)
    np.testing.assert_allclose(levels[1] - levels[0], -60, atol=0.01)


def test_silence_has_the_lowest_level_and_a_finite_gradient():
    x = tf.Variable(tf.concat([tf.zeros((1, 5000)), sound(1)], axis=0))
    with tf.GradientTape() as tape:
        levels = LogMel()(x)
    np.testing.assert_allclose(levels[0], -100, atol=1e-4)
    gradient = tape.gradient(levels, x)
    assert np.isfinite(gradient).all() and np.any(gradient[1] != 0)


def test_exported_network_accepts_waveforms_of_any_length(tmp_path):
    network = network_of_any_length()
    assert network.output.shape == (None, None, 64, 1)
    network.export(tmp_path, format="tf_saved_model", verbose=False)
    served = tf.saved_model.load(tmp_path).serve
    for clips, samples in [(3, 16_000), (1, 801), (2, 100)]:
        x = sound(clips, samples)
        np.testing.assert_allclose(served(x), LogMel()(x), atol=1e-4)


def test_loaded_network_gives_the_same_result(tmp_path):
    network = network_of_any_length(window_s=0.032, hop_s=0.02, n_mels=20, f_min=100.0, f_max=4000.0, top_db=50.0)
    network.save(tmp_path / "network.keras")
    loaded = keras.saving.load_model(tmp_path / "network.keras", safe_mode=True)
    np.testing.assert_array_equal(loaded.predict(sound(), verbose=0), network.predict(sound(), verbose=0))


def test_half_precision_rounds_only_the_result():
    levels = LogMel(dtype="mixed_float16")(sound())
    assert levels.dtype == tf.float16
    np.testing.assert_allclose(levels, LogMel()(sound()), rtol=2**-11, atol=1e-3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"window_s": 0.0}, "a window needs at least 2 samples"),
        ({"hop_s": 0.0}, "a hop 1"),
        ({"f_min": -1.0}, "0 <= f_min"),
        ({"f_min": 7500.0}, "f_min < f_max"),
        ({"f_max": 8001.0}, "f_max <= sampling_rate / 2"),
        ({"n_mels": 0}, "n_mels and top_db are above 0"),
        ({"top_db": 0.0}, "n_mels and top_db are above 0"),
        ({"n_mels": 128}, "a band contains no frequency"),
    ],
)
def test_values_out_of_range_are_an_error(options, message):
    with pytest.raises(ValueError, match=message):
        LogMel(**options)


class TestHarness(TestCase):
    def test_layer_harness_of_keras(self):
        self.run_layer_test(
            LogMel,
            init_kwargs={"n_mels": 32, "top_db": 60.0},
            input_shape=(2, 4000),
            expected_output_shape=(2, 25, 32, 1),
            expected_num_trainable_weights=0,
            expected_num_non_trainable_weights=0,
            supports_masking=False,
            custom_objects={"LogMel": LogMel},
        )
