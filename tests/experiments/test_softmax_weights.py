"""Tests of the statements about softmax weights in `docs/softmax_weights.md`."""

import numpy as np
import pytest


def test_the_path_depends_on_the_rate_and_not_on_the_losses(script):
    rates = np.full(400, 1e-3)
    paths = [script.measured(losses, rates) for losses in script.PAIRS]
    for path in paths:
        np.testing.assert_allclose(path, paths[0], atol=5e-5)  # Adam's epsilon is not negligible for gradients of .0025
        np.testing.assert_allclose(path[:100], script.predicted(rates)[:100], atol=2e-4)
        np.testing.assert_allclose(path, script.predicted(rates), atol=6e-3)


def test_the_published_weights_correspond_to_numbers_of_steps(script):
    assert script.shift(0.6377) == pytest.approx(0.2827, abs=5e-5)
    assert script.predicted(np.full(2827, 1e-4))[-1] == pytest.approx(0.6377, abs=5e-5)
    assert script.schedule(1).sum() == pytest.approx(1e-3 / 0.9, rel=1e-6)
    assert script.net_steps_per_epoch(0.6377) == 254 and script.net_steps_per_epoch(0.6768) == 333
