import itertools

import pytest

from kerasemo.errors import InputError
from kerasemo.training.weight_search import draw_points

TASKS = ["arousal", "valence", "liking"]


def test_points_are_all_multiples_of_a_tenth_except_zero():
    points = {tuple(point.values()) for point in draw_points(TASKS, 11**3 - 1, seed=0)}
    tenths = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]
    assert points == set(itertools.product(tenths, repeat=3)) - {(0.0, 0.0, 0.0)}


def test_points_depend_on_the_seed_and_begin_with_the_same_points():
    points = draw_points(TASKS, 50, seed=1)
    assert points[:20] == draw_points(TASKS, 20, seed=1)
    assert points[:20] != draw_points(TASKS, 20, seed=2)
    assert all(list(point) == TASKS for point in points)


@pytest.mark.parametrize("n_points", [0, 11**3])
def test_a_number_of_points_that_cannot_be_is_one_sentence(n_points):
    with pytest.raises(InputError, match="1 to 1330"):
        draw_points(TASKS, n_points, seed=0)
