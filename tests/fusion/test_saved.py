import numpy as np
import pytest

from kerasemo.errors import InputError
from kerasemo.fusion import saved
from kerasemo.fusion.multistage import MultistageSVR
from kerasemo.fusion.stage import apply


@pytest.fixture
def file(data, tmp_path):
    estimator = MultistageSVR(context=2, n_stages=2).fit(data.inputs, data.labels, data.lengths)
    saved.save(tmp_path / "fusion.npz", data.models, estimator.stages())
    return tmp_path / "fusion.npz"


def test_loaded_fusion_gives_exactly_the_same_predictions(file, data):
    models, stages = saved.load(file)
    assert models == data.models
    estimator = MultistageSVR(context=2, n_stages=2).fit(data.inputs, data.labels, data.lengths)
    expected = estimator.predict(data.inputs, data.lengths)
    np.testing.assert_array_equal(apply(stages, data.inputs, data.lengths)[-1], expected)


def rewrite(file, **changes):
    with np.load(file) as archive:
        arrays = dict(archive) | changes
    np.savez(file, **{name: array for name, array in arrays.items() if array is not None})


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"models": np.array(["one"])}, "do not fit together"),
        ({"bias_1": np.array(0.0)}, "do not fit together"),
        ({"kernel_1": np.zeros((4, 9, 3))}, "do not fit together"),
        ({"level_2": np.full((12, 3), np.nan)}, "do not fit together"),
        ({"kernel_1": None}, "is not a fitted fusion"),
        ({"models": None}, "is not a fitted fusion"),
        ({"models": np.array([{}], object)}, "is not a fitted fusion"),
    ],
)
def test_damaged_files_and_pickles_are_an_error(file, changes, sentence):
    rewrite(file, **changes)
    with pytest.raises(InputError, match=sentence):
        saved.load(file)


def test_other_files_are_an_error(tmp_path):
    for content in [b"", b"no archive", b"PK\x03\x04 broken"]:
        (tmp_path / "fusion.npz").write_bytes(content)
        with pytest.raises(InputError, match="is not a fitted fusion"):
            saved.load(tmp_path / "fusion.npz")
    with pytest.raises(InputError, match="is not a fitted fusion"):
        saved.load(tmp_path / "none.npz")
    saved.save(tmp_path / "empty.npz", ["one"], [])
    with pytest.raises(InputError, match="without stages"):
        saved.load(tmp_path / "empty.npz")
