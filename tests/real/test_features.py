from typing import get_args

import librosa
import numpy as np
import pytest
import soundfile

from kerasemo.features.media import read_audio, require_whole
from kerasemo.features.mfcc import Mfcc, Resampler
from kerasemo.features.waveform import Waveform


@pytest.fixture(scope="module")
def wavs(ravdess_root):
    return sorted(ravdess_root.rglob("*.wav"))


def test_every_wav_is_whole_and_of_the_known_kind(wavs):
    assert len(wavs) == 480
    channels = []
    for path in wavs:
        require_whole(path)
        info = soundfile.info(path)
        assert (info.samplerate, info.subtype) == (48000, "PCM_16")
        assert 2.9 < info.duration < 5.3
        channels.append(info.channels)
    assert (channels.count(1), channels.count(2)) == (477, 3)


def test_a_cut_wav_is_noticed_though_other_chunks_follow_its_samples(wavs, tmp_path):
    content = wavs[0].read_bytes()
    for kept, whole in [(len(content) // 2, False), (len(content) - 1000, True)]:
        path = tmp_path / "cut.wav"
        path.write_bytes(content[:kept])
        if whole:
            np.testing.assert_array_equal(read_audio(path)[0], read_audio(wavs[0])[0])
        else:
            with pytest.raises(ValueError, match="is truncated"):
                read_audio(path)


@pytest.mark.parametrize("resampler", get_args(Resampler))
def test_mfccs_equal_librosas_to_the_bit(wavs, resampler):
    stereo = [path for path in wavs if soundfile.info(path).channels == 2]
    for path in [wavs[0], wavs[300], stereo[0]]:
        samples, rate = librosa.load(path, sr=22050, res_type=resampler)
        expected = librosa.feature.mfcc(y=samples, sr=rate, n_mfcc=40).T
        mfcc = Mfcc(resampler=resampler).extract(path)
        assert mfcc.shape == (1 + len(samples) // 512, 40)
        np.testing.assert_array_equal(mfcc, expected)


def test_waveforms_are_the_speakers_channel_of_the_first_seconds(wavs):
    stereo = [path for path in wavs if soundfile.info(path).channels == 2]
    for path in [*wavs[:5], *stereo]:
        samples, _ = librosa.load(path, sr=16_000, mono=False, res_type="soxr_hq")
        for gender, own in (("female", np.atleast_2d(samples)[0]), ("male", np.atleast_2d(samples)[-1])):
            expected = own[:32_000] - own[:32_000].mean(dtype=float)
            extracted = Waveform(longest_s=2.0).extract(path, gender=gender)
            assert extracted.shape == (32_000,)
            np.testing.assert_allclose(extracted, expected / expected.std(dtype=float), atol=1e-3)
