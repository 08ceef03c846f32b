"""The items that a network is trained or scored on, and how they are read with a manifest."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from kerasemo.errors import InputError
from kerasemo.features.network_input import NetworkInput
from kerasemo.features.store import FeatureStore
from kerasemo.training.missing import masked

if TYPE_CHECKING:
    import tensorflow as tf

__all__ = ["SCORING_BATCH_SIZE", "Items", "read_items", "rows_of"]

SCORING_BATCH_SIZE = 256


@dataclass(frozen=True)
class Items:
    """Items that a network is trained or scored on: named inputs and targets, and clip and speaker of each item.

    Args:
        inputs: named arrays, items along the first axis; see `datasets` for arrays that are not in memory.
        targets: named arrays, items along the first axis; see `missing` for items without a label.
        index: one row per item, with at least `clip` and `speaker`.
        mask: the valid frames of padded sequences, `items x frames`; None: items are not sequences.
        by_clip: whether the items of a clip have one decision together.
    """

    inputs: Mapping[str, np.ndarray]
    targets: Mapping[str, np.ndarray]
    index: pd.DataFrame
    mask: np.ndarray | None = None
    by_clip: bool = False

    @classmethod
    def of_rows(
        cls, rows: np.ndarray, arrays: Mapping[str, np.ndarray], table: pd.DataFrame, labels: Mapping[str, str]
    ) -> "Items":
        """Create `Items` from some rows of a table.

        Args:
            rows: row numbers; a row may occur several times.
            arrays: named inputs of all rows of the table.
            table: one row per item, with at least `clip`, `speaker` and the columns of the labels.
            labels: target -> column of the table.

        Returns:
            The items, in the order of `rows`.
        """
        targets = {target: table[column].to_numpy()[rows] for target, column in labels.items()}
        inputs = {name: array[rows] for name, array in arrays.items()}
        return cls(inputs, targets, table.iloc[rows].reset_index(drop=True))

    def __len__(self) -> int:
        return len(self.index)

    def epochs(self, batch_size: int, seed: int, first_epoch: int = 0) -> "tf.data.Dataset":
        """Return an endless dataset of batches, in an order that depends on seed and epoch; see `datasets.epochs`.

        Args:
            batch_size: number of items per batch.
            seed: seed of the order.
            first_epoch: number of the first epoch, from 0, so that resumed training has the same order.
        """
        from kerasemo.training import datasets

        targets, weights = self._labels()
        return datasets.epochs(self.inputs, targets, batch_size, seed, first_epoch, weights)

    def once(self) -> "tf.data.Dataset":
        """Return a dataset with each item once, in order, in batches for scoring."""
        from kerasemo.training import datasets

        targets, weights = self._labels()
        return datasets.once(self.inputs, targets, SCORING_BATCH_SIZE, weights)

    def first(self) -> tuple[dict, dict, dict | None]:
        """Return inputs, targets and weights of the first item, as a batch."""
        return tuple(arrays and rows_of(arrays, slice(1)) for arrays in (self.inputs, *self._labels()))

    def _labels(self) -> tuple[dict, dict | None]:
        """Return the targets and their sample weights: those of `masked`, or the mask, equal for all targets."""
        if self.mask is None:
            return masked(self.targets)
        return dict(self.targets), dict.fromkeys(self.targets, self.mask.astype("float32"))


def rows_of(arrays: Mapping[str, np.ndarray], rows: slice) -> dict[str, np.ndarray]:
    """Return some rows of named arrays.

    Args:
        arrays: name -> array, with the items on the first axis.
        rows: the rows to take.
    """
    return {name: array[rows] for name, array in arrays.items()}


def read_items(
    manifest: pd.DataFrame,
    root: Path,
    inputs: Mapping[str, NetworkInput],
    *,
    jobs: int = 1,
    max_bad: float = 0.05,
    store: FeatureStore | None = None,
) -> tuple[pd.DataFrame, dict[str, np.ndarray], pd.DataFrame]:
    """Compute the network inputs from one medium of a corpus, or load them from the cache.

    Args:
        manifest: the corpus, one row per clip.
        root: root folder of the corpus.
        inputs: how each array is computed, all from the same medium, by any names.
        jobs: number of parallel processes.
        max_bad: largest accepted share of broken clips, 0..1.
        store: the cache of features; None: the user's cache.

    Returns:
        The manifest's row of each item (an item is a recording or an image; the row of a clip with several images is
        repeated), the arrays by name with the items along the first axis, and the clips set aside
        (`clip, file, feature_set, reason`).

    Raises:
        InputError: No clip has this medium, or more than `max_bad` of the clips are broken.
    """
    store = store or FeatureStore()
    extractions = {
        name: store.extract(manifest, root, network_input.feature_set, jobs=jobs, max_bad=max_bad)
        for name, network_input in inputs.items()
    }
    set_aside = pd.concat([extraction.set_aside for extraction in extractions.values()], ignore_index=True)
    usable = set.intersection(*(set(extraction.features) for extraction in extractions.values()))
    if not usable:
        example = "" if set_aside.empty else f", such as: {set_aside['reason'].iloc[0].rstrip('.')}"
        raise InputError(f"no clip can be used by {', '.join(extractions)}{example}.")
    clips = manifest[manifest["clip"].isin(usable)]
    parts = {
        name: [inputs[name].items(extraction.features[clip]) for clip in clips["clip"]]
        for name, extraction in extractions.items()
    }
    counts = [len(part) for part in next(iter(parts.values()))]
    index = clips.loc[clips.index.repeat(counts)].reset_index(drop=True)
    return index, {name: np.concatenate(arrays) for name, arrays in parts.items()}, set_aside.drop_duplicates("clip")
