import importlib.util
import subprocess
import sys

import pytest

from kerasemo.errors import BrokenClip, InputError
from kerasemo.features import Egemaps, EgemapsFunctionals

# openSMILE cannot be loaded into the process of the tests, which has TensorFlow.
ALONE = """
import sys
from typing import get_args
import numpy as np
from kerasemo.errors import BrokenClip
from kerasemo.features import Egemaps, EgemapsFunctionals
from kerasemo.features.egemaps import HOP_S, Edition
from kerasemo.features.functionals import functionals

second, window, shorter = sys.argv[1:]
for edition, width in zip(get_args(Edition), [23, 23, 25], strict=True):
    found = Egemaps(edition).extract(second)
    assert found.dtype == np.float32
    assert found.shape == (96, width)
    import opensmile
    smile = opensmile.Smile(opensmile.FeatureSet[edition], opensmile.FeatureLevel.LowLevelDescriptors)
    expected = smile.process_file(second)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)
    starts = expected.index.get_level_values("start").total_seconds()
    np.testing.assert_allclose(starts, np.arange(96) * HOP_S, atol=1e-9)
found = EgemapsFunctionals().extract(second)
assert found.shape == (10, 46)
np.testing.assert_allclose(found, functionals(Egemaps().extract(second), HOP_S), rtol=1e-6)
assert np.isfinite(Egemaps().extract(window)).all()
try:
    Egemaps().extract(shorter)
except BrokenClip as error:
    assert "is too short for egemaps: 944 samples at 16000 Hz" in str(error)
else:
    raise AssertionError("a clip shorter than a window has no frame")
"""


def test_without_opensmile_the_error_says_what_to_install(media, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "opensmile", None)
    path = media.write_wav(tmp_path / "a.wav")
    for feature_set in (Egemaps(), EgemapsFunctionals()):
        with pytest.raises(InputError, match=r"pip install kerasemo\[opensmile\]") as caught:
            feature_set.extract(path)
        # No fault of the clip, which would only be set aside.
        assert not isinstance(caught.value, BrokenClip)


def test_after_tensorflow_it_is_refused_before_it_crashes(media, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow", sys)
    monkeypatch.delitem(sys.modules, "opensmile", raising=False)
    with pytest.raises(InputError, match="put `import opensmile` before it"):
        Egemaps().extract(media.write_wav(tmp_path / "a.wav"))


@pytest.mark.skipif(not importlib.util.find_spec("opensmile"), reason="needs the extra kerasemo[opensmile]")
def test_descriptors_and_functionals_are_opensmiles(media, tmp_path):
    paths = [
        media.write_wav(tmp_path / f"{seconds}.wav", media.tone(seconds=seconds, rate=16000), rate=16000)
        for seconds in (1.0, 0.06, 0.059)
    ]
    done = subprocess.run([sys.executable, "-c", ALONE, *paths], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_opensmile_is_loaded_with_the_feature_set_because_tensorflow_may_be_loaded_before_the_first_clip(tmp_path):
    (tmp_path / "opensmile.py").touch()
    check = "import sys; from kerasemo.features import from_config; from_config({'feature_set': 'egemaps_functionals'})"
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); {check}; sys.exit('opensmile' not in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
