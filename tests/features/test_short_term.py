import numpy as np
import pytest
import soxr

from kerasemo.errors import BrokenClip
from kerasemo.features import ShortTermFunctionals
from kerasemo.features import short_term as module
from kerasemo.features.short_term import NAMES, ShortTerm, short_term, shortest_window

RATE, WINDOW, HOP = 16_000, 800, 400


@pytest.fixture(scope="module")
def oracle():
    # Its whole package asks for more than this module needs.
    of_frames = pytest.importorskip(
        "pyAudioAnalysis.ShortTermFeatures", reason="needs pyAudioAnalysis 0.3.14, for Python below 3.13"
    )
    return of_frames.feature_extraction


def noise(n: int = RATE, seed: int = 0) -> np.ndarray:
    return 0.1 * np.random.default_rng(seed).normal(size=n)


def noise_around_silence(n: int) -> np.ndarray:
    return np.where(np.abs(np.arange(n) - n / 2) < n / 4, 0.0, noise(n))


def click(n: int) -> np.ndarray:
    return np.eye(1, n, n // 2)[0]


SOUNDS = {
    "noise": noise,
    "tone": lambda n: 0.5 * np.sin(0.1728 * np.arange(n)),
    "noise around silence": noise_around_silence,
    "silence": np.zeros,
    "constant": lambda n: np.full(n, 0.1),
    "click": click,
    "noise of a few steps": lambda n: np.round(30 * noise(n)) / 2**15,
}


def column(features: np.ndarray, name: str) -> np.ndarray:
    return features[:, NAMES.index(name)]


@pytest.mark.parametrize("sound", SOUNDS)
@pytest.mark.parametrize(
    ("rate", "window", "hop"),
    [(RATE, WINDOW, HOP), (RATE, 198, 60), (RATE, 801, 333), (8000, 400, 200), (44_100, 2205, 1102)],
)
def test_equals_pyaudioanalysis(oracle, sound, rate, window, hop):
    # 137 frames, which is more than a block.
    samples = SOUNDS[sound](window + 136 * hop)
    expected, names = oracle(samples * 2**15, rate, window, hop)
    assert list(NAMES) == names
    np.testing.assert_allclose(short_term(samples, rate, window, hop), expected.T, rtol=1e-6, atol=1e-9)


def test_frames_do_not_depend_on_the_blocks_they_are_computed_in(monkeypatch):
    expected = short_term(noise(), RATE, WINDOW, HOP)
    monkeypatch.setattr(module, "_FRAMES_AT_ONCE", 7)
    np.testing.assert_allclose(short_term(noise(), RATE, WINDOW, HOP), expected, rtol=1e-12, atol=1e-15)


def test_what_fills_no_window_is_left_out():
    # Mirrored, so that each part has mean 0 and one peak.
    samples = np.concatenate([noise(1000), -noise(1000)])
    assert [len(short_term(samples[:n], RATE, WINDOW, HOP)) for n in (800, 1199, 1200, 2000)] == [1, 1, 2, 4]
    longer = np.concatenate([samples, [0.0] * 399])
    np.testing.assert_allclose(short_term(longer, RATE, WINDOW, HOP), short_term(samples, RATE, WINDOW, HOP), rtol=1e-9)


def test_a_square_wave_has_its_crossings_energy_and_full_entropy():
    # 40 samples up, 40 down: 19 changes in 800 samples, all parts alike, mean 0, peak 1.
    samples = np.tile(np.repeat([0.5, -0.5], 40), 20)
    features = short_term(samples, RATE, WINDOW, WINDOW)
    np.testing.assert_allclose(column(features, "zcr"), 19 / 799, rtol=1e-12)
    np.testing.assert_allclose(column(features, "energy"), 1, rtol=1e-9)
    np.testing.assert_allclose(column(features, "energy_entropy"), np.log2(10), rtol=1e-9)
    np.testing.assert_allclose(features[:, len(NAMES) // 2 :], 0, atol=1e-12)


@pytest.mark.parametrize("bin_of_tone", [20, 100, 399])
def test_a_tone_on_a_bin_is_all_that_the_spectrum_has(bin_of_tone):
    samples = np.cos(2 * np.pi * bin_of_tone / WINDOW * np.arange(2 * WINDOW))
    features = short_term(samples, RATE, WINDOW, WINDOW)
    np.testing.assert_allclose(column(features, "spectral_centroid"), (bin_of_tone + 1) / 400, rtol=1e-9)
    np.testing.assert_allclose(column(features, "spectral_spread"), 0, atol=1e-6)
    np.testing.assert_allclose(column(features, "spectral_entropy"), 0, atol=1e-9)
    np.testing.assert_allclose(column(features, "spectral_flux"), 0, atol=1e-9)
    np.testing.assert_allclose(column(features, "spectral_rolloff"), bin_of_tone / 400, rtol=1e-12)


def test_loudness_of_the_whole_clip_and_an_offset_do_not_count():
    expected = short_term(noise(), RATE, WINDOW, HOP)
    np.testing.assert_allclose(short_term(0.01 * noise() + 0.3, RATE, WINDOW, HOP), expected, rtol=1e-5, atol=1e-6)


def test_the_second_half_is_the_change_of_the_first():
    values, deltas = np.split(short_term(noise(), RATE, WINDOW, HOP), 2, axis=1)
    np.testing.assert_array_equal(deltas[0], 0)
    np.testing.assert_array_equal(deltas[1:], values[1:] - values[:-1])
    assert column(values, "spectral_flux")[0] == 0 and (column(values, "spectral_flux")[1:] > 0).all()


def test_a_clip_has_float32_features_of_its_sound(media, tmp_path):
    path = media.write_wav(tmp_path / "a.wav", noise(), RATE, subtype="FLOAT")
    features = ShortTerm().extract(path)
    assert (features.dtype, features.shape) == (np.float32, (39, 68))
    np.testing.assert_allclose(features, short_term(noise(), RATE, WINDOW, HOP), rtol=1e-4, atol=1e-5)
    part = media.write_wav(tmp_path / "b.wav", noise()[4000:12_000], RATE, subtype="FLOAT")
    np.testing.assert_array_equal(ShortTerm().extract(path, 0.25, 0.75), ShortTerm().extract(part))


def test_two_channels_count_as_their_mean(media, tmp_path):
    left, right = noise(seed=1), noise(seed=2)
    stereo = media.write_wav(tmp_path / "a.wav", np.stack([left, right], axis=1), RATE, subtype="FLOAT")
    mono = media.write_wav(tmp_path / "b.wav", (left + right) / 2, RATE, subtype="FLOAT")
    np.testing.assert_allclose(ShortTerm().extract(stereo), ShortTerm().extract(mono), rtol=1e-3, atol=1e-5)


def test_other_rates_are_resampled(media, tmp_path):
    samples = media.tone(1.0, 48_000)
    path = media.write_wav(tmp_path / "a.wav", samples, 48_000, subtype="FLOAT")
    expected = short_term(soxr.resample(samples, 48_000, RATE, quality="HQ"), RATE, WINDOW, HOP)
    np.testing.assert_array_equal(ShortTerm().extract(path), expected.astype(np.float32))


def test_window_and_hop_are_given_in_seconds(media, tmp_path):
    path = media.write_wav(tmp_path / "a.wav", noise(8000), 8000, subtype="FLOAT")
    features = ShortTerm(sampling_rate=8000, window_s=0.1, hop_s=0.02).extract(path)
    np.testing.assert_allclose(features, short_term(noise(8000), 8000, 800, 160), rtol=1e-4, atol=1e-5)


def test_sound_shorter_than_a_window_is_broken(media, tmp_path):
    path = media.write_wav(tmp_path / "a.wav", noise(WINDOW), RATE)
    assert ShortTerm().extract(path).shape == (1, 68)
    for n, rate, left in [(WINDOW - 1, RATE, 799), (1, 48_000, 0)]:
        path = media.write_wav(tmp_path / "b.wav", noise(n), rate)
        sentence = rf"b\.wav is too short for short_term: {left} samples at 16000 Hz, and a window takes 800\.$"
        with pytest.raises(BrokenClip, match=sentence):
            ShortTerm().extract(path)


def test_silence_has_finite_features(media, tmp_path):
    features = ShortTerm().extract(media.write_wav(tmp_path / "a.wav", np.zeros(RATE), RATE))
    assert np.isfinite(features).all()
    names_above_0 = {name for name, of_one in zip(NAMES, features.T, strict=True) if np.abs(of_one).max() > 1e-9}
    assert names_above_0 == {"mfcc_1"}


def test_the_shortest_window_has_just_more_bins_than_semitones():
    for rate in (8000, RATE, 44_100):
        shortest = shortest_window(rate)
        semitones = round(12 * np.log2(rate / 2 / 27.5))
        assert shortest // 2 == semitones + 1
        ShortTerm(sampling_rate=rate, window_s=shortest / rate)
        with pytest.raises(ValueError, match=f"short_term: window_s must hold {shortest} samples at least"):
            ShortTerm(sampling_rate=rate, window_s=(shortest - 1) / rate)


def test_below_the_shortest_window_pyaudioanalysis_has_no_chroma_either(oracle):
    with pytest.raises((IndexError, ValueError)):
        oracle(noise(2000) * 2**15, RATE, shortest_window(RATE) - 2, 100)


def test_functionals_are_means_and_deviations_of_34_features_without_deltas(media, tmp_path):
    path = media.write_wav(tmp_path / "a.wav", noise(), RATE, subtype="FLOAT")
    values = ShortTerm().extract(path)[:, :34].astype(float)
    features = ShortTermFunctionals().extract(path)
    assert (features.dtype, features.shape) == (np.float32, (1, 68))
    np.testing.assert_allclose(features[0], [*values.mean(axis=0), *values.std(axis=0)], rtol=1e-6)
