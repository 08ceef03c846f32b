"""Features of a whole manifest: computed in parallel and cached on disk; broken clips are set aside."""

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kerasemo import files
from kerasemo.errors import BrokenClip, InputError
from kerasemo.features.feature_set import FeatureSet
from kerasemo.features.media import require_whole
from kerasemo.progress import track
from kerasemo.workers import side_by_side

# pandas and joblib load where they are used: every worker imports this module, and pandas alone costs it a second.
if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Extraction", "FeatureStore", "OnDisk"]


@dataclass(frozen=True)
class Extraction:
    """The features of a manifest.

    Attributes:
        features: clip -> array, in the order of the manifest.
        files: clip -> the `.npy` file with the array, in the same order.
        set_aside: the broken clips, in the same order; columns `clip, file, feature_set, reason`.
    """

    features: Mapping[str, np.ndarray]
    files: dict[str, Path]
    set_aside: "pd.DataFrame"


class OnDisk(Mapping):
    """Clip -> array. Files are opened at each access, so that few files are open at the same time.

    Args:
        files: clip -> the `.npy` file of its array.
    """

    def __init__(self, files: Mapping[str, Path]):
        self.files = files

    def __getitem__(self, clip: str) -> np.ndarray:
        return np.load(self.files[clip], mmap_mode="r", allow_pickle=False)

    def __iter__(self) -> Iterator[str]:
        return iter(self.files)

    def __len__(self) -> int:
        return len(self.files)


@dataclass(frozen=True)
class _Clip:
    clip: str
    file: str
    path: Path
    start_s: float | None
    end_s: float | None
    # Other arguments of `FeatureSet.extract`.
    known: dict[str, str | None]


class FeatureStore:
    """A cache of features on disk, indexed by the content of the files that are read (see `FeatureSet.source`).

    The key of an entry depends on the content of the file, the start and end of the clip (and the gender, if it is
    used), and the configuration and version of the feature set. The features of a renamed file are therefore found,
    and those of a changed file are computed again.

    Args:
        folder: folder of the `.npy` files; `None`: `$KERASEMO_CACHE/features`, or the user's cache folder.
    """

    def __init__(self, folder: str | os.PathLike | None = None):
        self.folder = files.user_cache("features") if folder is None else Path(folder)

    def extract(
        self,
        manifest: "pd.DataFrame",
        root: str | os.PathLike,
        feature_set: FeatureSet,
        *,
        jobs: int = 1,
        max_bad: float = 0.05,
        in_memory: bool = True,
    ) -> Extraction:
        """Return the features of every clip of a manifest that has the medium, from the cache or computed.

        The finished part of an interrupted call is kept, and the next call continues there.

        Args:
            manifest: see `kerasemo.manifest`.
            root: the folder that the paths in the manifest are relative to.
            feature_set: what to compute.
            jobs: number of parallel processes; -1: one per core.
            max_bad: largest acceptable share of broken clips, 0 to 1.
            in_memory: if False, the arrays are read-only views of the files on disk, so that memory use does not grow
                with the corpus.

        Raises:
            InputError: no clip has the medium, a path leaves the root, more than `max_bad` of the clips are broken,
                or the store's folder cannot be written.
        """
        import pandas as pd

        clips = _clips(manifest, root, feature_set)
        if not clips:
            raise InputError(f"no clip of the manifest has {feature_set.medium}, which {feature_set.name} needs.")
        features: dict[str, np.ndarray] = {}
        files: dict[str, Path] = {}
        reasons: dict[str, str] = {}
        missing: dict[Path, list[_Clip]] = {}
        for clip, entry in track(self._entries(clips, feature_set), len(clips), f"{feature_set.name}: looking up"):
            if isinstance(entry, BrokenClip):
                reasons[clip.clip] = str(entry)
            elif (array := _load(entry, in_memory)) is not None:
                files[clip.clip] = entry
                if in_memory:
                    features[clip.clip] = array
            else:
                missing.setdefault(entry, []).append(clip)
        _require_few(clips, reasons, max_bad)
        for entry, reason in self._compute(missing, feature_set, jobs):
            for clip in missing[entry]:
                if reason is None:
                    files[clip.clip] = entry
                    if in_memory:
                        features[clip.clip] = np.load(entry, allow_pickle=False)
                else:
                    first = missing[entry][0]
                    copied = "" if clip.path == first.path else f"{clip.path} has the same content as {first.path}: "
                    reasons[clip.clip] = copied + reason
        _require_few(clips, reasons, max_bad)
        rows = [(clip.clip, clip.file, feature_set.name, reasons[clip.clip]) for clip in clips if clip.clip in reasons]
        files = {clip.clip: files[clip.clip] for clip in clips if clip.clip in files}
        return Extraction(
            features={clip: features[clip] for clip in files} if in_memory else OnDisk(files),
            files=files,
            set_aside=pd.DataFrame(rows, columns=["clip", "file", "feature_set", "reason"]),
        )

    def _entries(self, clips: list[_Clip], feature_set: FeatureSet) -> Iterator[tuple[_Clip, Path | BrokenClip]]:
        """Yield each clip with the file of its features, which may not exist yet."""
        recipe = json.dumps([feature_set.recipe(), feature_set.version], sort_keys=True)
        digests: dict[Path, str | BrokenClip] = {}  # clips of one recording share a file
        for clip in clips:
            if clip.path not in digests:
                digests[clip.path] = _digest(clip.path)
            digest = digests[clip.path]
            if isinstance(digest, BrokenClip):
                yield clip, digest
                continue
            made_of = [digest, clip.start_s, clip.end_s, recipe, *([clip.known] if clip.known else [])]
            key = hashlib.blake2b(json.dumps(made_of).encode(), digest_size=20)
            yield clip, self.folder / feature_set.name / f"{key.hexdigest()}.npy"

    def _compute(
        self, missing: dict[Path, list[_Clip]], feature_set: FeatureSet, jobs: int
    ) -> Iterator[tuple[Path, str | None]]:
        """Compute and save missing entries; yield each finished entry, with the reason if its clip is broken."""
        if not missing:
            return
        from joblib import delayed, parallel_config
        from threadpoolctl import threadpool_limits

        try:
            (self.folder / feature_set.name).mkdir(parents=True, exist_ok=True)
            # Interrupted workers are killed and leave unfinished files behind; all of these are in this folder.
            workplace = tempfile.TemporaryDirectory(prefix=".unfinished-", dir=self.folder, ignore_cleanup_errors=True)
        except OSError as error:
            raise InputError(
                f"features cannot be kept in {self.folder} ({error.strerror}); set KERASEMO_CACHE to a folder that "
                "can be written."
            ) from None
        # One BLAS thread here as in the workers: with more, the last bits would depend on the number of jobs.
        with workplace as folder, threadpool_limits(1), parallel_config(backend="loky", inner_max_num_threads=1):
            tasks = (delayed(_extract)(feature_set, clips[0], entry, folder) for entry, clips in missing.items())
            with side_by_side(tasks, jobs) as done:
                yield from track(done, len(missing), f"{feature_set.name}: extracting")


