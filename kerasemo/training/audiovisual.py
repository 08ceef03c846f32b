"""A corpus of clips with sound and picture in memory, and the items that uni- and cross-modal networks read of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from kerasemo.errors import InputError
from kerasemo.features.network_input import NetworkInput
from kerasemo.training.items import read_items


@dataclass(frozen=True)
class AudioVisual:
    """The recordings and images of a corpus.

    Attributes:
        classes: names of the classes, in the order of their numbers.
        recordings: a row a clip with sound: `clip, speaker, emotion` (the class number).
        images: a row an image: likewise, of the clip it is from.
        arrays: named arrays, as long as `recordings` for audio and as `images` for video.
        inputs: how each array is made.
        set_aside: the clips that could not be used: `clip, file, feature_set, reason`.
    """

    classes: list[str]
    recordings: pd.DataFrame
    images: pd.DataFrame
    arrays: dict[str, np.ndarray]
    inputs: dict[str, NetworkInput]
    set_aside: pd.DataFrame

    @classmethod
    def read(
        cls,
        manifest: pd.DataFrame,
        root: Path,
        classes: list[str],
        inputs: Mapping[str, NetworkInput],
        *,
        jobs: int,
        max_bad: float,
    ) -> "AudioVisual":
        """Compute, or take from the cache, what networks read of a corpus; a medium that no clip has stays empty.

        Args:
            manifest: the corpus; the label is the column `emotion`.
            root: the corpus' root.
            classes: the emotions to keep, in order; clips of others are left out.
            inputs: how each array is made; the names are free.
            jobs: processes side by side.
            max_bad: share of broken clips, 0..1, beyond which nothing goes on.

        Raises:
            InputError: no clip has a medium that is read, or more than `max_bad` are broken.
        """
        manifest = manifest[manifest["emotion"].isin(classes)]
        tables, arrays, read, set_aside = {}, {}, {}, []
        for medium in ("audio", "video"):
            tables[medium] = manifest.iloc[:0]
            of_medium = {name: made for name, made in inputs.items() if made.feature_set.medium == medium}
            if of_medium and manifest[medium].notna().any():
                tables[medium], new, broken = read_items(manifest, root, of_medium, jobs=jobs, max_bad=max_bad)
                arrays |= new
                read |= of_medium
                set_aside.append(broken)
        if not read:
            media = sorted({made.feature_set.medium for made in inputs.values()})
            raise InputError(f"no clip of these classes has {' or '.join(media)}: {', '.join(classes)}.")
        numbers = {name: number for number, name in enumerate(classes)}
        recordings, images = (
            table[["clip", "speaker"]].assign(emotion=table["emotion"].map(numbers).astype(int))
            for table in tables.values()
        )
        return cls(list(classes), recordings, images, arrays, read, pd.concat(set_aside, ignore_index=True))
