import numpy as np
import pytest

from kerasemo.errors import InputError
from kerasemo.features import Mfcc, MfccFunctionals
from kerasemo.features.functionals import functionals, windows


@pytest.mark.parametrize(("hop_s", "n_frames"), [(0.01, 1234), (0.1, 60), (0.02, 1), (1 / 30, 400), (512 / 22050, 700)])
def test_windows_have_their_centre_on_the_frame_of_their_time(hop_s, n_frames):
    first, last = windows(n_frames, hop_s)
    half = round(2.0 / hop_s)
    for k, (start, stop) in enumerate(zip(first, last, strict=True)):
        centre = next(frame for frame in range(n_frames + 1) if (frame + 1) * hop_s > k * 0.1 + 1e-7)
        assert (start, stop) == (max(centre - half, 0), min(centre + half + 1, n_frames))
    # One more window would have its centre behind the end.
    assert (len(first) - 1) * 0.1 < n_frames * hop_s <= len(first) * 0.1 + 1e-7


def test_functionals_are_mean_and_deviation_by_hand():
    frames = np.random.default_rng(0).normal(size=(1000, 3)) + 1e6
    result = functionals(frames, hop_s=0.01)
    assert result.shape == (100, 6)
    assert result.dtype == np.float64
    for k, part in [(0, frames[:201]), (7, frames[:271]), (50, frames[300:701]), (99, frames[790:])]:
        np.testing.assert_array_equal(result[k], [*part.mean(axis=0), *part.std(axis=0)])


def test_a_constant_has_no_deviation():
    np.testing.assert_allclose(functionals(np.full((50, 2), 1e3), hop_s=0.1, window_s=1.6), [[1e3, 1e3, 0, 0]] * 50)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"descriptors": np.zeros(5), "hop_s": 0.1}, "frames x descriptors"),
        ({"descriptors": np.zeros((0, 5)), "hop_s": 0.1}, "no frame"),
        ({"descriptors": np.zeros((5, 1)), "hop_s": 0}, "hop_s must be above 0"),
        ({"descriptors": np.zeros((5, 1)), "hop_s": 0.1, "window_s": -1}, "window_s must be above 0"),
        ({"descriptors": np.zeros((5, 1)), "hop_s": 0.1, "step_s": np.nan}, "step_s must be above 0"),
    ],
)
def test_what_cannot_be_is_refused(arguments, sentence):
    with pytest.raises(InputError, match=sentence):
        functionals(**arguments)


def test_functionals_of_mfccs_of_a_clip(media, tmp_path):
    path = media.write_wav(tmp_path / "a.wav", media.tone(seconds=1.5))
    found = MfccFunctionals(n_mfcc=5).extract(path)
    assert found.shape == (16, 10)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, functionals(Mfcc(n_mfcc=5).extract(path), 512 / 22050), rtol=1e-6)
