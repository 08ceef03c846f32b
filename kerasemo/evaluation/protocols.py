"""Who stands in train, validation and test: the papers' way, and with speakers held out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kerasemo.errors import InputError

MIN_FOLDS = 6
VALIDATION_SHARE = 0.1


@dataclass(frozen=True)
class Split:
    """Rows of a table of items that train, validate and test one network.

    Args:
        name: what to call it in file names, such as `paper` or `speaker.fold2`.
        train: row numbers.
        validation: row numbers; may be none.
        test: row numbers.
    """

    name: str
    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray

    def partitions(self) -> dict[str, np.ndarray]:
        """The row numbers by partition name, without empty partitions."""
        rows = {"train": self.train, "validation": self.validation, "test": self.test}
        return {partition: numbers for partition, numbers in rows.items() if len(numbers)}

    def sides(self, items: pd.DataFrame, columns: Sequence[str] = ("clip",)) -> pd.DataFrame:
        """On which sides clips stand, as `kerasemo audit` reads it: `clip, partition`, each pair once.

        Args:
            items: what was split, a row an item.
            columns: the columns that name clips; those that `items` lacks are passed over.
        """
        sides = [
            pd.DataFrame({"clip": items[column].iloc[rows], "partition": partition})
            for partition, rows in self.partitions().items()
            for column in columns
            if column in items
        ]
        return pd.concat(sides).drop_duplicates().sort_values(["clip", "partition"], ignore_index=True)


def random_split(n: int, train: float, validation: float, seed: int, name: str = "paper") -> Split:
    """Split items at random; whatever is not for training or validation is for testing.

    This is what most papers did. Items of one speaker, and of one clip, stand on both sides.

    Args:
        n: number of items.
        train: share for training, 0..1.
        validation: share for validation, 0..1.
        seed: what the order follows from.

    Raises:
        InputError: a share is so small that nobody is left to train or to test.

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
        raise InputError(f"{n} items are too few to split into {train:.0%} for training and a test.")
    return split


def draw_folds(groups: Sequence[str], n_folds: int, seed: int) -> pd.Series:
    """A fold for each group, drawn at random: as many groups in each, one more or less.

    Args:
        groups: the group of each item.
        n_folds: how many folds; at most as many as groups.
        seed: what the draw follows from.

    Returns:
        The fold, from 0, indexed by group.

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
    """Split items so that no speaker stands on two sides; every speaker is tested once.

    Fold k is tested, speakers of the next fold (a tenth of all, one at least) validate, the others train. Of a part of
    a corpus that fills fewer than `MIN_FOLDS` folds each speaker is a fold, so that as many as possible train.

    Args:
        speakers: the speaker of each item.
        folds: the fold of each speaker, indexed by speaker. Folds without any of the items' speakers are left out.
        seed: what the choice of training speakers follows from where `train_share` leaves some out.
        train_share: train on this share of *all* speakers, drawn from those not tested, and validate nothing; the
            test folds stay the same. None: train on all that are left.

    Returns:
        A split a fold.

    Raises:
        InputError: a speaker has no fold, or there are too few speakers.
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
            validating = following.iloc[: max(1, round(VALIDATION_SHARE * len(present)))]
            learning = rest[~rest.isin(validating)]
        else:
            n_train = min(len(rest), max(1, round(train_share * len(present))))
            learning = np.random.default_rng([seed, k]).permutation(rest)[:n_train]
            validating = []
        rows = {
            "train": speakers.isin(learning),
            "validation": speakers.isin(validating),
            "test": speakers.isin(present[fold_of == tested]),
        }
        splits.append(Split(f"{name}.fold{tested}", **{side: np.flatnonzero(chosen) for side, chosen in rows.items()}))
    return splits


def splits(
    protocol: str, groups: pd.Series, folds: pd.Series, seed: int, train: float, validation: float = 0.0
) -> list[Split]:
    """The splits of one protocol: under `paper` a random one, under `speaker` one for each fold of groups.

    Args:
        protocol: `paper` or `speaker`.
        groups: what is held out whole with each item, such as its speaker.
        folds, seed: as in `speaker_splits`.
        train, validation: shares of the random split, see `random_split`.

    Raises:
        InputError: see `random_split` and `speaker_splits`.
    """
    if protocol == "paper":
        return [random_split(len(groups), train, validation, seed)]
    return speaker_splits(groups, folds, seed)


def pair_classwise(images: pd.DataFrame, recordings: pd.DataFrame, label: str, seed: int) -> pd.DataFrame:
    """Give each image a recording of its class, copying recordings as often as needed (goswami2018, section 4.1).

    Within a class the recordings come in random order, each as often as the others, one more or less. The two halves
    of a pair need not be of one clip, or of one speaker.

    Args:
        images: a row an image, with the columns `clip`, `speaker` and `label`.
        recordings: a row a recording, likewise.
        label: the column with the class.
        seed: what the order follows from.

    Returns:
        A row an image of a class that has recordings: `image` and `audio` (row numbers of the two tables), `clip` and
        `speaker` (of the image), `audio_clip`, and the label.
    """
    generator = np.random.default_rng(seed)
    pairs = []
    for value in sorted(set(images[label]) & set(recordings[label])):
        image_rows = np.flatnonzero(images[label] == value)
        audio_rows = generator.permutation(np.flatnonzero(recordings[label] == value))
        pairs.append(pd.DataFrame({"image": image_rows, "audio": np.resize(audio_rows, len(image_rows))}))
    return _described(pd.concat(pairs, ignore_index=True), images, recordings, label)


def pair_performances(images: pd.DataFrame, recordings: pd.DataFrame, label: str) -> pd.DataFrame:
    """Give each image the recording of its own clip. Arguments and result as in `pair_classwise`."""
    audio_row = pd.Series(np.arange(len(recordings)), index=recordings["clip"])
    pairs = pd.DataFrame(
        {
            "image": np.arange(len(images)),
            "audio": images["clip"].map(audio_row).to_numpy(),
        }
    )
    return _described(pairs.dropna().astype(int).reset_index(drop=True), images, recordings, label)


def _described(pairs: pd.DataFrame, images: pd.DataFrame, recordings: pd.DataFrame, label: str) -> pd.DataFrame:
    of_image = images.iloc[pairs["image"]]
    for column in ["clip", "speaker", label]:
        pairs[column] = of_image[column].to_numpy()
    pairs["audio_clip"] = recordings["clip"].iloc[pairs["audio"]].to_numpy()
    return pairs
