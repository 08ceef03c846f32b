import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerasemo.features import Waveform
from kerasemo.features.network_input import NetworkInput
from kerasemo.features.segments import segments, starts


@given(st.data(), st.integers(1, 60), st.integers(1, 20))
def test_they_are_the_same_however_the_sound_comes(data, n, length):
    hop = data.draw(st.integers(1, length))
    cuts = sorted(data.draw(st.lists(st.integers(0, n), max_size=6)))
    samples = np.arange(n)
    found = list(segments(np.split(samples, cuts), length, hop))
    assert [start for start, _ in found] == starts(n, length, hop)
    for start, part in found:
        np.testing.assert_array_equal(
            part, np.resize(samples[start:], length) if n < length else samples[start:][:length]
        )


@given(st.integers(1, 60), st.integers(1, 20), st.data())
def test_every_sample_is_in_one_of_them(n, length, data):
    hop = data.draw(st.integers(1, length))
    heard = np.concatenate([part for _, part in segments([np.arange(n)], length, hop)])
    assert set(heard) == set(range(n))


def test_without_samples_there_is_none():
    assert list(segments([np.empty(0), np.empty(0)], 4, 2)) == []


@pytest.mark.parametrize("hop", [0, 5])
def test_a_hop_beyond_the_segment_would_lose_samples(hop):
    with pytest.raises(ValueError, match="begin every 1 to length samples"):
        list(segments([np.arange(9)], 4, hop))


def test_an_input_of_segments_makes_a_clip_several_items_and_survives_its_configuration():
    made = NetworkInput(Waveform(), segment_length=4, segment_hop=2)
    samples = np.arange(7, dtype="float32")
    np.testing.assert_array_equal(made.items(samples), [[0, 1, 2, 3], [2, 3, 4, 5], [3, 4, 5, 6]])
    assert NetworkInput.from_config(made.get_config()) == made
    assert NetworkInput.from_config({"feature_set": "waveform"}).segment_length is None
