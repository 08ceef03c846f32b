"""The points of a random search of the task weights of a joint loss (atmaja2020, section 5)."""

from collections.abc import Sequence

import numpy as np

from kerasemo.errors import InputError

__all__ = ["STEPS", "draw_points"]

STEPS = 10


def draw_points(tasks: Sequence[str], n_points: int, seed: int) -> list[dict[str, float]]:
    """Draw task weights, each uniform over 0, .1, ..., 1 and free of the others, no point twice.

    The paper gives the range 0..1 without a constraint on the sum, and the optimum .7, .2, 1.0, hence multiples of .1
    including 1. The point with all weights 0 is excluded. A larger number of points begins with the same points.

    Args:
        tasks: names of the tasks.
        n_points: number of points.
        seed: seed of the points, 0 or more.

    Returns:
        The points, each task -> weight.

    Raises:
        InputError: `n_points` is below 1 or above 11 ^ tasks - 1, the number of points.

    Example:
        >>> draw_points(["arousal", "valence", "liking"], n_points=2, seed=0)
        [{'arousal': 0.9, 'valence': 0.7, 'liking': 0.5}, {'arousal': 0.2, 'valence': 0.3, 'liking': 0.0}]
    """
    most = (STEPS + 1) ** len(tasks) - 1
    if not 1 <= n_points <= most:
        raise InputError(f"a search over {len(tasks)} weights has 1 to {most} trials, not {n_points}.")
    generator = np.random.default_rng(seed)
    points = {}  # a dict keeps the order
    while len(points) < n_points:
        steps = generator.integers(0, STEPS, len(tasks), endpoint=True)
        if steps.any():
            points[tuple(steps.tolist())] = None
    return [dict(zip(tasks, (step / STEPS for step in steps), strict=True)) for steps in points]
