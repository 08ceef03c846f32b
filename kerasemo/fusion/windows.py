"""Context windows over the frames of recordings: products and Gram matrix without storing all windows.

*Lagged* inputs are ordered by lag, from the earliest to the latest, with all inputs of a lag together. A lag outside
the recording is replaced by its first or last frame. Windows with a smaller reach are a contiguous slice of the columns
of windows with a larger reach.
"""

from collections.abc import Sequence

import numpy as np

from kerasemo.fusion.recordings import slices

__all__ = ["BLOCK", "Windows", "gram", "offsets", "padded", "windows"]

# Frames whose windows share a row of memory.
BLOCK = 8


def offsets(context: int, quirk: bool) -> np.ndarray:
    """Return the frames in a window of `1 + 2 * context` frames, relative to the current frame.

    Args:
        context: frames on each side.
        quirk: as in the authors' code of atmaja2020, where both sides begin with the current frame: it occurs three
            times, and the window is one frame shorter on each side.

    >>> offsets(2, quirk=False).tolist(), offsets(2, quirk=True).tolist()
    ([-2, -1, 0, 1, 2], [-1, 0, 0, 0, 1])
    """
    if not quirk:
        return np.arange(-context, context + 1)
    before, after = -np.arange(context), np.arange(context)
    return np.sort(np.concatenate([[0], before, after]))


def padded(inputs: np.ndarray, lengths: Sequence[int], reach: int) -> list[np.ndarray]:
    """Return each recording with `reach` copies of its first and last frame, `frames + 2 * reach` rows.

    Args:
        inputs: the concatenated frames of all recordings, `frames x inputs`.
        lengths: frames of each recording.
        reach: the largest lag, in frames.
    """
    return [np.pad(inputs[rows], [(reach, reach), (0, 0)], mode="edge") for rows in slices(lengths)]


def windows(inputs: np.ndarray, lengths: Sequence[int], reach: int) -> np.ndarray:
    """Return the lagged inputs of every frame.

    Args:
        inputs: the concatenated frames of all recordings, `frames x inputs`.
        lengths: frames of each recording.
        reach: the largest lag, in frames.

    Returns:
        `frames x ((2 * reach + 1) * inputs)`, of the type of the inputs.

    >>> windows(np.array([[1], [2], [3], [7], [8]]), [3, 2], reach=1).tolist()
    [[1, 1, 2], [1, 2, 3], [2, 3, 3], [7, 7, 8], [7, 8, 8]]
    """
    return np.concatenate([_lagged(recording, 2 * reach + 1) for recording in padded(inputs, lengths, reach)])


