"""`kerasemo codebook`."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kerasemo.cli.arguments import SPLIT_HELP, Force, Jobs, Manifest, MaxBad, Root, require_new_npz
from kerasemo.cli.choice import Choice
from kerasemo.command_line import from_options
from kerasemo.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Codebook", "Output", "Seed", "Size", "Split", "Training", "training_clips"]

Output = Annotated[Path, typer.Option("--output", "-o", help="NPZ file to write (.npz).")]
Split = Annotated[
    Path | None,
    typer.Option(exists=True, dir_okay=False, help=f"{SPLIT_HELP}  [default: the partition column of the manifest]"),
]
Training = Annotated[str, typer.Option(help="Partition or fold of the training clips; no other clips are read.")]
Size = Annotated[int, typer.Option(min=2, help="Number of words.")]
Seed = Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Random seed of k-means.")]


class Codebook(Choice):
    """Learn the codebook of bags of words from training clips.

    `kerasemo features bag_of_words --codebook FILE` then counts its words in all clips.
    """

    chosen = "feature set with a codebook"

    def registry(self) -> dict[str, type]:
        from kerasemo.features.bag_of_words import DESCRIPTORS

        return DESCRIPTORS

    def command(self, entry: type) -> Callable[..., None]:
        def learn(
            manifest: Manifest,
            root: Root,
            output: Output,
            jobs: Jobs,
            split: Split = None,
            training: Training = "train",
            size: Size = 100,
            seed: Seed = 0,
            max_bad: MaxBad = 0.05,
            force: Force = False,
            **options,
        ) -> None:
            require_new_npz(output, force)
            import numpy as np

            from kerasemo import manifest as manifests
            from kerasemo.features.bag_of_words import Codebook
            from kerasemo.features.store import FeatureStore

            feature_set = from_options(entry, options)
            table = training_clips(manifests.load(manifest), split, training)
            extraction = FeatureStore().extract(table, root, feature_set, jobs=jobs, max_bad=max_bad, in_memory=False)
            frames = np.concatenate([*extraction.features.values()])
            Codebook.learn(feature_set, frames, size, seed).save(output)
            print(f"{output}: {size} words, learnt from {len(frames)} frames of {len(extraction.features)} clips")
            for row in extraction.set_aside.itertuples():
                print(f"Set aside: {row.clip}: {row.reason}")

        return learn


def training_clips(table: "pd.DataFrame", split: Path | None, side: str) -> "pd.DataFrame":
    """Return the rows of a manifest that are on one side of a split, and on no other.

    Args:
        table: the manifest.
        split: file of the split; None: the column `partition` of the manifest.
        side: name of the partition or fold.

    Raises:
        InputError: there is no split, or no clip is on this side, or one of its clips is on another side, too.
    """
    from kerasemo.evaluation.audit import read_split

    if split is None and "partition" not in table:
        raise InputError("the manifest has no column partition; give --split, so that only training clips are read.")
    sides = read_split(split) if split else table[["clip", "partition"]].rename(columns={"partition": "side"})
    (key,) = set(sides.columns) - {"side"}
    inside, outside = (set(sides.loc[on_side, key]) for on_side in (sides["side"] == side, sides["side"] != side))
    if both := sorted(inside & outside):
        raise InputError(f"{key} {both[0]} is not only on the side {side}, so the codebook would leak; mend the split.")
    clips = table[table[key].isin(inside)]
    if clips.empty:
        found = ", ".join(sorted(map(str, sides["side"].unique()))[:5])
        raise InputError(f"no clip of the manifest is on the side {side!r}; give --training, one of {found}.")
    return clips
