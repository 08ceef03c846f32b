"""Context windows over the frames of recordings: their products and their Gram matrix, without writing them out.

*Lagged* inputs are ordered lag by lag, from the earliest to the latest, all inputs of a lag together. A lag that
leaves the recording is clamped to its first or last frame. The windows nest: those of a smaller reach are a contiguous
slice of the columns of a larger one.
"""

from collections.abc import Sequence

import numpy as np

from kerasemo.fusion.recordings import slices

# Frames whose windows share a row of memory.
BLOCK = 8


def offsets(context: int, quirk: bool) -> np.ndarray:
    """The frames that a window of `1 + 2 * context` frames holds, relative to its own.

    Args:
        context: frames on each side.
        quirk: as in the authors' code of atmaja2020, where both sides begin with the frame itself: it stands three
            times, and the window reaches one frame less far.

    >>> offsets(2, quirk=False).tolist(), offsets(2, quirk=True).tolist()
    ([-2, -1, 0, 1, 2], [-1, 0, 0, 0, 1])
    """
    if not quirk:
        return np.arange(-context, context + 1)
    before, after = -np.arange(context), np.arange(context)
    return np.sort(np.concatenate([[0], before, after]))


def padded(inputs: np.ndarray, lengths: Sequence[int], reach: int) -> list[np.ndarray]:
    """Each recording with its first and last frame repeated `reach` times: `frames + 2 * reach` rows each."""
    return [np.pad(inputs[rows], [(reach, reach), (0, 0)], mode="edge") for rows in slices(lengths)]


def windows(inputs: np.ndarray, lengths: Sequence[int], reach: int) -> np.ndarray:
    """The lagged inputs of every frame.

    Args:
        inputs: `frames x inputs`, recording after recording.
        lengths: frames of each recording.
        reach: the farthest lag, in frames.

    Returns:
        `frames x ((2 * reach + 1) * inputs)`, of the inputs' type.

    >>> windows(np.array([[1], [2], [3], [7], [8]]), [3, 2], reach=1).tolist()
    [[1, 1, 2], [1, 2, 3], [2, 3, 3], [7, 7, 8], [7, 8, 8]]
    """
    return np.concatenate([_lagged(recording, 2 * reach + 1) for recording in padded(inputs, lengths, reach)])


class Windows:
    """The matrix of lagged inputs that `windows` returns, made for products with it.

    Written out, each input stands there once a lag, and reading it is what a product costs. Here `BLOCK` consecutive
    frames share the row of all frames that their windows reach, and the weights stand as often as there are frames in a
    block, each time one lag further down.

    Args:
        inputs: `frames x inputs`, recording after recording; products are of its type.
        lengths: frames of each recording.
        reach: the farthest lag, in frames.
    """

    def __init__(self, inputs: np.ndarray, lengths: Sequence[int], reach: int) -> None:
        self.inputs, self.lengths, self.reach = inputs, np.asarray(lengths), reach
        self.shape = len(inputs), (2 * reach + 1) * inputs.shape[1]
        beyond = -self.lengths % BLOCK
        parts = zip(padded(inputs, lengths, reach), beyond, strict=True)
        filled = [np.pad(recording, [(0, short), (0, 0)]) for recording, short in parts]
        self._blocks = np.concatenate([_lagged(part, BLOCK + 2 * reach, step=BLOCK) for part in filled])
        first = np.cumsum(self.lengths + beyond) - self.lengths - beyond
        self._places = np.concatenate([np.arange(n) + at for n, at in zip(self.lengths, first, strict=True)])

    def dot(self, weights: np.ndarray) -> np.ndarray:
        """The product with `lagged inputs x outputs`: `frames x outputs`."""
        (blocks, width), outputs = self._blocks.shape, weights.shape[1]
        spread = np.zeros((width, BLOCK, outputs), self.inputs.dtype)
        for frame, lags in enumerate(self._lags()):
            spread[lags, frame] = weights
        product = self._blocks @ spread.reshape(width, BLOCK * outputs)
        return product.reshape(blocks * BLOCK, outputs)[self._places]

    def transposed_dot(self, values: np.ndarray) -> np.ndarray:
        """The product of the transpose with `frames x outputs`: `lagged inputs x outputs`."""
        (blocks, width), outputs = self._blocks.shape, values.shape[1]
        spread = np.zeros((blocks * BLOCK, outputs), self.inputs.dtype)
        spread[self._places] = values
        product = self._blocks.T @ spread.reshape(blocks, BLOCK * outputs)
        product = product.reshape(width, BLOCK, outputs)
        return sum(product[lags, frame] for frame, lags in enumerate(self._lags()))

    def _lags(self) -> list[slice]:
        """Where the windows of a block's frames stand in its row."""
        width = self.inputs.shape[1]
        return [slice(frame * width, frame * width + self.shape[1]) for frame in range(BLOCK)]


def gram(a: np.ndarray, b: np.ndarray, lengths: Sequence[int], reach: int) -> np.ndarray:
    """`windows(a).T @ windows(b)`, exact up to rounding, at the cost of one lag against all.

    Shifting both lags by one frame changes a block only by what enters at one end of a recording and leaves at the
    other, so each block follows from its neighbour up and left.

    Args:
        a: `frames x inputs`, recording after recording.
        b: other inputs of the same frames; may be `a` itself.
        lengths: frames of each recording.
        reach: the farthest lag, in frames.

    Returns:
        float64, `((2 * reach + 1) * inputs of a) x ((2 * reach + 1) * inputs of b)`.
    """
    lags, width_a, width_b = 2 * reach + 1, a.shape[1], b.shape[1]
    result = np.zeros((lags, width_a, lags, width_b))
    change = np.zeros((lags * width_a, lags * width_b))
    a_parts, b_parts = (padded(values.astype(float), lengths, reach) for values in (a, b))
    for n, x, y in zip(lengths, a_parts, b_parts, strict=True):
        # The many lags on the left: BLAS is several times slower the other way round.
        result[0] += (_lagged(y, lags).T @ x[:n]).reshape(lags, width_b, width_a).transpose(2, 0, 1)
        result[1:, :, 0] += (_lagged(x, lags)[:, width_a:].T @ y[:n]).reshape(lags - 1, width_a, width_b)
        # Row `i` of what enters is frame n + i, of what leaves frame i; the last lag has no next one.
        entering = [np.pad(part[n:], [(0, 1), (0, 0)]).ravel() for part in (x, y)]
        leaving = [part[:lags].ravel() for part in (x, y)]
        change += np.outer(*entering) - np.outer(*leaving)
    change = change.reshape(result.shape)
    for lag in range(1, lags):
        result[lag, :, 1:] = result[lag - 1, :, :-1] + change[lag - 1, :, :-1]
    return result.reshape(lags * width_a, lags * width_b)


def _lagged(recording: np.ndarray, lags: int, step: int = 1) -> np.ndarray:
    """The windows of every `step`th frame of a padded recording; one is a stretch of rows, side by side in memory."""
    shape = (len(recording) - lags) // step + 1, lags * recording.shape[1]
    recording = np.ascontiguousarray(recording)
    strides = recording.strides[0] * step, recording.strides[1]
    return np.lib.stride_tricks.as_strided(recording, shape, strides, writeable=False)