def _extract(feature_set: FeatureSet, clip: _Clip, entry: Path, workplace: str) -> tuple[Path, str | None]:
    """Compute one entry in a worker; the array is written to disk, and only the reason of a failure is returned."""
    try:
        array = feature_set.extract(clip.path, clip.start_s, clip.end_s, **clip.known)
        if not np.isfinite(array).all():
            raise BrokenClip(f"{clip.path} gives NaN or infinite values as {feature_set.name}.")
    except BrokenClip as error:
        return entry, str(error)
    unfinished = Path(workplace, entry.name)
    np.save(unfinished, array, allow_pickle=False)
    unfinished.replace(entry)
    return entry, None


def _clips(manifest: "pd.DataFrame", root: str | os.PathLike, feature_set: FeatureSet) -> list[_Clip]:
    from kerasemo.manifest import locate

    medium = feature_set.medium
    table = manifest[manifest[medium].notna()]
    if "whole_file" in table:
        spans = table[["start_s", "end_s"]].mask(table["whole_file"] == medium)
        table = table.assign(start_s=spans["start_s"], end_s=spans["end_s"])
    known = ["gender"] if feature_set.needs_gender else []
    clips = []
    for clip, file, *values in table[["clip", medium, "start_s", "end_s", *known]].itertuples(index=False, name=None):
        start_s, end_s, *others = (None if value != value else value for value in values)
        path = feature_set.source(clip, locate(root, file))
        clips.append(_Clip(clip, file, path, start_s, end_s, dict(zip(known, others, strict=True))))
    return clips


def _digest(path: Path) -> str | BrokenClip:
    """Return the digest of a file, or the reason why it cannot be read."""
    try:
        require_whole(path)
    except BrokenClip as error:
        return error
    with path.open("rb") as file:
        return hashlib.file_digest(file, hashlib.blake2b).hexdigest()


def _load(entry: Path, in_memory: bool) -> np.ndarray | None:
    """Return the array of an entry, or `None` if it does not exist or is damaged."""
    try:
        # A header that is damaged but can be read gives an array that does not end where the file ends.
        if not in_memory:
            mapped = np.lib.format.open_memmap(entry, mode="r")
            return mapped if mapped.offset + mapped.nbytes == entry.stat().st_size else None
        with entry.open("rb") as file:
            array = np.lib.format.read_array(file, allow_pickle=False)
            return None if file.read(1) else array
    except FileNotFoundError:
        return None
    except Exception:  # a damaged entry is simply computed again
        return None


def _require_few(clips: list[_Clip], reasons: dict[str, str], max_bad: float) -> None:
    """Raise if more than `max_bad` of the clips are broken."""
    if len(reasons) / len(clips) > max_bad:
        first = next(reasons[clip.clip] for clip in clips if clip.clip in reasons)
        raise InputError(
            f"{len(reasons)} of {len(clips)} clips are broken, more than --max-bad {max_bad:g} allows; mend them or "
            f"raise --max-bad; the first: {first}"
        )
