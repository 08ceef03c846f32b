"""Clips of any length that are read from disk when a batch needs them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from kerasemo.errors import InputError
from kerasemo.features.network_input import NetworkInput
from kerasemo.features.store import FeatureStore
from kerasemo.training.items import rows_of
from kerasemo.training.missing import masked

if TYPE_CHECKING:
    import tensorflow as tf

__all__ = ["N_FRAMES", "SCORING_BATCH_SIZE", "Clips", "read_clips"]

N_FRAMES = "n_frames"
"""Name of the input with the number of valid frames of each clip."""
# Small, because clips of several seconds with all their pictures need much memory.
SCORING_BATCH_SIZE = 4


@dataclass(frozen=True)
class Clips:
    """The clips that a network is trained or scored on: like `Items`, but memory does not depend on the corpus size.

    If the inputs of a clip have different numbers of frames, the smallest number is used. A batch is padded with zeros
    to its longest clip, and has the input `n_frames`.

    Args:
        inputs: how each input is computed from a clip's features: one item of frames (see `NetworkInput.frame_length`).
        files: for each input, the `.npy` file of each clip's features.
        targets: named arrays, clips along the first axis; see `missing` for clips without a label.
        index: one row per clip, with at least `clip` and `speaker`.
    """

    inputs: Mapping[str, NetworkInput]
    files: Mapping[str, Sequence[Path]]
    targets: Mapping[str, np.ndarray]
    index: pd.DataFrame
    by_clip: ClassVar[bool] = False

    def __len__(self) -> int:
        return len(self.index)

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
        inputs = dict(zip([*self.inputs, N_FRAMES], self.batch(np.array([0])), strict=True))
        targets, weights = (arrays and rows_of(arrays, slice(1)) for arrays in masked(self.targets))
        return inputs, targets, weights

    def batch(self, numbers: np.ndarray) -> tuple[np.ndarray, ...]:
        """Return some clips: each input, `clips x frames x ...`, in order, then `n_frames`, `clips`.

        Args:
            numbers: row numbers of the clips.
        """
        clips = [self._clip(number) for number in numbers]
        n_frames = np.array([min(map(len, clip)) for clip in clips], np.int32)
        padded = []
        for parts in zip(*clips, strict=True):
            array = np.zeros((len(parts), n_frames.max(), *parts[0].shape[1:]), parts[0].dtype)
            for padded_clip, part, n in zip(array, parts, n_frames, strict=True):
                padded_clip[:n] = part[:n]
            padded.append(array)
        return (*padded, n_frames)

    def _clip(self, number: int) -> list[np.ndarray]:
        """Return the inputs of a clip, `frames x ...` each, memory-mapped."""
        return [
            network_input.items(np.load(self.files[name][number], mmap_mode="r", allow_pickle=False))[0]
            for name, network_input in self.inputs.items()
        ]

    def _stream(self, numbers: "tf.data.Dataset") -> "tf.data.Dataset":
        import tensorflow as tf

        examples = self._clip(0)
        types = [*(example.dtype for example in examples), np.dtype(np.int32)]
        shapes = [*((None, None, *example.shape[1:]) for example in examples), (None,)]
        names = [*self.inputs, N_FRAMES]
        labels = tf.nest.map_structure(tf.constant, list(filter(None, masked(self.targets))))

        def load(numbers):
            arrays = tf.numpy_function(self.batch, [numbers], types)
            inputs = {
                name: tf.cast(tf.ensure_shape(array, shape), tf.int32 if name == N_FRAMES else tf.float32)
                for name, array, shape in zip(names, arrays, shapes, strict=True)
            }
            return inputs, *tf.nest.map_structure(lambda values: tf.gather(values, numbers), labels)

        return numbers.map(load).prefetch(1)


def read_clips(
    manifest: pd.DataFrame,
    root: Path,
    inputs: Mapping[str, NetworkInput],
    *,
    jobs: int = 1,
    max_bad: float = 0.05,
    store: FeatureStore | None = None,
) -> tuple[pd.DataFrame, dict[str, list[Path]], pd.DataFrame]:
    """Compute the features of a corpus, or find them in the cache, without loading them into memory.

    Args:
        manifest, root, jobs, max_bad, store: as in `items.read_items`.
        inputs: how each input is computed from media files.

    Returns:
        The manifest's rows of the clips that have all inputs, the `files` of `Clips` for these rows, and the clips set
        aside (`clip, file, feature_set, reason`).

    Raises:
        InputError: No clip has all inputs, or more than `max_bad` of the clips are broken.
    """
    store = store or FeatureStore()
    extractions = {
        name: store.extract(manifest, root, network_input.feature_set, jobs=jobs, max_bad=max_bad, in_memory=False)
        for name, network_input in inputs.items()
    }
    usable = set.intersection(*(set(extraction.features) for extraction in extractions.values()))
    set_aside = pd.concat([extraction.set_aside for extraction in extractions.values()], ignore_index=True)
    for name, extraction in extractions.items():
        network_input = inputs[name]
        short = [clip for clip in usable if len(extraction.features[clip]) < (network_input.frame_length or 1)]
        usable -= set(short)
        too_short = manifest.loc[manifest["clip"].isin(short), ["clip", network_input.feature_set.medium]]
        too_short = too_short.set_axis(["clip", "file"], axis=1)
        reason = {"feature_set": network_input.feature_set.name, "reason": "is shorter than a frame of the network"}
        set_aside = pd.concat([set_aside, too_short.assign(**reason)], ignore_index=True)
    if not usable:
        raise InputError("no clip has all inputs of the network; check the media files of your corpus.")
    table = manifest[manifest["clip"].isin(usable)].reset_index(drop=True)
    files = {name: [extraction.files[clip] for clip in table["clip"]] for name, extraction in extractions.items()}
    return table, files, set_aside.drop_duplicates("clip")
