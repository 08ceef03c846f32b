import numpy as np
import pytest

from kerasemo.errors import BrokenClip
from kerasemo.features import FeatureStore, Waveform

RATE = 16_000


def noise(seconds, seed=0):
    return np.random.default_rng(seed).normal(0.05, 0.1, round(seconds * RATE)).clip(-1, 1).astype(np.float32)


def write(media, path, *channels):
    return media.write_wav(path, np.stack(channels, axis=1), RATE, subtype="FLOAT")


def test_long_clips_are_cut_and_short_ones_keep_their_length(media, tmp_path):
    short = Waveform().extract(write(media, tmp_path / "short.wav", noise(0.7)))
    assert short.dtype == np.float32 and short.shape == (11_200,)
    samples = noise(7)
    long = Waveform().extract(write(media, tmp_path / "long.wav", samples))
    assert long.shape == (96_000,)
    np.testing.assert_allclose(long, (samples[:96_000] - samples[:96_000].mean()) / samples[:96_000].std(), atol=1e-5)


def test_the_variance_is_the_squared_deviation(media, tmp_path):
    samples = noise(0.5)
    path = write(media, tmp_path / "a.wav", samples)
    standard = Waveform().extract(path)
    assert abs(standard.mean()) < 1e-6 and abs(standard.std() - 1) < 1e-6
    np.testing.assert_allclose(Waveform(scale="variance").extract(path), standard / samples.std(), rtol=1e-4)


def test_loudness_is_taken_out_and_by_the_variance_turned_round(media, tmp_path):
    samples = noise(0.5)
    loud = write(media, tmp_path / "loud.wav", samples)
    quiet = write(media, tmp_path / "quiet.wav", samples / 4)
    np.testing.assert_allclose(Waveform().extract(quiet), Waveform().extract(loud), atol=1e-5)
    by_variance = Waveform(scale="variance")
    np.testing.assert_allclose(by_variance.extract(quiet), 4 * by_variance.extract(loud), atol=1e-3)


def test_women_are_on_the_left_and_men_on_the_right(media, tmp_path):
    left, right = noise(0.5, 1), noise(0.5, 2)
    path = write(media, tmp_path / "a.wav", left, right)
    expected = {"female": left, "male": right, None: (left + right) / 2}
    for gender, samples in expected.items():
        alone = Waveform().extract(write(media, tmp_path / "b.wav", samples))
        np.testing.assert_allclose(Waveform().extract(path, gender=gender), alone, atol=1e-5)
        np.testing.assert_allclose(
            Waveform(channel="mean").extract(path, gender=gender), Waveform().extract(path), atol=1e-6
        )


@pytest.mark.parametrize("gender", ["female", "male", None])
def test_one_channel_is_everyones(media, tmp_path, gender):
    path = write(media, tmp_path / "a.wav", noise(0.5))
    np.testing.assert_array_equal(Waveform().extract(path, gender=gender), Waveform().extract(path))


def test_sound_of_a_video_has_channels_too(media, tmp_path):
    pitches = {"female": 440.0, "male": 1500.0}
    tones = np.stack([media.tone(1.0, RATE, hertz) for hertz in pitches.values()])
    path = media.write_video(tmp_path / "a.mp4", samples=tones, rate=RATE)
    for gender, hertz in pitches.items():
        spectrum = np.abs(np.fft.rfft(Waveform().extract(path, gender=gender)[:RATE]))
        loud = np.flatnonzero(spectrum > 0.1 * spectrum.max())
        np.testing.assert_allclose(loud * RATE / min(RATE, 2 * len(spectrum) - 2), hertz, atol=20)


def test_other_rates_are_resampled(media, tmp_path):
    path = media.write_wav(tmp_path / "a.wav", media.tone(1.0, 48_000), 48_000)
    expected = media.tone(1.0, RATE) / np.std(media.tone(1.0, RATE))
    np.testing.assert_allclose(Waveform().extract(path)[200:-200], expected[200:-200], atol=0.01)


def test_a_part_of_the_file_is_taken(media, tmp_path):
    samples = noise(1.0)
    path = write(media, tmp_path / "a.wav", samples)
    part = write(media, tmp_path / "b.wav", samples[4000:12_000])
    np.testing.assert_allclose(Waveform().extract(path, 0.25, 0.75), Waveform().extract(part), atol=1e-6)


def test_silence_is_broken(media, tmp_path):
    path = write(media, tmp_path / "a.wav", noise(0.5), np.zeros(RATE // 2, np.float32))
    assert len(Waveform().extract(path, gender="female"))
    with pytest.raises(BrokenClip, match=r"a\.wav is silent in the channel of the male speaker\.$"):
        Waveform().extract(path, gender="male")
    with pytest.raises(BrokenClip, match=r"b\.wav is silent\.$"):
        Waveform().extract(write(media, tmp_path / "b.wav", np.full(800, 0.25, np.float32)))


def test_a_clip_of_less_than_a_sample_is_broken(media, tmp_path):
    path = media.write_wav(tmp_path / "a.wav", np.array([0.5], np.float32), 192_000)
    with pytest.raises(BrokenClip, match=r"a\.wav is too short: it holds no sample at 16000 Hz\.$"):
        Waveform().extract(path)


def test_the_store_passes_gender_and_knows_whole_files(media, tmp_path):
    left, right = noise(1.0, 1), noise(1.0, 2)
    write(media, tmp_path / "a.wav", left, right)
    manifest = media.audio_manifest(tmp_path).iloc[[0] * 5].reset_index(drop=True)
    manifest["clip"] = ["woman", "man", "unknown", "part", "other"]
    manifest["gender"] = ["female", "male", None, "male", "male"]
    manifest[["start_s", "end_s"]] = 0.25, 0.5
    manifest["whole_file"] = ["audio", "audio", "audio", None, "video"]
    for _ in range(2):
        features = FeatureStore(tmp_path / "store").extract(manifest, tmp_path, Waveform()).features
        for clip, gender in zip(manifest["clip"], manifest["gender"], strict=True):
            span = (None, None) if clip in ("woman", "man", "unknown") else (0.25, 0.5)
            np.testing.assert_array_equal(features[clip], Waveform().extract(tmp_path / "a.wav", *span, gender=gender))


@pytest.mark.parametrize("rate", [8000, 16_000, 44_100])
def test_block_by_block_the_sound_is_the_same(media, tmp_path, rate, monkeypatch):
    samples = np.stack([media.tone(2.5, rate, 440), media.tone(2.5, rate, 700)], axis=1)
    path = media.write_wav(tmp_path / "a.wav", samples, rate)
    whole = Waveform().extract(path, 0.3, 2.2, gender="male")
    monkeypatch.setattr("kerasemo.features.media.BLOCK_S", 1)
    blocks = list(Waveform().read_blocks(path, 0.3, 2.2, gender="male"))
    assert len(blocks) == 3  # of 1 s, of the rest, and of what the resampler still held
    np.testing.assert_array_equal(Waveform().standardise(np.concatenate(blocks)), whole)
