"""Answers while a recording is made, over a real WebSocket."""

import json

import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

RATE = 16_000


def opened(server, **query):
    text = "&".join(f"{name}={value}" for name, value in query.items())
    return connect(f"{server.address.replace('http', 'ws')}/v1/live?{text}")


def tone(frequency: float, seconds: float) -> bytes:
    times = np.arange(round(seconds * RATE)) / RATE
    return (8000 * np.sin(2 * np.pi * frequency * times)).astype("<i2").tobytes()


def test_an_answer_for_each_half_second_is_that_of_the_last_window(server):
    with opened(server, model="segments", rate=RATE) as socket:
        found = []
        for frequency in (120, 120, 120, 4000, 4000, 4000):
            socket.send(tone(frequency, 0.5))
            found.append(json.loads(socket.recv(timeout=20)))
    assert [answer["time_s"] for answer in found] == [0.5, 1, 1.5, 2, 2.5, 3]
    assert [found[number]["predicted"] for number in (0, 2, 4, 5)] == ["sad", "sad", "happy", "happy"]
    assert sum(found[0]["probabilities"].values()) == pytest.approx(1, abs=1e-5)


def test_silence_is_reported_and_does_not_end_the_connection(server):
    with opened(server, model="segments", rate=RATE) as socket:
        socket.send(bytes(RATE))
        assert json.loads(socket.recv(timeout=20))["problem"] == "sound.wav is silent."
        socket.send(tone(120, 0.5))
        assert json.loads(socket.recv(timeout=20))["predicted"] == "sad"


@pytest.mark.parametrize(
    ("query", "sent", "sentence"),
    [
        ({"model": "none"}, b"", "there is no model 'none'"),
        ({"model": "pictures"}, b"", "pictures needs pictures"),
        ({"rate": 1}, b"", "rate is 4000 to 192000 Hz"),
        ({"rate": "fast"}, b"", "rate and every_s are numbers"),
        ({"every_s": 0}, b"", "every_s is 0.1 to 60 s"),
        ({}, b"odd", "send 16-bit samples as binary messages."),
        ({}, "text", "send 16-bit samples as binary messages."),
    ],
)
def test_a_wrong_call_closes_the_connection_with_a_sentence(server, query, sent, sentence):
    with opened(server, **query) as socket, pytest.raises(ConnectionClosed) as closed:
        if sent:
            socket.send(sent)
        socket.recv(timeout=20)
    assert closed.value.rcvd.code == 1008 and sentence in closed.value.rcvd.reason
