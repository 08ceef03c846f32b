"""`kerasemo features`."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kerasemo.cli.arguments import Force, Jobs, Manifest, MaxBad, Root, require_new_npz
from kerasemo.cli.choice import Choice
from kerasemo.command_line import from_options

if TYPE_CHECKING:
    import zipfile

    import numpy as np

    from kerasemo.features import FeatureSet

__all__ = ["Features", "Output", "write_features"]

Output = Annotated[
    Path, typer.Option("--output", "-o", help="NPZ file to write (.npz), with one array per clip under its name.")
]


class Features(Choice):
    """Compute features of every clip.

    Broken clips are set aside: they are listed in a CSV file next to the output.
    """

    chosen = "feature set"

    def registry(self) -> dict[str, type]:
        from kerasemo.features import FEATURE_SETS

        return FEATURE_SETS

    def command(self, entry: type) -> Callable[..., None]:
        def compute(
            manifest: Manifest,
            root: Root,
            output: Output,
            jobs: Jobs,
            max_bad: MaxBad = 0.05,
            force: Force = False,
            **options,
        ) -> None:
            require_new_npz(output, force)
            write_features(from_options(entry, options), manifest, root, output, jobs, max_bad)

        return compute


def write_features(
    feature_set: "FeatureSet", manifest: Path, root: Path, output: Path, jobs: int, max_bad: float
) -> None:
    """Write the features of the clips of a manifest, and a list of the clips that are set aside.

    Raises:
        InputError: the manifest is broken, or the share of broken clips exceeds `max_bad`.
    """
    import zipfile

    from kerasemo import files
    from kerasemo import manifest as manifests
    from kerasemo.features.store import FeatureStore

    table = manifests.load(manifest)
    # Opened first, so that an output that cannot be written is reported before the computation.
    with files.whole(output) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        extraction = FeatureStore().extract(table, root, feature_set, jobs=jobs, max_bad=max_bad, in_memory=False)
        _write_arrays(archive, extraction.features)
    print(f"{output}: {feature_set.name} of {len(extraction.features)} clips")
    for note in feature_set.notes():
        print(note)
    listed = output.with_suffix(".set_aside.csv")
    listed.unlink(missing_ok=True)
    if len(extraction.set_aside):
        with files.whole(listed) as temporary:
            extraction.set_aside.to_csv(temporary, index=False)
        print(f"{listed}: {len(extraction.set_aside)} clips set aside, each with its reason")


def _write_arrays(archive: "zipfile.ZipFile", arrays: "Mapping[str, np.ndarray]") -> None:
    """Write an NPZ file member by member: `np.savez` would mistake some clip names for its own parameters."""
    import numpy as np

    for clip, array in arrays.items():
        with archive.open(f"{clip}.npy", "w", force_zip64=True) as member:
            np.lib.format.write_array(member, array, allow_pickle=False)
