import numpy as np

from kerasemo.training.missing import UNKNOWN, known, masked


def test_without_gaps_nothing_is_weighted():
    targets = {"emotion": np.array([0, 2]), "valence": np.array([-1.0, 3.0]), "logits": np.ones((2, 3), "float32")}
    same, weights = masked(targets)
    assert weights is None and all(same[name] is targets[name] for name in targets)


def test_missing_labels_have_weight_0_and_the_mean_weight_is_1():
    targets = {"emotion": np.array([UNKNOWN, 1, 2, UNKNOWN]), "valence": np.array([2.5, np.nan, 4.0, 1.0])}
    filled, weights = masked(targets)
    assert filled["emotion"].tolist() == [0, 1, 2, 0] and filled["valence"].tolist() == [2.5, 0, 4, 1]
    assert filled["emotion"].dtype == targets["emotion"].dtype
    np.testing.assert_array_equal(weights["emotion"], [0, 2, 2, 0])
    np.testing.assert_allclose(weights["valence"], [4 / 3, 0, 4 / 3, 4 / 3], rtol=1e-6)


def test_without_any_label_all_weights_are_0():
    _, weights = masked({"valence": np.full(3, np.nan)})
    np.testing.assert_array_equal(weights["valence"], 0)


def test_a_row_is_known_if_all_of_its_values_are():
    assert known(np.array([[1.0, 2.0], [np.inf, 0.0]])).tolist() == [True, False]
