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
    """SEWA as in AVEC 2019 CES, synthetic: `labels/` and the challenge's feature folders, a csv a recording.

    Labels are smooth, have a standard deviation near .135 and come two seconds after what the features show. What
    each set shows of each target stands in `sewa_signals.STRENGTHS`, and the best CCC within reach is
    `ccc_ceiling`. Partners of a dialogue have the same audio features; of `Devel` the partners are those of the real
    corpus (`avec2019.dialogues`), of `Train` neighbours (1 and 2, 3 and 4, ...). All sets, the low-level ones
    too, have a row every 0.1 s. Real sets have 23 to 4096 features; here all have `width`, which keeps the whole
    corpus at some 200 MB. A recording does not depend on which others are written.

    Args:
        train: recordings of `Train` in each language, an even number.
        devel: recordings of `Devel` in each language, an even number: whole dialogues, in the order of their first
            side.
        languages: `DE`, `HU` or both.
        frames: shortest and longest recording, frames of 0.1 s.
        feature_sets: which of the challenge's feature sets.
        width: features of each set.
        seed: decides on emotions, chance and lengths.

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
