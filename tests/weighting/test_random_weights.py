import numpy as np

from kerasemo.weighting import RandomWeights

TASKS = ["a", "b", "c"]


def draws(seed: int | None, n: int) -> np.ndarray:
    weighting = RandomWeights(TASKS, seed=seed)
    weights = []
    for _ in range(n):
        weights.append([float(weight) for weight in weighting.task_weights().values()])
        weighting.random_state.advance()
    return np.array(weights)


def test_each_step_has_new_weights_that_depend_on_the_seed():
    first = draws(0, 5)
    np.testing.assert_array_equal(first, draws(0, 5))
    assert len(np.unique(first)) == first.size
    assert not np.isin(draws(1, 5), first).any()
    np.testing.assert_allclose(first.sum(axis=1), 1, atol=1e-6)


def test_logits_are_standard_normal():
    logits = np.log(draws(0, 200))
    differences = logits[:, 0] - logits[:, 1]  # of two normal variables: variance 2
    assert abs(differences.mean()) < 4 * np.sqrt(2 / 200)
    assert abs(differences.var() - 2) < 4 * 2 * np.sqrt(2 / 200)


def test_two_weightings_without_a_seed_differ():
    assert RandomWeights(TASKS).get_config()["seed"] != RandomWeights(TASKS).get_config()["seed"]
