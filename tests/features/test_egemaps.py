import sys

import numpy as np
import pytest

from kerasemo.errors import BrokenClip, InputError
from kerasemo.features import Egemaps, EgemapsFunctionals
from kerasemo.features.egemaps import HOP_S
from kerasemo.features.functionals import functionals


def test_without_opensmile_the_error_says_what_to_install(media, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "opensmile", None)
    path = media.write_wav(tmp_path / "a.wav")
    for feature_set in (Egemaps(), EgemapsFunctionals()):
        with pytest.raises(InputError, match=r"pip install kerasemo\[opensmile\]") as caught:
            feature_set.extract(path)
        # No fault of the clip, which would only be set aside.
        assert not isinstance(caught.value, BrokenClip)


@pytest.fixture
def opensmile():
    return pytest.importorskip("opensmile", reason="needs the extra kerasemo[opensmile]")


@pytest.mark.parametrize(("edition", "width"), [("eGeMAPSv01a", 23), ("eGeMAPSv01b", 23), ("eGeMAPSv02", 25)])
def test_descriptors_are_opensmiles(opensmile, media, tmp_path, edition, width):
    path = media.write_wav(tmp_path / "a.wav", media.tone(seconds=1.0, rate=16000), rate=16000)
    found = Egemaps(edition).extract(path)
    assert found.dtype == np.float32
    assert found.shape == (96, width)
    smile = opensmile.Smile(opensmile.FeatureSet[edition], opensmile.FeatureLevel.LowLevelDescriptors)
    expected = smile.process_file(str(path))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)
    starts = expected.index.get_level_values("start").total_seconds()
    np.testing.assert_allclose(starts, np.arange(96) * HOP_S, atol=1e-9)


def test_functionals_have_a_row_every_tenth_of_a_second(opensmile, media, tmp_path):
    path = media.write_wav(tmp_path / "a.wav", media.tone(seconds=1.0, rate=16000), rate=16000)
    found = EgemapsFunctionals().extract(path)
    assert found.shape == (10, 46)
    np.testing.assert_allclose(found, functionals(Egemaps().extract(path), HOP_S), rtol=1e-6)


def test_a_clip_of_one_window_has_frames_and_a_shorter_one_is_broken(opensmile, media, tmp_path):
    path = media.write_wav(tmp_path / "a.wav", media.tone(seconds=0.06, rate=16000), rate=16000)
    assert np.isfinite(Egemaps().extract(path)).all()
    path = media.write_wav(tmp_path / "b.wav", media.tone(seconds=0.059, rate=16000), rate=16000)
    with pytest.raises(BrokenClip, match=r"b.wav is too short for egemaps: 944 samples at 16000 Hz"):
        Egemaps().extract(path)
