"""From a manifest to the items that networks read."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from kerasemo.errors import InputError
from kerasemo.features.network_input import NetworkInput
from kerasemo.features.store import FeatureStore

if TYPE_CHECKING:
    import tensorflow as tf

SCORING_BATCH_SIZE = 256


@dataclass(frozen=True)
class Items:
    """What a network is trained or scored on: named inputs and targets, and who and what each item is.

    Args:
        inputs: named arrays, items along the first axis.
        targets: named arrays, items along the first axis.
        index: a row an item; at least `clip` and `speaker`.
        mask: of padded sequences, which frames count, `items x frames`; None: items are no sequences.
    """

    inputs: Mapping[str, np.ndarray]
    targets: Mapping[str, np.ndarray]
    index: pd.DataFrame
    mask: np.ndarray | None = None

    @classmethod
    def of_rows(
        cls, rows: np.ndarray, arrays: Mapping[str, np.ndarray], table: pd.DataFrame, labels: Mapping[str, str]
    ) -> "Items":
        """Some rows of a table of items, with their arrays.

        Args:
            rows: row numbers; a row may stand more than once.
            arrays: named inputs of all rows of the table.
            table: a row an item; at least `clip`, `speaker` and the columns of the labels.
            labels: target -> column of the table.
        """
        targets = {target: table[column].to_numpy()[rows] for target, column in labels.items()}
        inputs = {name: array[rows] for name, array in arrays.items()}
        return cls(inputs, targets, table.iloc[rows].reset_index(drop=True))

    @property
    def weights(self) -> dict[str, np.ndarray] | None:
        """The mask as sample weights, the same for each target; None without a mask."""
        return None if self.mask is None else dict.fromkeys(self.targets, self.mask.astype("float32"))

    def __len__(self) -> int:
        return len(self.index)

    def epochs(self, batch_size: int, seed: int, first_epoch: int = 0) -> "tf.data.Dataset":
        """Batches without end, in an order that depends on seed and epoch alone; see `datasets.epochs`."""
        from kerasemo.training import datasets

        return datasets.epochs(self.inputs, self.targets, batch_size, seed, first_epoch, self.weights)

    def once(self) -> "tf.data.Dataset":
        """Each item once, in order, in batches for scoring."""
        from kerasemo.training import datasets

        return datasets.once(self.inputs, self.targets, SCORING_BATCH_SIZE, self.weights)

    def first(self) -> tuple[dict, dict, dict | None]:
        """Inputs, targets and weights of the first item, as a batch."""
        weights = self.weights
        return tuple(named and rows_of(named, slice(1)) for named in (self.inputs, self.targets, weights))


def rows_of(arrays: Mapping[str, np.ndarray], rows: slice) -> dict[str, np.ndarray]:
    """Some rows of named arrays."""
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
    """Compute, or take from the cache, what networks read of one medium of a corpus.

    Args:
        manifest: the corpus, a clip a row.
        root: the corpus' root.
        inputs: how each array is made; all of one medium. The names are free.
        jobs: processes side by side.
        max_bad: share of broken clips, 0..1, beyond which nothing goes on.
        store: the cache of features; None: the user's.

    Returns:
        The manifest's row of each item (a recording, or an image: a clip's row then stands as often as the clip has
        images), the arrays by name with the items along the first axis, and the clips set aside
        (`clip, file, feature_set, reason`).

    Raises:
        InputError: no clip has this medium, or more clips than `max_bad` are broken.
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
