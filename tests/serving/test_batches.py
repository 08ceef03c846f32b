"""Inputs of several requests in one batch."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from kerasemo.serving.batches import Batches


def answered(batches: list[dict], largest: int = 16) -> tuple[list, list[int]]:
    """Ask for all batches while the first computes; return the results and the number of items of each call."""
    sizes, goes_on = [], threading.Event()

    def probabilities(batch):
        goes_on.wait(30)
        (values,) = batch.values()
        sizes.append(len(values))
        if np.isnan(values).any():
            raise FloatingPointError("not a number")
        return 2 * values

    async def ask() -> list:
        waiting = Batches(probabilities, executor, largest)
        asked = [asyncio.create_task(waiting.probabilities(batch)) for batch in batches]
        await asyncio.sleep(0.05)
        goes_on.set()
        return await asyncio.gather(*asked, return_exceptions=True)

    with ThreadPoolExecutor(1) as executor:
        return asyncio.run(ask()), sizes


def test_what_waits_goes_together_and_each_request_gets_its_own():
    inputs = [np.full((n, 2), n, float) for n in (1, 2, 3)] + [np.ones((1, 5))]
    results, sizes = answered([{"x": values} for values in inputs])
    for values, result in zip(inputs, results, strict=True):
        np.testing.assert_array_equal(result, 2 * values)
    assert sizes == [6, 1]  # another shape comes after


def test_a_request_with_many_items_lets_others_in_between():
    results, sizes = answered([{"x": np.arange(9.0)[:, np.newaxis]}, {"x": np.ones((2, 1))}], largest=4)
    np.testing.assert_array_equal(results[0][:, 0], 2 * np.arange(9.0))
    assert sizes == [4, 2, 4, 1] and results[1].tolist() == [[2], [2]]


def test_an_error_of_the_network_reaches_its_requests_and_the_next_work():
    results, _ = answered([{"x": np.full((1, 1), np.nan)}, {"y": np.ones((1, 1))}])
    assert isinstance(results[0], FloatingPointError) and results[1].tolist() == [[2]]


@pytest.mark.parametrize("largest", [1, 100])
def test_results_do_not_depend_on_the_size_of_batches(largest):
    inputs = [{"x": np.random.default_rng(n).normal(size=(n, 3))} for n in (1, 5, 2)]
    results, _ = answered(inputs, largest)
    for batch, result in zip(inputs, results, strict=True):
        np.testing.assert_array_equal(result, 2 * batch["x"])
