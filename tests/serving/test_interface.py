"""The interface for programs, asked in a real server."""

import json

import numpy as np
import pytest

from kerasemo.export import ServedModel
from kerasemo.timeline import timeline


def problem_of(answer):
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == answer.status_code and problem["title"] and problem["type"] == "about:blank"
    return problem


def test_a_prediction_is_that_of_the_command(server, saved_models, tones):
    expected = ServedModel(saved_models["clips"]).predict(tones, 1.0, 4.0)
    answer = server.post("predict", tones, model="clips", start_s=1, end_s=4)
    assert answer.status_code == 200
    content = answer.json()
    assert content["model"] == "clips" and content["file"] == "tones.wav" and content["predicted"] == expected.idxmax()
    np.testing.assert_allclose(list(content["probabilities"].values()), expected, atol=1e-5)


def test_a_timeline_is_that_of_the_command(server, saved_models, tones):
    expected = timeline(ServedModel(saved_models["segments"]), tones, every_s=0.5)
    answer = server.post("timeline", tones, model="segments", every_s=0.5)
    assert answer.headers["content-type"] == "application/x-ndjson"
    rows = [json.loads(line) for line in answer.text.splitlines()]
    np.testing.assert_allclose([row["time_s"] for row in rows], expected["time_s"], atol=1e-6)
    found = [[np.nan if value is None else value for value in row["probabilities"].values()] for row in rows]
    np.testing.assert_allclose(found, expected[["calm", "happy", "sad"]], atol=1e-5)
    assert np.isnan(found).any() and rows[0]["probabilities"]["sad"] > rows[0]["probabilities"]["happy"]


def test_windows_begin_every_two_seconds_or_as_often_as_their_length_allows(server, tones):
    lines = server.post("timeline", tones, model="segments").text.splitlines()
    assert [json.loads(line)["time_s"] for line in lines] == [0.5, 1.5, 2.5, 3.5, 4.5, 5.5]


def test_the_first_model_is_asked_if_none_is_named(server, tones):
    assert server.post("predict", tones).json()["model"] == "clips"


def test_a_video_is_read_by_a_network_of_pictures(server, saved_models, write_mp4):
    path = write_mp4(seconds=1.2, size=(64, 48))
    expected = ServedModel(saved_models["pictures"]).predict(path)
    answer = server.post("predict", path, model="pictures")
    np.testing.assert_allclose(list(answer.json()["probabilities"].values()), expected, atol=1e-5)


def test_models_are_described_without_paths(server, saved_models):
    answer = server.client().get("/v1/models")
    clips, segments, pictures = answer.json()["models"]
    assert clips["classes"] == ["calm", "happy", "sad"] and clips["media"] == ["audio"] and clips["window_s"] is None
    assert segments["window_s"] == 1 and pictures["media"] == ["video"]
    assert clips["held_out"] == [{"model": "small", "score": "test UAR", "value": "0.345 [0.300, 0.600] (n = 48)"}]
    assert "<b>" not in clips["card_html"] and "<h1>Model card: small</h1>" in clips["card_html"]
    assert str(saved_models["clips"].parent) not in answer.text
    assert answer.json()["limits"] == {"size_bytes": 2 * 2**20, "length_s": 30, "time_s": 20}


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("empty.wav", b"", "empty.wav is empty (0 bytes)."),
        ("t.wav", b"no sound", "t.wav is no sound file or is damaged: Error opening 't.wav': Format not recognised."),
        ("t.mp4", b"no video", "t.mp4 is no media file or is damaged: Invalid data found when processing input."),
    ],
)  # fmt: skip
def test_a_broken_file_has_the_sentence_of_the_command(server, saved_models, tmp_path, name, content, sentence):
    answer = server.post("predict", (name, content))
    assert answer.status_code == 422 and problem_of(answer)["detail"] == sentence
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match="is ") as raised:
        ServedModel(saved_models["clips"]).predict(tmp_path / name)
    assert str(raised.value).replace(f"{tmp_path}/", "") == sentence


@pytest.mark.parametrize(
    ("path", "fields", "status", "sentence"),
    [
        ("predict", {"model": "none"}, 404, "there is no model 'none'; choose one of clips, segments, pictures."),
        ("predict", {"start_s": "soon"}, 400, "start_s is a number of seconds, 0 or more. Received: soon"),
        ("predict", {"start_s": 2, "end_s": 1}, 400, "end_s lies before start_s."),
        ("predict", {"gender": "x"}, 400, "gender is female or male. Received: x"),
        ("predict", {"colour": "x"}, 400, "the form has unknown fields (colour); it takes model, start_s"),
        (
            "predict",
            {"every_s": 1},
            400,
            "the form has unknown fields (every_s); it takes model, start_s, end_s, gender",
        ),
        ("predict", {"model": "pictures"}, 422, "tones.wav has no video stream that can be decoded."),
        ("predict", {"start_s": 20}, 422, "tones.wav holds no samples from 20 s on"),
        ("timeline", {"model": "clips"}, 400, "a timeline needs a network that reads segments of sound"),
        ("timeline", {"model": "segments", "every_s": 3}, 400, "windows of this network begin every 1 s at most."),
    ],
)
def test_a_wrong_request_says_what_to_do(server, tones, path, fields, status, sentence):
    answer = server.post(path, tones, **fields)
    assert answer.status_code == status and problem_of(answer)["detail"].startswith(sentence)


def test_requests_that_are_no_form_are_refused(server):
    client = server.client()
    for path, status in (("/v1/predict", 405), ("/nothing", 404)):
        assert problem_of(client.get(path))["status"] == status
    assert "multipart/form-data" in problem_of(client.post("/v1/predict", content=b"abc"))["detail"]
    assert "field `file`" in problem_of(client.post("/v1/predict", files={"other": b"abc"}))["detail"]
    damaged = client.post("/v1/predict", content=b"abc", headers={"content-type": "multipart/form-data; boundary=x"})
    assert damaged.status_code == 400 and problem_of(damaged)


def test_the_interface_is_described_on_a_page_without_other_hosts(server):
    description = server.client().get("/openapi.json").json()
    assert set(description["paths"]) == {"/health", "/v1/models", "/v1/predict", "/v1/timeline"}
    form = description["paths"]["/v1/timeline"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert {"file", "model", "every_s"} <= set(form["properties"])
    page = server.client().get("/docs")
    assert page.status_code == 200 and "//" not in page.text.replace("<!doctype html>", "")
    assert page.headers["content-security-policy"].startswith("default-src 'self'")
    assert server.client().get("/health").json()["status"] == "ok"
