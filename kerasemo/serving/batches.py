"""Puts the inputs of several requests into one batch: what waits while a network computes goes next, together."""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import Executor

import numpy as np

from kerasemo.export import SERVED_BATCH_SIZE

__all__ = ["Batches", "shapes_of", "together"]

Batch = Mapping[str, np.ndarray]


class Batches:
    """The waiting inputs of one network.

    A request does not wait for others to come: the network begins at once if it is free. Only inputs of the same shapes
    can be together. A request with many items is computed in parts, with those of others between them.

    Args:
        probabilities: computes the probabilities of a batch, see `ServedModel.probabilities`.
        executor: the thread that computes.
        largest: largest number of items in a batch.
    """

    def __init__(
        self, probabilities: Callable[[Batch], np.ndarray], executor: Executor, largest: int = SERVED_BATCH_SIZE
    ):
        self.largest = largest
        self._compute_batch, self._executor = probabilities, executor
        self._waiting: list[tuple[Batch, asyncio.Future]] = []
        self._running: asyncio.Task | None = None

    async def probabilities(self, batch: Batch) -> np.ndarray:
        """Return the probabilities of preprocessed items, see `ServedModel.probabilities`.

        Args:
            batch: named inputs, items along the first axis.

        Returns:
            Probabilities, `items x classes`.
        """
        n_items = len(next(iter(batch.values())))
        parts = [
            await self._part({name: array[i : i + self.largest] for name, array in batch.items()})
            for i in range(0, n_items, self.largest)
        ]
        return np.concatenate(parts)

    async def _part(self, batch: Batch) -> np.ndarray:
        result = asyncio.get_running_loop().create_future()
        self._waiting.append((batch, result))
        if self._running is None:
            self._running = asyncio.create_task(self._run())
        return await result

    async def _run(self) -> None:
        while self._waiting:
            chosen = together([batch for batch, _ in self._waiting], self.largest)
            group = [self._waiting[number] for number in chosen]
            self._waiting = [each for number, each in enumerate(self._waiting) if number not in chosen]
            await self._compute([batch for batch, _ in group], [result for _, result in group])
        self._running = None

    async def _compute(self, batches: list[Batch], results: list[asyncio.Future]) -> None:
        whole = {name: np.concatenate([batch[name] for batch in batches]) for name in batches[0]}
        lengths = [len(next(iter(batch.values()))) for batch in batches]
        loop = asyncio.get_running_loop()
        try:
            probabilities = await loop.run_in_executor(self._executor, self._compute_batch, whole)
            parts = np.split(probabilities, np.cumsum(lengths)[:-1])
        except Exception as error:
            parts = [error] * len(results)
        for result, part in zip(results, parts, strict=True):
            if result.done():  # the client has gone
                continue
            if isinstance(part, Exception):
                result.set_exception(part)
            else:
                result.set_result(part)


def shapes_of(batch: Batch) -> tuple:
    """Return what must be equal for two batches to be concatenated: names and shapes without the first axis.

    Args:
        batch: named inputs.
    """
    return tuple(sorted((name, array.shape[1:]) for name, array in batch.items()))


def together(batches: list[Batch], largest: int) -> list[int]:
    """Return the numbers of the batches that are computed with the first one.

    Args:
        batches: named inputs of each request.
        largest: largest number of items.

    Example:
        >>> batches = [{"x": np.zeros(shape)} for shape in ((1, 3), (1, 2), (2, 3), (2, 3))]
        >>> together(batches, largest=3)
        [0, 2]
    """
    chosen, n_items = [0], len(next(iter(batches[0].values())))
    for number, batch in enumerate(batches[1:], start=1):
        n = len(next(iter(batch.values())))
        if shapes_of(batch) == shapes_of(batches[0]) and n_items + n <= largest:
            chosen.append(number)
            n_items += n
    return chosen
