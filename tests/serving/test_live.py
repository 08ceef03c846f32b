"""Answers while a recording is made, over a real WebSocket."""

import base64
import json

import cv2
import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from kerasemo.export import ServedModel

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


def jpeg(grey: int) -> bytes:
    return cv2.imencode(".jpg", np.full((48, 64, 3), grey, np.uint8))[1].tobytes()


def send_picture(socket, picture: bytes) -> None:
    socket.send(base64.b64encode(picture).decode())


def test_an_answer_for_each_half_second_of_pictures_is_that_of_the_last_seconds(server, saved_models):
    served = ServedModel(saved_models["pictures"])
    expected = [
        served.probabilities({"image": np.full((1, 16, 32, 3), grey, "float32")})[0].tolist() for grey in (0, 255)
    ]
    assert np.abs(np.subtract(*expected)).max() > 0.02
    found = []
    with opened(server, model="pictures", frame_rate=4) as socket:
        for grey in [0] * 2 + [255] * 6:
            for _ in range(2):
                send_picture(socket, jpeg(grey))
            found.append(json.loads(socket.recv(timeout=20)))
    assert [answer["time_s"] for answer in found] == list(np.arange(0.5, 4.1, 0.5))
    for number, grey in ((0, 0), (1, 0), (7, 1)):
        assert list(found[number]["probabilities"].values()) == pytest.approx(expected[grey], abs=1e-3)


def test_pictures_that_are_none_are_reported_and_do_not_end_the_connection(server):
    before = server.processes()
    large = bytearray(jpeg(0))
    at = large.index(b"\xff\xc0") + 5
    large[at : at + 4] = b"\xff\xdc\xff\xdc"  # 65 500 x 65 500 pixels
    with opened(server, model="pictures", frame_rate=2) as socket:
        for picture in (b"no picture", jpeg(0)[:200], bytes(large), b"\x89PNG\r\n\x1a\n" + bytes(20)):
            send_picture(socket, picture)
            assert json.loads(socket.recv(timeout=20))["problem"].startswith("recording.mkv")
        for _ in range(6):
            send_picture(socket, jpeg(255))
            answer = json.loads(socket.recv(timeout=20))
        assert sum(answer["probabilities"].values()) == pytest.approx(1, abs=1e-5)
    assert server.processes() == before


@pytest.mark.parametrize(
    ("query", "sent", "sentence"),
    [
        ({"model": "none"}, b"", "there is no model 'none'"),
        ({"model": "pictures"}, bytes(2), "send JPEG pictures of at most 128 KB in base64 as text messages."),
        ({"model": "pictures"}, "no base64!", "send JPEG pictures of at most 128 KB in base64 as text messages."),
        ({"model": "pictures"}, "A" * 200_000, "send JPEG pictures of at most 128 KB in base64 as text messages."),
        ({"frame_rate": 31}, b"", "frame_rate is 1 to 30 pictures per second. Received: 31"),
        ({"rate": 1}, b"", "rate is 4000 to 192000 Hz"),
        ({"rate": "fast"}, b"", "rate is 4000 to 192000 Hz. Received: fast"),
        ({"every_s": "nan"}, b"", "every_s is 0.1 to 60 s. Received: nan"),
        ({"model": 300 * "x"}, b"", "there is no model 'xxx"),
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
