"""Sound of any length as segments of one length.

A segment begins every `hop` samples as long as it is full; where samples are left over behind the last one, one more
ends with them. Sound that is shorter than a segment is repeated until it fills one: silence behind it would tell a
network how long it is.
"""

from collections.abc import Iterable, Iterator

import numpy as np


def starts(n: int, length: int, hop: int) -> list[int]:
    """Where the segments of so many samples begin.

    >>> starts(10, length=4, hop=2), starts(11, length=4, hop=2), starts(3, length=4, hop=2)
    ([0, 2, 4, 6], [0, 2, 4, 6, 7], [0])
    """
    full = list(range(0, n - length + 1, hop)) or [0]
    return [*full, n - length] if full[-1] + length < n else full


def segments(blocks: Iterable[np.ndarray], length: int, hop: int) -> Iterator[tuple[int, np.ndarray]]:
    """The segments of sound that comes block by block, in one pass; no more of it is kept than they need.

    Args:
        blocks: the samples in order, each block `samples`, of any length.
        length: of a segment, samples.
        hop: from the beginning of one segment to that of the next, samples, at most `length`.

    Yields:
        Where a segment begins, and its samples; nothing where there are no samples.

    Raises:
        ValueError: not `1 <= hop <= length`.

    Example:
        >>> [(start, samples.tolist()) for start, samples in segments([np.arange(3), np.arange(3, 6)], 4, 3)]
        [(0, [0, 1, 2, 3]), (2, [2, 3, 4, 5])]
        >>> [samples.tolist() for _, samples in segments([np.arange(3)], 4, 3)]
        [[0, 1, 2, 0]]
    """
    if not 1 <= hop <= length:
        raise ValueError(f"Segments begin every 1 to length samples. Received: length={length}, hop={hop}")
    kept, first = np.empty(0), 0  # the samples that are still needed, and the number of the first of them
    start = 0
    for block in blocks:
        kept = np.concatenate([kept, block]) if len(kept) else block
        while start + length <= first + len(kept):
            yield start, kept[start - first : start - first + length]
            start += hop
        # The last segment may begin anywhere behind the beginning of the one before.
        kept, first = kept[max(start - hop - first, 0) :], max(start - hop, first)
    n = first + len(kept)
    if n and n < length:
        yield 0, np.resize(kept, length)
    elif n > start - hop + length:
        yield n - length, kept[-length:]
