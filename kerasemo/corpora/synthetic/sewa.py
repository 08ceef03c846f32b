"""SEWA as in AVEC 2019 CES: labels and feature sets in the challenge's folders, of synthetic dialogues."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import joblib
import numpy as np

from kerasemo import files
from kerasemo.corpora import avec2019
from kerasemo.corpora.synthetic import marker
from kerasemo.corpora.synthetic.sewa_signals import perform
from kerasemo.errors import InputError
from kerasemo.progress import track
from kerasemo.workers import side_by_side

# Lengths of the real recordings: shortest and longest, frames.
FRAMES = (974, avec2019.PADDED_FRAMES)
# What a set shows goes through eight channels; fewer features could not hold them.
LEAST_WIDTH = 8

# Chance hangs on their places in these orders.
_PARTITIONS = ("Train", "Devel")
_LANGUAGES = ("DE", "HU")
# The learned sets come from other tools than the rest: commas, no header, bare names.
_LEARNED = ("audio_features_DeepSpectrum_DenseNet121", "visual_features_ResNet", "visual_features_VGG")


@dataclass(frozen=True)
class _Side:
    """One recording to make."""

    name: str
    dialogue: tuple[int, int, int]
    side: int
    n_frames: int


def write_sewa(
    root: str | os.PathLike,
    *,
    train: int = 34,
    devel: int = 14,
    languages: Iterable[str] = _LANGUAGES,
    frames: tuple[int, int] = FRAMES,
    feature_sets: Iterable[str] = tuple(avec2019.FEATURE_SETS.values()),
    width: int = 16,
    seed: int = 0,
    jobs: int = 1,
) -> None:
    """Write a synthetic SEWA: `labels/` and the feature folders of AVEC 2019 CES, a csv a recording.

    Labels are smooth, have a standard deviation near .135 and come two seconds after what the features show. What
    each set shows of each target stands in `sewa_signals.STRENGTHS`, and the best CCC within reach is
    `ccc_ceiling`. Partners of a dialogue have the same audio features; of `Devel` the partners are those of the real
    corpus (`avec2019.dialogues`), of `Train` neighbours (1 and 2, 3 and 4, ...). All sets, the low-level ones
    too, have a row every 0.1 s. Real sets have 23 to 4096 features; here all have `width`, which keeps the whole
    corpus at some 200 MB. A recording does not depend on which others are made, nor on `jobs`. The folder appears when
    all is written; a call that would repeat it does nothing.

    Args:
        root: the folder to make.
        train: recordings of `Train` in each language, even, 2 to 34.
        devel: recordings of `Devel` in each language, even, 2 to 14: whole dialogues, in the order of their first side.
        languages: `DE`, `HU` or both.
        frames: shortest and longest recording, frames of 0.1 s, 1 to 1768.
        feature_sets: which sets, folders of `avec2019.FEATURE_SETS`.
        width: features of each set, 8 or more.
        seed: decides on emotions, chance and lengths; not negative.
        jobs: processes that write; -1: one a core.

    Raises:
        InputError: a parameter is out of range, or something else is at `root`.
    """
    parameters = {
        "train": train,
        "devel": devel,
        "languages": sorted(set(languages)),
        "frames": [int(bound) for bound in frames],
        "feature_sets": sorted(set(feature_sets)),
        "width": width,
        "seed": seed,
    }
    _check(parameters)
    if not marker.stands(root, "avec2019", parameters):
        _write(Path(root), parameters, jobs)


def _check(parameters: dict) -> None:
    for name, known in (
        ("languages", list(_LANGUAGES)),
        ("feature_sets", sorted(avec2019.FEATURE_SETS.values())),
    ):
        unknown = [value for value in parameters[name] if value not in known]
        if unknown or not parameters[name]:
            what = f"unknown {name} {unknown}" if unknown else f"no {name} given"
            raise InputError(f"synthetic SEWA: {what}; choose from {known}.")
    for partition in _PARTITIONS:
        number, most = parameters[partition.lower()], avec2019.PARTITIONS[partition]["DE"]
        if number % 2 or not 2 <= number <= most:
            raise InputError(f"synthetic SEWA: {partition.lower()} is {number}; it must be even, from 2 to {most}.")
    bounds = parameters["frames"]
    if len(bounds) != 2 or not 1 <= bounds[0] <= bounds[1] <= avec2019.PADDED_FRAMES:
        raise InputError(
            f"synthetic SEWA: frames are {bounds}; give shortest and longest, 1 to {avec2019.PADDED_FRAMES}."
        )
    if parameters["width"] < LEAST_WIDTH:
        raise InputError(f"synthetic SEWA: width is {parameters['width']}; it must be at least {LEAST_WIDTH}.")
    if parameters["seed"] < 0:
        raise InputError(f"synthetic SEWA: seed is {parameters['seed']}; it must not be negative.")


def _write(root: Path, parameters: dict, jobs: int) -> None:
    sides = _sides(parameters)
    with files.whole(root) as temporary:
        for folder in ("labels", *parameters["feature_sets"]):
            (temporary / folder).mkdir(parents=True)
        tasks = (joblib.delayed(_perform)(temporary, side, parameters) for side in sides)
        # Closed before the folder goes when interrupted: no process may still write into it.
        with side_by_side(tasks, jobs) as done:
            for _ in track(done, len(sides), "Synthetic SEWA"):
                pass
        marker.write(temporary, "avec2019", parameters)


def _sides(parameters: dict) -> list[_Side]:
    sides = []
    shortest, longest = parameters["frames"]
    for partition in _PARTITIONS:
        for language in parameters["languages"]:
            for pair in _pairs(partition, language)[: parameters[partition.lower()] // 2]:
                dialogue = (_PARTITIONS.index(partition), _LANGUAGES.index(language), pair[0])
                length = int(np.random.default_rng([parameters["seed"], *dialogue]).integers(shortest, longest + 1))
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


def _perform(root: Path, side: _Side, parameters: dict) -> None:
    """Write the files of one recording."""
    feature_sets, width, seed = (parameters[name] for name in ("feature_sets", "width", "seed"))
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
