import itertools

import numpy as np
import pytest

from kerasemo.training import datasets


def order(n_epochs: int, seed: int = 0, first_epoch: int = 0, n: int = 10, batch_size: int = 4) -> list[list[int]]:
    """Return the items of each epoch, in the order of the dataset."""
    stream = datasets.epochs({"x": np.arange(n)}, {"y": np.arange(n)}, batch_size, seed, first_epoch)
    steps = -(-n // batch_size)
    batches = [x["x"].numpy().tolist() for x, _ in stream.take(steps * n_epochs)]
    return [list(itertools.chain(*batches[k : k + steps])) for k in range(0, len(batches), steps)]


def test_each_epoch_has_every_item_once_in_a_new_order():
    epochs = order(5)
    assert all(sorted(epoch) == list(range(10)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 5


def test_the_order_of_an_epoch_does_not_depend_on_the_first_epoch():
    assert order(2, first_epoch=3) == order(5)[3:]


def test_the_order_depends_on_the_seed():
    assert order(2, seed=1) == order(2, seed=1) != order(2, seed=2)


def test_inputs_and_targets_have_the_same_order():
    stream = datasets.epochs({"x": np.arange(50)}, {"y": 2 * np.arange(50)}, 8, seed=0)
    for x, y in stream.take(14):
        np.testing.assert_array_equal(2 * x["x"], y["y"])


def test_once_keeps_the_order():
    batches = [x["x"].numpy().tolist() for x, _ in datasets.once({"x": np.arange(5)}, {"y": np.arange(5)}, 2)]
    assert batches == [[0, 1], [2, 3], [4]]


def test_lengths_must_agree():
    with pytest.raises(ValueError, match=r"Received: \{'a': 1, 'b': 2\}"):
        datasets.n_items({"a": np.zeros(1), "b": np.zeros(2)})


def test_weights_have_the_order_of_their_items():
    n = np.arange(20)
    arrays = {"x": n}, {"y": 2 * n}
    for stream in (
        datasets.epochs(*arrays, 8, seed=0, weights={"y": 3 * n}).take(6),
        datasets.once(*arrays, 8, {"y": 3 * n}),
    ):
        for x, y, weights in stream:
            np.testing.assert_array_equal(3 * x["x"], weights["y"])
            np.testing.assert_array_equal(2 * x["x"], y["y"])
