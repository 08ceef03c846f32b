import keras
import pytest

from kerasemo.weighting import Static


def test_static_is_the_weighted_sum():
    loss = Static({"emotion": 0.75, "gender": 0.5})({"emotion": keras.ops.array(2.0), "gender": keras.ops.array(3.0)})
    assert float(loss) == 0.75 * 2 + 0.5 * 3


def test_equal_weights_are_one():
    assert Static.equal(["emotion", "gender"]).weights_by_task == {"emotion": 1.0, "gender": 1.0}


@pytest.mark.parametrize("weights", [{}, {"emotion": -1.0}, {"emotion": 0.0, "gender": 0.0}])
def test_invalid_weights_are_an_error(weights):
    with pytest.raises(ValueError, match="Received"):
        Static(weights)
