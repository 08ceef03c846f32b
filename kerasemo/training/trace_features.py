"""Feature sets of a corpus with traces, parsed once: from then on they are float32 memory maps in the user's cache."""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from kerasemo import files
from kerasemo.corpora.avec2019 import FEATURE_SETS, HOP_S
from kerasemo.corpora.avec2019_files import iterate_features
from kerasemo.errors import InputError
from kerasemo.features.functionals import WINDOW_S, functionals

__all__ = ["OWN_RATE", "available", "read"]

OWN_RATE = "own_rate"
"""Marks a cached set whose rows do not come every `HOP_S`, which became functionals."""


def read(folder: str | os.PathLike) -> dict[str, np.ndarray]:
    """Read a feature set; the first time its files are parsed and cached, by their names, sizes and times of change.

    Descriptors at a rate of their own become functionals: mean and deviation in windows of 4 s, one every `HOP_S`.

    Args:
        folder: see `avec2019_files.iterate_features`.

    Returns:
        Recording -> features, float32 `frames x features`, memory maps; a row every `HOP_S`.

    Raises:
        InputError: see `avec2019_files.iterate_features`.
    """
    return _load(_cached(Path(folder)))


def available(root: Path, labels: Mapping[str, np.ndarray]) -> tuple[list[str], list[str]]:
    """Parse and check the feature sets of a corpus, before anything is trained.

    Args:
        root: folder of the corpus.
        labels: recording -> traces.

    Returns:
        The names in `FEATURE_SETS` of the sets of the corpus, and a sentence for each that was changed or is shorter
        than the labels.

    Raises:
        InputError: a set lacks a recording that has labels, or its files cannot be read.
    """
    sets, notes = [], []
    for name, folder in FEATURE_SETS.items():
        if not (root / folder).is_dir():
            continue
        cache = _cached(root / folder)
        features = _load(cache)
        if missing := sorted(set(labels) - set(features)):
            raise InputError(f"{root / folder} has no {missing[0]}.csv, which has labels.")
        if (cache / OWN_RATE).exists():
            notes.append(f"{folder} has a rate of its own: its functionals in windows of {WINDOW_S:g} s are used.")
        missing_frames = {recording: len(trace) - len(features[recording]) for recording, trace in labels.items()}
        if short := [n for n in missing_frames.values() if n > 0]:
            notes.append(
                f"{folder} ends before the labels in {len(short)} recordings, by up to {max(short) * HOP_S:.1f} s; "
                "zeros follow, as in the loader of the challenge."
            )
        sets.append(name)
    return sets, notes


def _load(cache: Path) -> dict[str, np.ndarray]:
    return {path.stem: np.load(path, mmap_mode="r") for path in sorted(cache.glob("*.npy"))}


def _cached(folder: Path) -> Path:
    """Return the cache folder of a feature set; it is written if needed."""
    found = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in sorted(folder.glob("*.csv"))]
    key = hashlib.blake2b(repr((str(folder.resolve()), found)).encode(), digest_size=20).hexdigest()
    cache = files.user_cache("trace_features", key)
    if not cache.is_dir():
        with files.whole(cache) as temporary:
            temporary.mkdir()
            for recording, hop_s, array in iterate_features(folder):
                if hop_s != HOP_S:
                    array = functionals(array, hop_s, step_s=HOP_S)
                    (temporary / OWN_RATE).touch()
                np.save(temporary / f"{recording}.npy", array.astype(np.float32))
    return cache
