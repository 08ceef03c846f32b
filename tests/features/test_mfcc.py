import warnings
from typing import get_args

import librosa
import numpy as np
import pytest

from kerasemo.errors import BrokenClip, InputError
from kerasemo.features.mfcc import Mfcc, Resampler, pool


def as_librosa(path, resampler="kaiser_best", sampling_rate=22050, **options):
    samples, _ = librosa.load(path, sr=sampling_rate, res_type=resampler)
    return librosa.feature.mfcc(y=samples, sr=sampling_rate, **options).T


@pytest.mark.parametrize("resampler", get_args(Resampler))
@pytest.mark.parametrize("rate", [8000, 22050, 48000])
def test_equals_librosa_to_the_bit(media, tmp_path, resampler, rate):
    path = media.write_wav(tmp_path / "a.wav", rate=rate)
    mfcc = Mfcc(resampler=resampler).extract(path)
    assert mfcc.dtype == np.float32
    assert mfcc.flags.c_contiguous
    np.testing.assert_array_equal(mfcc, as_librosa(path, resampler, n_mfcc=40))


def test_equals_librosa_with_other_parameters_and_two_channels(media, tmp_path):
    path = media.write_wav(tmp_path / "a.wav", np.stack([media.tone(hertz=300), media.tone(hertz=500)], axis=1))
    mfcc = Mfcc(n_mfcc=13, sampling_rate=16000, n_fft=512, hop_length=160).extract(path)
    expected = as_librosa(path, sampling_rate=16000, n_mfcc=13, n_fft=512, hop_length=160)
    np.testing.assert_array_equal(mfcc, expected)
    assert mfcc.shape == (1 + 8000 // 160, 13)


def test_a_part_equals_a_file_with_only_that_part(media, tmp_path):
    samples = np.concatenate([media.tone(hertz=300), media.tone(hertz=500), media.tone(hertz=700)])
    complete = media.write_wav(tmp_path / "a.wav", samples)
    part = media.write_wav(tmp_path / "b.wav", media.tone(hertz=500))
    np.testing.assert_array_equal(Mfcc().extract(complete, 0.5, 1.0), Mfcc().extract(part))


def test_a_clip_shorter_than_a_window_gives_its_frames_without_a_warning(media, tmp_path):
    path = media.write_wav(tmp_path / "a.wav", media.tone(seconds=0.01, rate=22050), rate=22050)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        mfcc = Mfcc().extract(path)
    assert mfcc.shape == (1, 40)
    assert np.isfinite(mfcc).all()


@pytest.mark.parametrize("resampler", get_args(Resampler))
def test_a_clip_too_short_to_resample_is_broken(media, tmp_path, resampler):
    path = media.write_wav(tmp_path / "a.wav", np.ones(2) / 2, rate=48000)
    with pytest.raises(BrokenClip, match="too short: 2 samples at 48000 Hz"):
        Mfcc(resampler=resampler).extract(path)


@pytest.mark.parametrize("resampler", get_args(Resampler))
def test_three_samples_are_enough(media, tmp_path, resampler):
    path = media.write_wav(tmp_path / "a.wav", np.ones(3) / 2, rate=48000)
    assert Mfcc(resampler=resampler).extract(path).shape == (1, 40)


def test_pool_keeps_the_first_frames_or_goes_on_with_the_last():
    mfcc = np.arange(12, dtype=np.float32).reshape(4, 3)
    np.testing.assert_array_equal(pool(mfcc), [4.5, 5.5, 6.5])
    np.testing.assert_array_equal(pool(mfcc, 2), mfcc[:2])
    np.testing.assert_array_equal(pool(mfcc, 4), mfcc)
    np.testing.assert_array_equal(pool(mfcc, 6), mfcc[[0, 1, 2, 3, 3, 3]])
    assert pool(mfcc).dtype == pool(mfcc, 6).dtype == np.float32


def test_pool_refuses_what_has_no_frame():
    with pytest.raises(InputError, match="n_frames must be at least 1"):
        pool(np.ones((4, 3)), 0)
    with pytest.raises(InputError, match="no frame"):
        pool(np.ones((0, 3)))
