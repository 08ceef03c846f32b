"""Fingerprints of real recordings: takes of one sentence are told apart, encodings of one take are not."""

import numpy as np
import pytest

from kerasemo.corpora import Ravdess
from kerasemo.evaluation.audit import find_sounds
from kerasemo.evaluation.fingerprint import fingerprint, same_recordings
from kerasemo.features.media import read_audio, read_blocks

# The owners' files of these two takes are equal, byte by byte.
TWINS = {"01-03-01-02-01-07", "01-03-01-02-02-07"}


@pytest.fixture(scope="module")
def clips(ravdess_root):
    table = Ravdess().read(ravdess_root)
    return table, [fingerprint(read_blocks(ravdess_root / path)) for path in table["audio"]]


def test_recordings_are_told_apart(clips):
    table, fingerprints = clips
    numbers = same_recordings(fingerprints)
    values, counts = np.unique(numbers, return_counts=True)
    assert len(numbers) == 480 and len(values) == 479
    assert set(table["clip"][numbers == values[counts == 2]]) == TWINS


def test_encodings_are_found(clips, ravdess_root, encode):
    """One clip of each actor, cut anywhere in its first tenth of a second, ten decibels louder."""
    table, fingerprints = clips
    rng = np.random.default_rng(0)
    chosen, copies = [], []
    for number, (_, same) in enumerate(table.groupby("speaker")):
        clip = same.iloc[7 * number]
        samples, rate = read_audio(ravdess_root / clip["audio"])
        path = encode(samples[rng.integers(4800) :] * 10**0.5, rate)
        chosen.append(clip.name)
        copies.append(fingerprint(read_blocks(path)))
    numbers = same_recordings([*fingerprints, *copies])
    assert numbers[480:].tolist() == numbers[chosen].tolist() and len(set(numbers[480:])) == 8


def test_equal_files_are_left_to_the_comparison_of_contents(ravdess_root):
    table = Ravdess().read(ravdess_root)
    twins = table[table["clip"].isin(TWINS)]
    assert find_sounds(twins, ravdess_root) == ({clip: [] for clip in TWINS}, {})
