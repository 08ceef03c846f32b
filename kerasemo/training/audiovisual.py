"""The sound and images of a corpus in memory, as inputs of unimodal and cross-modal networks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from kerasemo.errors import InputError
from kerasemo.evaluation.protocols import pair_performances
from kerasemo.features.network_input import NetworkInput
from kerasemo.training.items import Items, read_items

__all__ = ["AudioVisual"]


@dataclass(frozen=True)
class AudioVisual:
    """The recordings and images of a corpus.

    Attributes:
        classes: names of the classes, in the order of their numbers.
        recordings: one row per clip with sound: `clip, speaker, emotion` (the class number).
        images: one row per image, with the same columns for the clip that the image is from.
        arrays: named arrays, with the rows of `recordings` for audio and of `images` for video.
        inputs: how each array is computed from media files.
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
        """Compute the inputs of networks for a corpus, or load them from the cache.

        If no clip has one of the media, its table is empty.

        Args:
            manifest: the corpus; the label is the column `emotion`.
            root: root folder of the corpus.
            classes: the emotions to keep, in order; clips of other emotions are left out.
            inputs: how each array is computed from media files, by any names.
            jobs: number of parallel processes.
            max_bad: largest accepted share of broken clips, 0..1.

        Returns:
            The recordings and images, with the clips that could not be used.

        Raises:
            InputError: No clip has one of the media, or more than `max_bad` of the clips are broken.
        """
        manifest = manifest[manifest["emotion"].isin(classes)]
        tables, arrays, read, set_aside = {}, {}, {}, []
        for medium in ("audio", "video"):
            tables[medium] = manifest.iloc[:0]
            medium_inputs = {name: config for name, config in inputs.items() if config.feature_set.medium == medium}
            if medium_inputs and manifest[medium].notna().any():
                tables[medium], medium_arrays, broken = read_items(
                    manifest, root, medium_inputs, jobs=jobs, max_bad=max_bad
                )
                arrays |= medium_arrays
                read |= medium_inputs
                set_aside.append(broken)
        if not read:
            media = sorted({config.feature_set.medium for config in inputs.values()})
            raise InputError(f"no clip of these classes has {' or '.join(media)}: {', '.join(classes)}.")
        numbers = {name: number for number, name in enumerate(classes)}
        recordings, images = (
            table[["clip", "speaker"]].assign(emotion=table["emotion"].map(numbers).astype(int))
            for table in tables.values()
        )
        return cls(list(classes), recordings, images, arrays, read, pd.concat(set_aside, ignore_index=True))

    @property
    def modalities(self) -> set[str]:
        """`audio` where there are recordings, `image` where there are images."""
        return {name for name, items in {"audio": self.recordings, "image": self.images}.items() if len(items)}

    def table(self, modalities: Sequence[str]) -> pd.DataFrame:
        """Return the items of a network: recordings, images, or images with the recording of their own clip.

        Args:
            modalities: `audio`, `image` or both.

        Returns:
            `clip, speaker, emotion`, for each modality the row of its array, and `audio_clip` of pairs.
        """
        if len(modalities) == 1:
            (modality,) = modalities
            items = self.recordings if modality == "audio" else self.images
            return items.assign(**{modality: np.arange(len(items))})
        return pair_performances(self.images, self.recordings, "emotion")

    def items(self, table: pd.DataFrame, arrays: Mapping[str, str], targets: Sequence[str]) -> Items:
        """Return the items of some rows of `table`.

        Args:
            table: the rows.
            arrays: modality, which is the input's name -> the name of its array.
            targets: outputs of the network, each for the emotion.
        """
        inputs = {modality: self.arrays[array][table[modality]] for modality, array in arrays.items()}
        return Items(inputs, {output: table["emotion"].to_numpy() for output in targets}, table)

    def clips(self, manifest: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, np.ndarray], pd.DataFrame]:
        """Return the clips that have all inputs, with one image per clip.

        Args:
            manifest: the clips of the classes, the argument of `read`.

        Returns:
            A table with one row per clip: `clip, speaker, emotion`; the arrays `audio` and `image` of these clips, if
            they were read; and a table of clips that lack a medium which others have, in the form of `set_aside`.

        Raises:
            InputError: No clip has both media.
        """
        if self.images.empty or self.recordings.empty:
            modality, table = ("audio", self.recordings) if self.images.empty else ("image", self.images)
            rows = {modality: np.arange(len(table))}
        else:
            table = pair_performances(self.images, self.recordings, "emotion")
            rows = {modality: table[modality] for modality in ("audio", "image")}
        if table.empty:
            raise InputError("no clip has both sound and a picture of a face; check the media files of your corpus.")
        rest = manifest[~manifest["clip"].isin([*table["clip"], *self.set_aside["clip"]])]
        no_sound = rest["audio"].isna() & ("audio" in rows)
        sets = {medium: config.feature_set.name for medium, config in self.inputs.items()}
        lacking = pd.DataFrame(
            {
                "clip": rest["clip"],
                "file": rest["video"].fillna(rest["audio"]),
                "feature_set": np.where(no_sound, sets.get("audio"), sets.get("image")),
                "reason": np.where(no_sound, "has no sound, unlike other clips", "has no video, unlike other clips"),
            }
        )
        return table, {modality: self.arrays[modality][numbers] for modality, numbers in rows.items()}, lacking
