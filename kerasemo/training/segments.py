"""Segments of clips that are read from disk when a batch needs them; some of their labels may be unknown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from kerasemo.features.network_input import NetworkInput
from kerasemo.features.segments import starts
from kerasemo.training.items import rows_of
from kerasemo.training.missing import masked

if TYPE_CHECKING:
    import tensorflow as tf

__all__ = ["SCORING_BATCH_SIZE", "Segments"]

SCORING_BATCH_SIZE = 32


@dataclass(frozen=True)
class Segments:
    """Segments that a network is trained or scored on: like `Items`, but read from disk like `Clips`.

    Args:
        name: name of the network's input.
        made: how segments are computed from a clip's features.
        files: for each segment, the `.npy` file of its clip's features.
        numbers: for each segment, its number within the clip, from 0.
        targets: labels by task, segments along the first axis; see `missing` for segments without a label.
        index: one row per segment, with at least `clip` and `speaker`.
    """

    name: str
    made: NetworkInput
    files: Sequence[Path]
    numbers: Sequence[int]
    targets: Mapping[str, np.ndarray]
    index: pd.DataFrame
    by_clip: ClassVar[bool] = True

    @classmethod
    def of_clips(
        cls,
        inputs: Mapping[str, NetworkInput],
        files: Mapping[str, Sequence[Path]],
        targets: Mapping[str, np.ndarray],
        index: pd.DataFrame,
    ) -> "Segments":
        """Create all segments of some clips.

        Args:
            inputs, files, targets, index: the attributes of `Clips`, with a single input.

        Returns:
            The segments of all clips, clip after clip.
        """
        ((name, made),) = inputs.items()
        lengths = [len(np.load(file, mmap_mode="r", allow_pickle=False)) for file in files[name]]
        counts = [len(starts(n, made.segment_length, made.segment_hop)) for n in lengths]
        rows = np.repeat(np.arange(len(lengths)), counts)
        return cls(
            name,
            made,
            [files[name][row] for row in rows],
            np.concatenate([np.arange(n) for n in counts]),
            {task: values[rows] for task, values in targets.items()},
            index.iloc[rows].reset_index(drop=True),
        )

    def __len__(self) -> int:
        return len(self.index)

    def rows(self, rows: np.ndarray) -> "Segments":
        """Return some of the segments, by their row numbers.

        Args:
            rows: the row numbers, in the order that is wanted.
        """
        return Segments(
            self.name,
            self.made,
            [self.files[row] for row in rows],
            self.numbers[rows],
            {task: values[rows] for task, values in self.targets.items()},
            self.index.iloc[rows].reset_index(drop=True),
        )

    def epochs(self, batch_size: int, seed: int, first_epoch: int = 0) -> "tf.data.Dataset":
        """See `Items.epochs`."""
        from kerasemo.training import datasets

        return self._stream(datasets.orders(len(self), batch_size, seed, first_epoch))

    def once(self) -> "tf.data.Dataset":
        """See `Items.once`."""
        import tensorflow as tf

        return self._stream(tf.data.Dataset.range(len(self)).batch(SCORING_BATCH_SIZE))

    def first(self) -> tuple[dict, dict, dict | None]:
        """See `Items.first`."""
        targets, weights = (arrays and rows_of(arrays, slice(1)) for arrays in masked(self.targets))
        return {self.name: self.batch(np.array([0]))}, targets, weights

    def batch(self, rows: np.ndarray) -> np.ndarray:
        """Return some segments, `segments x samples`.

        Args:
            rows: row numbers of the segments.
        """
        return np.stack([self._segment(row) for row in rows]).astype("float32")

    def _segment(self, row: int) -> np.ndarray:
        return self.made.items(np.load(self.files[row], mmap_mode="r", allow_pickle=False))[self.numbers[row]]

    def _stream(self, rows: "tf.data.Dataset") -> "tf.data.Dataset":
        import tensorflow as tf

        labels = tf.nest.map_structure(tf.constant, list(filter(None, masked(self.targets))))

        def load(rows):
            waveforms = tf.numpy_function(self.batch, [rows], tf.float32)
            inputs = {self.name: tf.ensure_shape(waveforms, (None, self.made.segment_length))}
            return inputs, *tf.nest.map_structure(lambda values: tf.gather(values, rows), labels)

        return rows.map(load).prefetch(1)
