"""Sounds that are one recording, on synthetic voices with known answers."""

import numpy as np
import pytest

from kerasemo.corpora.synthetic.voice import SAMPLING_RATE, draw_speaker, speak
from kerasemo.evaluation.fingerprint import HOP, RATE, Fingerprint, errors, fingerprint, same_recordings
from kerasemo.features.media import read_blocks


def of(samples, rate=SAMPLING_RATE):
    return fingerprint([(np.asarray(samples, np.float32), rate)])


def say(seed):
    """The same person says the same words with the same emotion; each time is another recording."""
    speaker = draw_speaker("female", np.random.default_rng(0))
    return speak("happy", 2, speaker, "IaoIa@o", np.random.default_rng(seed))


@pytest.fixture(scope="module")
def voices():
    return [say(seed) for seed in range(6)]


def test_a_recording_is_found_in_any_encoding_and_takes_are_not(voices, encode):
    path = encode(voices[2] * 10**0.5, SAMPLING_RATE)
    numbers = same_recordings([*map(of, voices), fingerprint(read_blocks(path))])
    assert numbers.tolist() == [0, 1, 2, 3, 4, 5, 2]


def test_excerpts_and_overlapping_parts_are_found(voices):
    """Cut at places that are no multiples of the distance of frames; the third has less than a window in common."""
    one = voices[0]
    parts = [one[:90_000], one[31_003:], one[70_000:], voices[1]]
    assert same_recordings([of(part) for part in parts]).tolist() == [0, 0, 0, 1]
    assert same_recordings([of(one[:70_000]), of(one[69_000:])]).tolist() == [0, 1]


def test_many_copies_are_one(voices):
    rng = np.random.default_rng(0)
    copies = [of(voices[0] + 1e-4 * rng.standard_normal(len(voices[0]))) for _ in range(40)]
    assert set(same_recordings([*copies, of(voices[1])]).tolist()) == {0, 1}


def test_volume_does_not_change_a_fingerprint(voices):
    plain, loud = of(voices[0]), of(4 * voices[0])
    assert np.array_equal(plain.bits, loud.bits) and np.array_equal(plain.loud, loud.loud)


def test_blocks_do_not_change_a_fingerprint(voices):
    whole, parts = of(voices[0]), np.array_split(voices[0], 7)
    divided = fingerprint([(part, SAMPLING_RATE) for part in parts])
    assert np.array_equal(whole.bits, divided.bits)


def test_a_long_sound_has_a_frame_every_hop(voices):
    long = np.tile(voices[0], 20)
    assert len(of(long).bits) == (round(len(long) / SAMPLING_RATE * RATE) - 2048) // HOP
    assert same_recordings([of(long), of(voices[0])]).tolist() == [0, 0]


def test_errors_are_the_share_of_different_bits_where_both_are_loud():
    bits, loud = np.zeros(100, np.uint32), np.ones(100, bool)
    other = bits.copy()
    other[10:60] = 0b11
    assert errors(Fingerprint(bits, loud), Fingerprint(other, loud), 0) == 50 * 2 / (100 * 32)
    assert errors(Fingerprint(bits, loud), Fingerprint(other[10:60], loud[10:60]), 10) == 2 / 32
    assert errors(Fingerprint(other[10:60], loud[10:60]), Fingerprint(bits, loud), -10) == 2 / 32
    quiet = loud & (np.arange(100) < 60)
    assert errors(Fingerprint(bits, quiet), Fingerprint(other, loud), 0) == 50 * 2 / (60 * 32)
    assert errors(Fingerprint(bits, loud), Fingerprint(other, loud), 58) == 1.0
    assert errors(Fingerprint(bits, np.arange(100) < 42), Fingerprint(bits, loud), 0) == 1.0


@pytest.mark.parametrize("samples", [np.zeros(SAMPLING_RATE * 2), np.ones(SAMPLING_RATE // 3)])
def test_silence_and_short_sounds_are_the_same_as_nothing(samples, voices):
    assert not of(samples).loud.any()
    assert same_recordings([of(samples), of(samples), of(voices[0])]).tolist() == [0, 1, 2]


def test_no_sounds():
    assert same_recordings([]).tolist() == []
    assert same_recordings([of(np.zeros(10))]).tolist() == [0]
