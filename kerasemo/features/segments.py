"""Division of sound into segments of equal length.

A full segment begins every `hop` samples; if samples remain at the end, one more segment ends with them. Sound that is
shorter than a segment is repeated to fill it, because padding with silence would reveal its length to a network.
"""

from collections.abc import Iterable, Iterator

import numpy as np

__all__ = ["segments", "starts"]


def starts(n: int, length: int, hop: int) -> list[int]:
    """Return where the segments of `n` samples begin.

    Args:
        n: number of samples.
        length: length of a segment, in samples.
        hop: step between segments, in samples; the last segment may begin earlier, so that it ends with the samples.

    Example:
        >>> starts(10, length=4, hop=2), starts(11, length=4, hop=2), starts(3, length=4, hop=2)
        ([0, 2, 4, 6], [0, 2, 4, 6, 7], [0])
    """
    full = list(range(0, n - length + 1, hop)) or [0]
    return [*full, n - length] if full[-1] + length < n else full


def segments(blocks: Iterable[np.ndarray], length: int, hop: int) -> Iterator[tuple[int, np.ndarray]]:
    """Yield the segments of sound that is read in blocks, keeping only the samples that are still needed.

    Args:
        blocks: the samples in order, each block `samples`, of any length.
        length: length of a segment, in samples.
        hop: step between segments in samples, at most `length`.

    Yields:
        The start of each segment, and its samples; nothing if there are no samples.

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
        # The last segment may begin anywhere after the beginning of the previous one.
        kept, first = kept[max(start - hop - first, 0) :], max(start - hop, first)
    n = first + len(kept)
    if n and n < length:
        yield 0, np.resize(kept, length)
    elif n > start - hop + length:
        yield n - length, kept[-length:]
