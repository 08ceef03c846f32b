import numpy as np
import pytest
import soundfile
import soxr

from kerasemo.features.short_term import NAMES, ShortTerm


def test_equals_pyaudioanalysis_on_real_speech(ravdess_root):
    oracle = pytest.importorskip(
        "pyAudioAnalysis.ShortTermFeatures", reason="needs pyAudioAnalysis 0.3.14, for Python below 3.13"
    )
    wavs = sorted(ravdess_root.rglob("*.wav"))
    stereo = [path for path in wavs if soundfile.info(path).channels == 2]
    for path in [*wavs[::80], stereo[0]]:
        samples, rate = soundfile.read(path, always_2d=True, dtype="float32")
        samples = soxr.resample(samples.mean(axis=1), rate, 16_000, quality="HQ")
        expected, _ = oracle.feature_extraction(samples.astype(float) * 2**15, 16_000, 800, 400)
        features = ShortTerm().extract(path)
        assert features.shape == (1 + (len(samples) - 800) // 400, len(NAMES))
        np.testing.assert_allclose(features, expected.T, rtol=1e-6, atol=1e-9)
