import keras
import numpy as np
import pytest

from kerasemo.layers import LastValid, ZeroPadded

SEQUENCE = np.random.default_rng(0).normal(size=(3, 6, 2)).astype("float32")
N_FRAMES = np.array([6, 1, 3])


def test_padding_is_set_to_zero():
    got = np.asarray(ZeroPadded()([SEQUENCE, N_FRAMES]))
    valid = np.arange(6) < N_FRAMES[:, None]
    np.testing.assert_array_equal(got[valid], SEQUENCE[valid])
    assert not got[~valid].any()


def test_a_frame_may_have_several_steps():
    got = np.asarray(ZeroPadded(steps=2)([SEQUENCE, np.array([1, 2, 9])]))
    assert [int((clip != 0).any(axis=-1).sum()) for clip in got] == [2, 4, 6]


def test_nan_in_the_padding_is_set_to_zero():
    sequence = SEQUENCE.copy()
    sequence[1, 1:] = np.nan
    assert np.isfinite(np.asarray(ZeroPadded()([sequence, N_FRAMES]))).all()


@pytest.mark.parametrize(("n_frames", "last"), [([6, 1, 3], [5, 0, 2]), ([99, 0, -1], [5, 0, 0])])
def test_the_last_valid_frame(n_frames, last):
    got = np.asarray(LastValid()([SEQUENCE, np.array(n_frames)]))
    np.testing.assert_array_equal(got, SEQUENCE[np.arange(3), last])


@pytest.mark.parametrize(("layer", "expected"), [(ZeroPadded(2), (None, None, 2)), (LastValid(), (None, 2))])
def test_unknown_lengths_and_loaded_model(layer, expected, tmp_path):
    inputs = [keras.Input((None, 2)), keras.Input((), dtype="int32")]
    model = keras.Model(inputs, layer(inputs))
    assert model.output.shape == expected
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    values = [SEQUENCE, N_FRAMES]
    np.testing.assert_array_equal(loaded.predict(values, verbose=0), model.predict(values, verbose=0))
