"""A corpus of clips with sound and picture in memory, and the items that uni- and cross-modal networks read of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from kerasemo.errors import InputError
from kerasemo.evaluation.protocols import pair_classwise, pair_performances
from kerasemo.features.network_input import NetworkInput
from kerasemo.training.items import Items, read_items


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

    @property
    def modalities(self) -> set[str]:
        """`audio` where there are recordings, `image` where there are images."""
        return {name for name, items in {"audio": self.recordings, "image": self.images}.items() if len(items)}

    def table(self, modalities: Sequence[str], classwise: bool, seed: int) -> pd.DataFrame:
        """What a network of some modalities is trained and scored on: recordings, images, or an image and a recording.

        Args:
            modalities: `audio`, `image` or both.
            classwise: give each image a recording of its class, see `protocols.pair_classwise`; else that of its clip.
            seed: of the pairs of a class.

        Returns:
            `clip, speaker, emotion`, for each modality the row of its array, and `audio_clip` of pairs.
        """
        if len(modalities) == 1:
            (modality,) = modalities
            items = self.recordings if modality == "audio" else self.images
            return items.assign(**{modality: np.arange(len(items))})
        if classwise:
            return pair_classwise(self.images, self.recordings, "emotion", seed)
        return pair_performances(self.images, self.recordings, "emotion")

    def items(self, table: pd.DataFrame, arrays: Mapping[str, str], targets: Sequence[str]) -> Items:
        """The items of some rows of `table`.

        Args:
            table: the rows.
            arrays: modality, which is the input's name -> the name of its array.
            targets: outputs of the network, each for the emotion.
        """
        inputs = {modality: self.arrays[array][table[modality]] for modality, array in arrays.items()}
        return Items(inputs, {output: table["emotion"].to_numpy() for output in targets}, table)

    def clips(self, manifest: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, np.ndarray], pd.DataFrame]:
        """The clips that all that is read could be made of, an image a clip.

        Args:
            manifest: the clips of the classes, as `read` was given them.

        Returns:
            A row a clip: `clip, speaker, emotion`; its `audio` and `image`, as far as they are read; and the clips that
            lack a medium which others have, as they are set aside.

        Raises:
            InputError: no clip has both media.
        """
        if self.images.empty or self.recordings.empty:
            modality, table = ("audio", self.recordings) if self.images.empty else ("image", self.images)
            rows = {modality: np.arange(len(table))}
        else:
            table = pair_performances(self.images, self.recordings, "emotion")
            rows = {modality: table[modality] for modality in ("audio", "image")}
        if table.empty:
            raise InputError("no clip has both sound and a picture of a face; look at the media of your copy.")
        rest = manifest[~manifest["clip"].isin([*table["clip"], *self.set_aside["clip"]])]
        no_sound = rest["audio"].isna() & ("audio" in rows)
        sets = {medium: made.feature_set.name for medium, made in self.inputs.items()}
        lacking = pd.DataFrame(
            {
                "clip": rest["clip"],
                "file": rest["video"].fillna(rest["audio"]),
                "feature_set": np.where(no_sound, sets.get("audio"), sets.get("image")),
                "reason": np.where(no_sound, "has no sound, as others have", "has no video, as others have"),
            }
        )
        return table, {modality: self.arrays[modality][numbers] for modality, numbers in rows.items()}, lacking
