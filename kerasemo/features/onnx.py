"""Embeddings of sound by an ONNX model of raw samples, such as wav2vec2, WavLM, HuBERT or emotion2vec."""

import os
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import pairwise
from typing import ClassVar, Literal, NamedTuple

import numpy as np

from kerasemo.command_line import option
from kerasemo.errors import BrokenClip, InputError
from kerasemo.features.moments import Moments
from kerasemo.features.onnx_session import Network, OnnxModel
from kerasemo.features.waveform import Waveform

__all__ = ["SAMPLING_RATE", "Onnx"]

SAMPLING_RATE = 16_000
"""Of models that do not state theirs, in hertz."""
_METADATA = ("sampling_rate", "sample_rate")
# As in the feature extractor of wav2vec2, so that silence stays finite.
_LEAST_VARIANCE = 1e-7


class _Piece(NamedTuple):
    """Samples `first` to `last` (excluded) of a clip, and the rows `skip` to `stop` (excluded) of their output."""

    first: int
    last: int
    skip: int = 0
    stop: int | None = None


@dataclass(frozen=True)
class Onnx(OnnxModel):
    """Embeddings of sound by an ONNX model.

    The model takes raw samples (float32, `batch x samples`); wav2vec2, WavLM, HuBERT and emotion2vec are exported like
    this. A second input with `mask` in its name is filled to say that nothing is padded. An output `batch x frames x
    features` gives a row per frame, an output `batch x features` one row per clip. Each process loads the model and has
    one thread. It needs the extra `kerasemo[onnx]`.

    Blocks: a clip up to `block_s` is given to the model as a whole. The frames of a longer clip are computed in blocks,
    each with `overlap_s` of sound before and after it, whose frames are dropped, so that there are as many frames as in
    one piece, at the same times. They are equal if a frame depends on no sound beyond the overlap; attention and
    normalisation over time see only the block and its overlaps. With one row per clip, a longer clip is divided into
    equal parts without overlap, and the row is their mean. Memory use does not grow with the length of a clip, except
    for the frames that are returned.

    Args:
        sampling_rate: sampling rate that the model needs, in hertz. Default: the entry `sampling_rate` or `sample_rate`
            of the model's metadata, or else 16000.
        normalise: whether the samples of a clip get mean 0 and variance 1. It must be as in the training of the model,
            see `do_normalize` in its `preprocessor_config.json`: true for wav2vec2, for example, and false for WavLM
            base. The authors of audEERING's dimensional model give plain samples to its ONNX file.
        pool: `none` keeps a row per frame; `mean` and `mean_std` give one row per clip, the mean of the frames, or
            their mean and standard deviation (divided by N).
        block_s: longest sound that is given to the model as a whole, in seconds.
        overlap_s: sound before and after each block of a longer clip, in seconds.

    Raises:
        InputError: a parameter is out of range, the model cannot be used or is for another sampling rate, or ONNX
            Runtime is not installed.
    """

    name: ClassVar[str] = "onnx"
    medium: ClassVar[str] = "audio"
    version: ClassVar[int] = 1
    input_rank: ClassVar[int] = 2
    output_ranks: ClassVar[tuple[int, ...]] = (3, 2)

    sampling_rate: int | None = option(None, min=1)
    normalise: bool = True
    pool: Literal["none", "mean", "mean_std"] = "none"
    block_s: float = option(30.0, above=0)
    overlap_s: float = option(1.0, min=0)

    def __post_init__(self):
        super().__post_init__()
        if not self.model:
            return
        network = self.network()
        if isinstance(network.shape[1], int):
            raise InputError(f"{self.model} takes {network.shape[1]} samples only; export it for any number of them.")
        if self.pool == "mean_std" and network.rank == 2:
            raise InputError(
                f"{self.name}: {network.output} is one row per clip, which has no deviation; pool the mean."
            )
        self._rate()

    def extract(self, path: str | os.PathLike, start_s: float | None = None, end_s: float | None = None) -> np.ndarray:
        """Return the clip's embeddings: float32, `frames x features`, or `1 x features` for a row per clip.

        The file is read twice, first for its length, mean and variance. The model has one thread.

        Raises:
            BrokenClip: see `media.read_blocks`; or the model fails on this clip, or needs a longer one.
            InputError: no model is given; it fails on any sound, or its frames have no fixed step.
        """
        network = self.network()
        read = partial(Waveform(sampling_rate=self._rate(), channel="mean").read_blocks, path, start_s, end_s)
        sound, pooled = Moments(), Moments()
        for samples in read():
            sound.add(samples)
        if not sound.n:
            raise BrokenClip(f"{path} is too short: it holds no sample at {self._rate()} Hz.")
        frames = []
        pieces = self._pieces(network, sound.n)
        for piece, samples in zip(pieces, _cut(read(), pieces), strict=True):
            if self.normalise:
                samples = (samples - sound.mean) / np.sqrt(sound.variance + _LEAST_VARIANCE)
            rows = self._rows(network, samples.astype(np.float32), path, piece)
            if self.pool == "none" and network.rank == 3:
                frames.append(rows)
            else:
                pooled.add(rows)
        if frames:
            return np.concatenate(frames)
        parts = [pooled.mean, np.sqrt(pooled.variance)] if self.pool == "mean_std" else [pooled.mean]
        return np.concatenate(parts)[np.newaxis].astype(np.float32)

    def _rate(self) -> int:
        """The sampling rate, in hertz."""
        metadata = self.network().metadata
        stated = next((metadata[key] for key in _METADATA if key in metadata), "")
        if not stated.isdecimal() or not int(stated):
            return self.sampling_rate or SAMPLING_RATE
        if self.sampling_rate not in (None, int(stated)):
            raise InputError(
                f"{self.name}: {self.model} says that it needs {stated} Hz; leave the sampling rate out. "
                f"Received: {self.sampling_rate}"
            )
        return int(stated)

    def _block(self) -> int:
        """The length of a block, in samples."""
        return max(round(self.block_s * self._rate()), 1)

    def _longest(self) -> int:
        """The longest sound by which the model is tried, in samples."""
        return max(self._block(), self._rate())

    def _pieces(self, network: Network, n: int) -> list[_Piece]:
        """Divide the `n` samples of a clip."""
        block = self._block()
        if n <= block:
            return [_Piece(0, n)]
        if network.rank == 2:
            return [_Piece(first, last) for first, last in _parts(n, block)]
        field, hop = _grid(network, self._longest())
        if not 1 <= hop <= block:
            raise InputError(self._no_grid())
        overlap, latest = (
            -(-round(self.overlap_s * self._rate()) // hop),
            (n - _least(network, 1, self._longest())) // hop,
        )
        pieces = []
        for frame, end in _parts(_n_frames(n, field, hop), block // hop):
            begin = max(min(frame - overlap, latest), 0)
            last = min((end - 1) * hop + max(field, (overlap + 1) * hop), n)
            pieces.append(_Piece(begin * hop, last, frame - begin, end - begin))
        return pieces

    def _rows(self, network: Network, samples: np.ndarray, path: str | os.PathLike, piece: _Piece) -> np.ndarray:
        """The rows of a piece: `rows x features`."""
        needed = partial(_least, network, 1, self._longest())
        try:
            rows = _through(network, samples)
        except InputError as error:
            if needed() == self._longest():
                raise
            if len(samples) >= needed():
                raise BrokenClip(f"{path} cannot be used: {error}") from None
            rows = []
        if not len(rows):
            raise BrokenClip(
                f"{path} is too short: it holds {len(samples)} samples at {self._rate()} Hz, and {self.model} needs "
                f"{needed()}."
            )
        if piece.stop and len(rows) != _n_frames(len(samples), *_grid(network, self._longest())):
            raise InputError(self._no_grid())
        return rows[piece.skip : piece.stop]

    def _no_grid(self) -> str:
        return f"{self.model} has no frames at a fixed step; give a block_s that is longer than any clip."


def _through(network: Network, samples: np.ndarray) -> np.ndarray:
    """The output for samples: `frames x features` or `1 x features`."""
    result = network(samples[np.newaxis])
    return result[0] if network.rank == 3 else result


def _cut(blocks: Iterator[np.ndarray], pieces: list[_Piece]) -> Iterator[np.ndarray]:
    """Yield the samples of pieces that follow or overlap each other, from sound that is read in blocks."""
    held, begin = np.empty(0, np.float32), 0
    for piece in pieces:
        held, begin = held[piece.first - begin :], piece.first
        while len(held) < piece.last - begin:
            held = np.concatenate([held, next(blocks)])
        yield held[: piece.last - begin]


def _n_frames(n: int, field: int, hop: int) -> int:
    """The number of frames of `n` samples, by formula: one every `hop` samples, the first one of `field` samples."""
    return 1 + (n - field) // hop


def _parts(n: int, longest: int) -> list[tuple[int, int]]:
    """Return where parts of equal length begin and end (excluded), each with at most `longest` of `n` items."""
    edges = np.linspace(0, n, -(-n // longest) + 1).astype(int).tolist()
    return list(pairwise(edges))


@lru_cache(maxsize=2)
def _grid(network: Network, longest: int) -> tuple[int, int]:
    """Return `field` and `hop` of a model, in samples; see `_n_frames`."""
    fewest = _n_frames_of(network, _least(network, 1, longest))
    one_more, two_more = (_least(network, fewest + more, longest) for more in (1, 2))
    hop = two_more - one_more
    return one_more - fewest * hop, hop


@lru_cache(maxsize=4)
def _least(network: Network, frames: int, longest: int) -> int:
    """Return the least number of samples that give so many frames; `longest` if less never do."""
    count, most = partial(_n_frames_of, network), 1
    while most < longest and count(most) < frames:
        most *= 2
    return bisect_left(range(min(most, longest)), frames, lo=max(most // 2, 1), key=count)


def _n_frames_of(network: Network, n: int) -> int:
    """The number of frames of `n` samples, by trial; 0 if the model fails, as on too few."""
    try:
        return len(_through(network, np.zeros(n, np.float32)))
    except InputError:
        return 0
