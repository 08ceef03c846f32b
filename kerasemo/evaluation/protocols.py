"""Splits into training, validation and test data: random splits as in the papers, and speaker-independent splits."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from kerasemo.errors import InputError

__all__ = [
    "MIN_FOLDS",
    "PARTITIONS",
    "VALIDATION_SHARE",
    "Split",
    "draw_folds",
    "pair_classwise",
    "pair_performances",
    "published_split",
    "random_split",
    "speaker_splits",
    "splits",
]

MIN_FOLDS = 6
VALIDATION_SHARE = 0.1
PARTITIONS = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "val", "dev", "devel", "development"),
    "test": ("test", "testing"),
}
"""Partition -> its names in published splits, in lower case."""


@dataclass(frozen=True)
class Split:
    """The rows of a table of items that are used to train, validate and test one network.

    Args:
        name: the name of the split in file names, such as `paper` or `speaker.fold2`.
        train: row numbers.
        validation: row numbers; may be empty.
        test: row numbers.
        less: share of the items for training if it was reduced on purpose, see `splits`.
    """

    name: str
    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    less: float | None = None

    def partitions(self) -> dict[str, np.ndarray]:
        """Return the row numbers by partition name, without empty partitions."""
        rows = {"train": self.train, "validation": self.validation, "test": self.test}
        return {partition: numbers for partition, numbers in rows.items() if len(numbers)}

    def sides(self, items: pd.DataFrame, columns: Sequence[str] = ("clip",)) -> pd.DataFrame:
        """Return the partitions of the clips in the format of `kerasemo audit`: `clip, partition`, each pair once.

        Args:
            items: the table that was split, one row per item.
            columns: the columns that contain clip names; columns that `items` does not have are ignored.
        """
        sides = [
            pd.DataFrame({"clip": items[column].iloc[rows], "partition": partition})
            for partition, rows in self.partitions().items()
            for column in columns
            if column in items
        ]
        return pd.concat(sides).drop_duplicates().sort_values(["clip", "partition"], ignore_index=True)


def random_split(n: int, train: float, validation: float, seed: int, name: str = "paper") -> Split:
    """Split items at random into training, validation and test items.

    Most papers use this split. Items of the same speaker, and of the same clip, can be in both training and test.

    Args:
        n: number of items.
        train: share for training, 0..1.
        validation: share for validation, 0..1; all remaining items are for testing.
        seed: seed of the random order.
        name: name of the split.

    Returns:
        The split, with row numbers from 0.

    Raises:
        InputError: There are too few items: none is left for training or for testing.

    Example:
        >>> split = random_split(10, train=0.8, validation=0.1, seed=0)
        >>> len(split.train), len(split.validation), len(split.test)
        (8, 1, 1)
    """
    order = np.random.default_rng(seed).permutation(n)
    n_train, n_validation = round(train * n), round(validation * n)
    split = Split(
        name,
        train=np.sort(order[:n_train]),
        validation=np.sort(order[n_train : n_train + n_validation]),
        test=np.sort(order[n_train + n_validation :]),
    )
    if not len(split.train) or not len(split.test):
        raise InputError(f"{n} items are too few to use {train:.0%} for training and others for testing.")
    return split


def published_split(partitions: pd.Series, speakers: pd.Series, seed: int) -> Split:
    """Return the split that the owners of a corpus have published.

    Args:
        partitions: the partition of each item, one of the names in `PARTITIONS`; missing: the item is not used.
        speakers: the speaker of each item.
        seed: seed of the choice of validation speakers, a tenth of the training speakers, but at least one, if there is
            no partition for validation.

    Returns:
        The split, named `paper`.

    Raises:
        InputError: A name is unknown, there are no items for training or for testing, or the only training speaker
            would be needed for validation.

    Example:
        >>> split = published_split(pd.Series(["train", "Devel", "test", None]), pd.Series(list("abcd")), seed=0)
        >>> split.train.tolist(), split.validation.tolist(), split.test.tolist()
        ([0], [1], [2])
    """
    sides = {name: side for side, names in PARTITIONS.items() for name in names}
    side_of = partitions.astype("str").str.lower().map(sides).where(partitions.notna())
    if unknown := sorted(set(partitions[partitions.notna() & side_of.isna()])):
        raise InputError(f"the partition {unknown[0]!r} is unknown; the names are {', '.join(sides)}.")
    rows = {side: np.flatnonzero(side_of == side) for side in PARTITIONS}
    if not len(rows["train"]) or not len(rows["test"]):
        raise InputError("no usable clip is in the partition for training, or none in that for the test.")
    if not len(rows["validation"]):
        names = np.unique(speakers.iloc[rows["train"]])
        if len(names) < 2:
            raise InputError("there is no partition for validation, and only one speaker in that for training.")
        drawn = np.random.default_rng(seed).permutation(names)[: max(1, round(VALIDATION_SHARE * len(names)))]
        is_drawn = speakers.iloc[rows["train"]].isin(drawn).to_numpy()
        rows["train"], rows["validation"] = rows["train"][~is_drawn], rows["train"][is_drawn]
    return Split("paper", **rows)


def draw_folds(groups: Sequence[str], n_folds: int, seed: int) -> pd.Series:
    """Draw a fold for each group at random; the numbers of groups per fold differ by at most one.

    Args:
        groups: the group of each item.
        n_folds: number of folds, at most the number of groups.
        seed: seed of the draw.

    Returns:
        The fold number, from 0, indexed by group.

    Example:
        >>> draw_folds(["a", "b", "a", "c"], n_folds=3, seed=0).to_dict()
        {'a': 1, 'b': 2, 'c': 0}
    """
    names = np.unique(np.asarray(groups))
    fold = np.empty(len(names), int)
    fold[np.random.default_rng(seed).permutation(len(names))] = np.arange(len(names)) % n_folds
    return pd.Series(fold, index=names)


def speaker_splits(
    speakers: pd.Series,
    folds: pd.Series,
    seed: int,
    train_share: float | None = None,
    name: str = "speaker",
) -> list[Split]:
    """Create speaker-independent splits, in which each speaker is tested once.

    In split k, the speakers of fold k are the test speakers. Speakers of the next fold (a tenth of all, but at least
    one) are for validation, all others for training. If the speakers belong to fewer than `MIN_FOLDS` folds, because
    only a part of the corpus is used, each speaker is a fold, so that as many speakers as possible are for training.

    Args:
        speakers: the speaker of each item.
        folds: the fold of each speaker, indexed by speaker. Folds without any of these speakers are ignored.
        seed: seed of the choice of training speakers, if `train_share` is given.
        train_share: train on this share of *all* speakers, drawn from those that are not tested, without validation;
            the test folds stay the same. None: train on all remaining speakers.
        name: name of the splits, followed by the number of the fold.

    Returns:
        One split per fold.

    Raises:
        InputError: A speaker has no fold, or there are too few speakers.
    """
    present = pd.Series(sorted(set(speakers)))
    unknown = sorted(set(present) - set(folds.index))
    if unknown:
        raise InputError(f"no fold is given for speaker {', '.join(map(str, unknown[:5]))}; add them to the fold file.")
    if len(present) < 3:
        raise InputError(
            f"the speaker protocol needs at least 3 speakers, or groups of them (train, validation, test); there are "
            f"{len(present)}. Run --protocol paper alone."
        )
    fold_of = present.map(folds).to_numpy()
    if len(set(fold_of)) < MIN_FOLDS:
        fold_of = np.arange(len(present))
    numbers = sorted(set(fold_of))
    splits = []
    for k, tested in enumerate(numbers):
        rest = present[fold_of != tested]
        if train_share is None:
            following = present[fold_of == numbers[(k + 1) % len(numbers)]]
            validation_speakers = following.iloc[: max(1, round(VALIDATION_SHARE * len(present)))]
            train_speakers = rest[~rest.isin(validation_speakers)]
        else:
            n_train = min(len(rest), max(1, round(train_share * len(present))))
            train_speakers = np.random.default_rng([seed, k]).permutation(rest)[:n_train]
            validation_speakers = []
        masks = {
            "train": speakers.isin(train_speakers),
            "validation": speakers.isin(validation_speakers),
            "test": speakers.isin(present[fold_of == tested]),
        }
        splits.append(Split(f"{name}.fold{tested}", **{side: np.flatnonzero(mask) for side, mask in masks.items()}))
    return splits


def splits(
    protocol: str,
    groups: pd.Series,
    folds: pd.Series,
    seed: int,
    train: float,
    validation: float = 0.0,
    less: float | None = None,
) -> list[Split]:
    """Return the splits of one protocol: one random split for `paper`, one split per fold of groups for `speaker`.

    Args:
        protocol: `paper` or `speaker`.
        groups: the group of each item, such as its speaker; whole groups are held out.
        folds, seed: as in `speaker_splits`.
        train, validation: shares of the random split, see `random_split`.
        less: train on this share only, without validation: under `paper` all other items are tested, under `speaker`
            the test folds stay the same. The names of the splits contain `train50` for .5.

    Raises:
        InputError: See `random_split` and `speaker_splits`.
    """
    name = protocol if less is None else f"{protocol}.train{round(100 * less)}"
    if protocol == "speaker":
        found = speaker_splits(groups, folds, seed, less, name)
    else:
        shares = (train, validation) if less is None else (less, 0.0)
        found = [random_split(len(groups), *shares, seed, name)]
    return [replace(split, less=less) for split in found]


def pair_classwise(images: pd.DataFrame, recordings: pd.DataFrame, label: str, seed: int) -> pd.DataFrame:
    """Pair each image with a recording of the same class, repeating recordings as needed (goswami2018, section 4.1).

    Within a class, recordings are used in random order, and their numbers of uses differ by at most one. Image and
    recording of a pair may come from different clips and different speakers.

    Args:
        images: one row per image, with the columns `clip`, `speaker` and `label`.
        recordings: one row per recording, with the same columns.
        label: the column with the class.
        seed: seed of the random order.

    Returns:
        One row per image of a class that has recordings: `image` and `audio` (index of the rows in the two tables),
        `clip` and `speaker` (of the image), `audio_clip`, and the label.
    """
    generator = np.random.default_rng(seed)
    pairs = []
    for value in sorted(set(images[label]) & set(recordings[label])):
        image_rows = images.index[images[label] == value]
        audio_rows = generator.permutation(recordings.index[recordings[label] == value])
        pairs.append(pd.DataFrame({"image": image_rows, "audio": np.resize(audio_rows, len(image_rows))}))
    return _described(pd.concat(pairs, ignore_index=True), images, recordings, label)


def pair_performances(images: pd.DataFrame, recordings: pd.DataFrame, label: str) -> pd.DataFrame:
    """Return pairs of each image with the recording of the same clip. Arguments and result as in `pair_classwise`."""
    audio_row = pd.Series(recordings.index, index=recordings["clip"])
    pairs = pd.DataFrame({"image": images.index, "audio": images["clip"].map(audio_row).to_numpy()})
    return _described(pairs.dropna().astype(int).reset_index(drop=True), images, recordings, label)


def _described(pairs: pd.DataFrame, images: pd.DataFrame, recordings: pd.DataFrame, label: str) -> pd.DataFrame:
    paired_images = images.loc[pairs["image"]]
    for column in ["clip", "speaker", label]:
        pairs[column] = paired_images[column].to_numpy()
    pairs["audio_clip"] = recordings["clip"].loc[pairs["audio"]].to_numpy()
    return pairs