class Windows:
    """The matrix of lagged inputs that `windows` returns, in a form for fast products.

    The full matrix contains each input once per lag, and most of the time of a product is for reading it. Here `BLOCK`
    consecutive frames share one row with all frames of their windows. The weights are repeated for each frame of a
    block, each time shifted by one lag.

    Args:
        inputs: the concatenated frames of all recordings, `frames x inputs`; products have their type.
        lengths: frames of each recording.
        reach: the largest lag, in frames.
    """

    def __init__(self, inputs: np.ndarray, lengths: Sequence[int], reach: int) -> None:
        self.inputs, self.lengths, self.reach = inputs, np.asarray(lengths), reach
        self.shape = len(inputs), (2 * reach + 1) * inputs.shape[1]
        n_missing = -self.lengths % BLOCK
        parts = zip(padded(inputs, lengths, reach), n_missing, strict=True)
        filled = [np.pad(recording, [(0, n), (0, 0)]) for recording, n in parts]
        self._blocks = np.concatenate([_lagged(part, BLOCK + 2 * reach, step=BLOCK) for part in filled])
        starts = np.cumsum(self.lengths + n_missing) - self.lengths - n_missing
        self._positions = np.concatenate([np.arange(n) + start for n, start in zip(self.lengths, starts, strict=True)])

    def dot(self, weights: np.ndarray) -> np.ndarray:
        """Return the product with `lagged inputs x outputs`: `frames x outputs`.

        Args:
            weights: `lagged inputs x outputs`.
        """
        (blocks, width), outputs = self._blocks.shape, weights.shape[1]
        spread = np.zeros((width, BLOCK, outputs), self.inputs.dtype)
        for frame, lags in enumerate(self._lags()):
            spread[lags, frame] = weights
        product = self._blocks @ spread.reshape(width, BLOCK * outputs)
        return product.reshape(blocks * BLOCK, outputs)[self._positions]

    def transposed_dot(self, values: np.ndarray) -> np.ndarray:
        """Return the product of the transpose with `frames x outputs`: `lagged inputs x outputs`.

        Args:
            values: `frames x outputs`.
        """
        (blocks, width), outputs = self._blocks.shape, values.shape[1]
        spread = np.zeros((blocks * BLOCK, outputs), self.inputs.dtype)
        spread[self._positions] = values
        product = self._blocks.T @ spread.reshape(blocks, BLOCK * outputs)
        product = product.reshape(width, BLOCK, outputs)
        return sum(product[lags, frame] for frame, lags in enumerate(self._lags()))

    def _lags(self) -> list[slice]:
        """Return the slices of a block's row that are the windows of its frames."""
        width = self.inputs.shape[1]
        return [slice(frame * width, frame * width + self.shape[1]) for frame in range(BLOCK)]


def gram(a: np.ndarray, b: np.ndarray, lengths: Sequence[int], reach: int) -> np.ndarray:
    """Return `windows(a).T @ windows(b)`, exact up to rounding; only the products of one lag with all are computed.

    If both lags are shifted by one frame, a block changes only by the frames that are added at one end of a recording
    and removed at the other. Each block is therefore computed from its neighbour in the previous row and column.

    Args:
        a: the concatenated frames of all recordings, `frames x inputs`.
        b: other inputs of the same frames; may be `a` itself.
        lengths: frames of each recording.
        reach: the largest lag, in frames.

    Returns:
        float64, `((2 * reach + 1) * inputs of a) x ((2 * reach + 1) * inputs of b)`.
    """
    lags, width_a, width_b = 2 * reach + 1, a.shape[1], b.shape[1]
    result = np.zeros((lags, width_a, lags, width_b))
    change = np.zeros((lags * width_a, lags * width_b))
    a_parts, b_parts = (padded(values.astype(float), lengths, reach) for values in (a, b))
    for n, x, y in zip(lengths, a_parts, b_parts, strict=True):
        # The factor with many lags is on the left: BLAS is several times slower in the other order.
        result[0] += (_lagged(y, lags).T @ x[:n]).reshape(lags, width_b, width_a).transpose(2, 0, 1)
        result[1:, :, 0] += (_lagged(x, lags)[:, width_a:].T @ y[:n]).reshape(lags - 1, width_a, width_b)
        # Row `i` of the added frames is frame n + i, of the removed frames frame i; the last lag has no next one.
        added = [np.pad(part[n:], [(0, 1), (0, 0)]).ravel() for part in (x, y)]
        removed = [part[:lags].ravel() for part in (x, y)]
        change += np.outer(*added) - np.outer(*removed)
    change = change.reshape(result.shape)
    for lag in range(1, lags):
        result[lag, :, 1:] = result[lag - 1, :, :-1] + change[lag - 1, :, :-1]
    return result.reshape(lags * width_a, lags * width_b)


def _lagged(recording: np.ndarray, lags: int, step: int = 1) -> np.ndarray:
    """Return the windows of every `step`th frame of a padded recording, as views: a window is contiguous in memory."""
    shape = (len(recording) - lags) // step + 1, lags * recording.shape[1]
    recording = np.ascontiguousarray(recording)
    strides = recording.strides[0] * step, recording.strides[1]
    return np.lib.stride_tricks.as_strided(recording, shape, strides, writeable=False)
