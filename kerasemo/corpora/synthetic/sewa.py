"""SEWA as in AVEC 2019 CES: labels and feature sets in the challenge's folders, of synthetic dialogues."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import joblib
import numpy as np

from kerasemo.command_line import option
from kerasemo.corpora import avec2019
from kerasemo.corpora.synthetic.corpus import SyntheticCorpus
from kerasemo.corpora.synthetic.sewa_signals import perform
from kerasemo.errors import InputError

__all__ = ["FRAMES", "LEAST_WIDTH", "SyntheticSewa"]

# Lengths of the real recordings: shortest and longest, frames.
FRAMES = (974, avec2019.PADDED_FRAMES)
# What a set shows goes through eight channels; fewer features could not hold them.
LEAST_WIDTH = 8

# Chance depends on their places in these orders.
_PARTITIONS = ("Train", "Devel")
_LANGUAGES = ("DE", "HU")
# The learned sets come from other tools than the rest: commas, no header, bare names.
_LEARNED = ("audio_features_DeepSpectrum_DenseNet121", "visual_features_ResNet", "visual_features_VGG")


@dataclass(frozen=True)
class _Side:
    """One recording to write."""

    name: str
    dialogue: tuple[int, int, int]
    side: int
    n_frames: int


@dataclass(frozen=True, kw_only=True)
class SyntheticSewa(SyntheticCorpus):
    """Synthetic SEWA as in AVEC 2019: labels and feature sets.

    Writes `labels/` and the folders of the challenge's feature sets, with one CSV file per recording, but no media
    files. Labels are smooth, have a standard deviation of about .135 and follow the features with a delay of two
    seconds. The two recordings of a dialogue have the same audio features. Dialogues of `Devel` have the same pairs of
    recordings as in the real corpus; dialogues of `Train` are pairs of neighbours (1 and 2, 3 and 4, ...). Dialogues
    are written in the order of their first recording.

    All feature sets, including the low-level ones, have one row every 0.1 s. Real sets have 23 to 4096 features; here
    all sets have the same number, which keeps the whole corpus at about 200 MB. The content of a recording does not
    depend on which other recordings are written.

    In Python, `ccc_ceiling` computes the best CCC that a model can reach, and `sewa_signals.STRENGTHS` contains how
    strongly each feature set shows each target.

    Args:
        train: number of recordings of `Train` in each language; must be even.
        devel: number of recordings of `Devel` in each language; must be even, because dialogues are written as a whole.
        languages: `DE`, `HU` or both.
        frames: length of the shortest and the longest recording, in frames of 0.1 s.
        feature_sets: feature sets of the challenge to write.
        width: number of features in each set.
        seed: random seed of the emotions, the noise and the lengths.

    Raises:
        InputError: a parameter is out of range.
    """

    name: ClassVar[str] = "avec2019"
    title: ClassVar[str] = "SEWA"

    train: int = option(34, min=2, max=avec2019.PARTITIONS["Train"]["DE"])
    devel: int = option(14, min=2, max=avec2019.PARTITIONS["Devel"]["DE"])
    languages: Sequence[Literal[*_LANGUAGES]] = option(_LANGUAGES, name="--language")
    frames: tuple[int, int] = FRAMES
    feature_sets: Sequence[Literal[*avec2019.FEATURE_SETS.values()]] = option(
        tuple(avec2019.FEATURE_SETS.values()), name="--feature-set", metavar="NAME", show_default="all"
    )
    width: int = option(16, min=LEAST_WIDTH)
    seed: int = option(0, min=0)

    def __post_init__(self):
        super().__post_init__()
        for name, number in (("train", self.train), ("devel", self.devel)):
            if number % 2:
                raise InputError(f"synthetic SEWA: {name} must be even. Received: {number}")
        if len(self.frames) != 2 or not 1 <= self.frames[0] <= self.frames[1] <= avec2019.PADDED_FRAMES:
            raise InputError(
                "synthetic SEWA: frames must be shortest and longest recording, 1 to "
                f"{avec2019.PADDED_FRAMES}. Received: {self.frames}"
            )

    def _prepare(self, root: Path) -> list:
        for folder in ("labels", *self.feature_sets):
            (root / folder).mkdir()
        return [
            joblib.delayed(_perform)(root, side, self.feature_sets, self.width, self.seed) for side in self._sides()
        ]

    def _sides(self) -> list[_Side]:
        sides = []
        shortest, longest = self.frames
        for partition in _PARTITIONS:
            for language in self.languages:
                for pair in _pairs(partition, language)[: getattr(self, partition.lower()) // 2]:
                    dialogue = (_PARTITIONS.index(partition), _LANGUAGES.index(language), pair[0])
                    length = int(np.random.default_rng([self.seed, *dialogue]).integers(shortest, longest + 1))
                    sides += [
                        _Side(f"{partition}_{language}_{number:02d}", dialogue, side, length)
                        for side, number in enumerate(pair)
                    ]
        return sides


def _pairs(partition: str, language: str) -> list[tuple[int, int]]:
    """The two sides of each dialogue, in the order of the first."""
    count = avec2019.PARTITIONS[partition][language]
    if partition == "Train":
        return [(first, first + 1) for first in range(1, count, 2)]
    names = [name for name in avec2019.recordings(partition) if avec2019.language(name) == language]
    dialogues = dict.fromkeys(avec2019.dialogues(names).values())
    return [tuple(map(int, dialogue.rsplit("_", 1)[1].split("+"))) for dialogue in dialogues]


def _perform(root: Path, side: _Side, feature_sets: Sequence[str], width: int, seed: int) -> None:
    """Write the files of one recording."""
    recording = perform(side.dialogue, side.side, side.n_frames, feature_sets, width, seed)
    header = [";".join(["name", "timestamp", *avec2019.TARGETS])]
    _write_csv(root / "labels", side.name, recording.labels, header, f"'{side.name}';%.6f" + 3 * ";%.6f")
    for feature_set, features in recording.features.items():
        if feature_set in _LEARNED:
            header, row = [], f"{side.name},%.1f" + width * ",%.4g"
        else:
            header = [";".join(["name", "timestamp", *(f"feature_{number}" for number in range(width))])]
            row = f"'{side.name}';%.1f" + width * ";%.4g"
        _write_csv(root / feature_set, side.name, features, header, row)


def _write_csv(folder: Path, name: str, table: np.ndarray, header: list[str], row: str) -> None:
    lines = header + [row % (frame * avec2019.HOP_S, *values) for frame, values in enumerate(table.tolist())]
    (folder / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
