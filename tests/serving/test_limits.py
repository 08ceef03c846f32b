"""Size, length, memory, time, queue, token and origins: what the server refuses, and that nothing is left."""

import asyncio
import io
import os
import signal
import socket
import threading
import time
from pathlib import Path

import httpx
import numpy as np
import pytest
import soundfile

from kerasemo.serving import uploads

from .conftest import running
from .test_interface import problem_of

FORM = b'--x\r\ncontent-disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
FINE = {"model": "segments", "every_s": 0.0005}
"""A timeline of thousands of windows."""
FORM_HEADERS = {"content-type": "multipart/form-data; boundary=x"}


def wav(samples: np.ndarray, rate: int, kind: str = "WAV", subtype: str = "PCM_16") -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, rate, subtype, format=kind)
    return file.getvalue()


def test_a_file_that_is_too_large_is_refused_with_the_limit(server):
    answer = server.post("predict", ("a.wav", bytes(3 * 2**20)))
    problem = problem_of(answer)
    assert answer.status_code == 413 and problem["limit"] == 2 * 2**20 and problem["unit"] == "bytes"
    assert "larger than 2 MB" in problem["detail"]

    def without_length():
        yield FORM
        yield from (b"x" * 2**16 for _ in range(100))

    answer = server.client().post("/v1/predict", content=without_length(), headers=FORM_HEADERS)
    assert answer.status_code == 413 and problem_of(answer)["limit"] == 2 * 2**20


def test_a_recording_that_is_too_long_is_refused_with_the_limit(server):
    content = wav(np.zeros(31 * 8000), 8000)
    answer = server.post("predict", ("a.wav", content))
    problem = problem_of(answer)
    assert answer.status_code == 413 and (problem["limit"], problem["unit"]) == (30, "seconds")
    assert problem["detail"] == "a.wav has 31 s, more than 30 s; give a part of it."
    assert server.post("predict", ("a.wav", content), start_s=0, end_s=29).status_code == 200


def test_nothing_is_left_on_disk(server, tones):
    for file in (tones, ("broken.wav", b"RIFF")):
        server.post("predict", file)
        server.post("timeline", file, model="segments")
    assert server.left_over() == []


@pytest.mark.parametrize("open_files", [uploads.OPEN_FILES, Path("/not/on/this/system")])
def test_a_file_can_be_opened_by_its_path_until_the_block_ends(monkeypatch, tmp_path, open_files):
    monkeypatch.setattr(uploads, "OPEN_FILES", open_files)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    async def store() -> None:
        async with uploads.stored(b"sound") as path:
            assert Path(path).read_bytes() == b"sound"
            assert len(list(tmp_path.iterdir())) == (0 if open_files.exists() else 1)

    asyncio.run(store())
    assert list(tmp_path.iterdir()) == []


def test_a_client_that_goes_away_frees_its_place_and_its_pipes(server, tones):
    def pipes() -> int:
        opened = Path(f"/proc/{server.process.pid}/fd").iterdir()
        return sum(each.readlink().name.startswith("pipe:") for each in opened)

    before = pipes()
    with (
        server.client() as client,
        client.stream("POST", "/v1/timeline", files={"file": tones.open("rb")}, data=FINE) as rows,
    ):
        assert next(rows.iter_lines()) and server.left_over()
        time.sleep(0.5)  # so that more windows wait in the pipe
    deadline = time.monotonic() + 60
    while server.client().get("/health").json()["waiting"]:
        assert time.monotonic() < deadline
    assert server.post("predict", tones).status_code == 200
    assert server.left_over() == []
    assert pipes() == before


@pytest.mark.parametrize("name", ["../../etc/passwd.wav", "pipe:0.mp4", "a\x00b.wav", "x" * 300 + ".wav", "-", ".."])
def test_names_are_only_names(server, tones, name):
    answer = server.post("predict", (name, tones.read_bytes()))
    assert answer.status_code in (200, 422) and "/" not in answer.json().get("file", "")


def test_a_playlist_cannot_make_the_server_load_something(server):
    with socket.create_server(("127.0.0.1", 0)) as other:
        other.settimeout(0.5)
        address = f"http://127.0.0.1:{other.getsockname()[1]}/a.ts"
        playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{address}\n#EXT-X-ENDLIST\n".encode()
        answer = server.post("predict", ("list.mp4", playlist), model="pictures")
        assert answer.status_code == 422
        with pytest.raises(TimeoutError):
            other.accept()


def test_pages_of_other_origins_and_hosts_are_refused(server):
    client = server.client()
    assert client.get("/v1/models", headers={"origin": server.address}).status_code == 200
    wrong = ({"origin": "https://example.org"}, {"host": "example.org"}, {"origin": "null"}, {"origin": "http://["})
    for headers in (*wrong, {"host": "["}, {"host": ""}):
        answer = client.get("/v1/models", headers=headers)
        assert problem_of(answer)["status"] == 403 and "access-control-allow-origin" not in answer.headers


def test_a_server_with_a_token_an_origin_and_no_queue(saved_models, tones):
    options = ("--token", "secret", "--allow-origin", "https://a.org", "--queue", 0, "--jobs", 1, "--max-time", 3)
    with running(saved_models["segments"], *options) as server:
        client = server.client()
        assert client.get("/health").status_code == client.get("/").status_code == 200
        answer = client.get("/v1/models")
        assert problem_of(answer)["status"] == 401 and answer.headers["www-authenticate"] == "Bearer"
        assert server.post("predict", tones, server.client(headers={"authorization": "Bearer no"})).status_code == 401
        allowed = server.client(headers={"authorization": "Bearer secret", "origin": "https://a.org"})
        answer = server.post("predict", tones, allowed)
        assert answer.status_code == 200 and answer.headers["access-control-allow-origin"] == "https://a.org"
        _a_slow_upload_takes_the_only_place(server, tones, allowed)
        _a_process_that_ends_or_hangs_is_replaced(server, tones, allowed)


def _a_slow_upload_takes_the_only_place(server, tones, client) -> None:
    goes_on = threading.Event()

    def slowly():
        yield FORM
        goes_on.wait(30)

    answers = []
    upload = {"content": slowly(), "headers": FORM_HEADERS}
    slow = threading.Thread(target=lambda: answers.append(client.post("/v1/predict", **upload)))
    slow.start()
    while client.get("/health").json()["waiting"] == 0:
        time.sleep(0.01)
    busy = server.post("predict", tones, client)
    assert busy.status_code == 429 and int(busy.headers["retry-after"]) >= 1 and problem_of(busy)["limit"] == 0
    while client.get("/health").json()["waiting"]:  # until the time limit
        time.sleep(0.05)
    goes_on.set()
    slow.join()
    assert answers[0].status_code == 408 and problem_of(answers[0])["limit"] == 3


def _a_process_that_ends_or_hangs_is_replaced(server, tones, client) -> None:
    for number, statuses in ((signal.SIGKILL, {200, 408, 422}), (signal.SIGSTOP, {408})):
        (process,) = server.processes()
        os.kill(process, number)
        assert server.post("predict", tones, client).status_code in statuses
        deadline = time.monotonic() + 60
        while server.post("predict", tones, client).status_code != 200:
            assert time.monotonic() < deadline
        assert process not in server.processes()


@pytest.mark.parametrize(("ended_by", "statuses"), [(signal.SIGTERM, (0, -signal.SIGTERM)), (signal.SIGINT, (0,))])
def test_a_server_that_is_ended_answers_what_is_in_flight(saved_models, tones, ended_by, statuses):
    with running(saved_models["segments"], "--jobs", 1) as server:
        answers = []
        threads = [
            threading.Thread(target=lambda: answers.append(server.post("timeline", tones, every_s=0.01)))
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        while httpx.get(f"{server.address}/health").json()["waiting"] < 4:
            time.sleep(0.005)
        server.process.send_signal(ended_by)
        for thread in threads:
            thread.join()
        assert [answer.status_code for answer in answers] == [200] * 4
        assert {len(answer.text.splitlines()) for answer in answers} == {501}
        assert server.process.wait(30) in statuses and server.process.stderr.read() == ""
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{server.address}/health")
        assert list(server.temporary.glob("kerasemo-serve-*")) == []


def test_a_server_that_is_killed_leaves_nothing_on_disk(saved_models, tones):
    with running(saved_models["segments"], "--jobs", 1) as server:
        (process,) = server.processes()
        upload = {"files": {"file": tones.open("rb")}, "data": FINE}
        with server.client() as client, client.stream("POST", "/v1/timeline", **upload) as rows:
            lines = rows.iter_lines()
            assert next(lines)
            (link,) = server.left_over()
            assert link.is_symlink() and link.stat().st_size == tones.stat().st_size
            server.process.kill()
            with pytest.raises(httpx.RemoteProtocolError):
                list(lines)
        assert not link.exists()  # the content is gone at once
        deadline = time.monotonic() + 60
        while Path(f"/proc/{process}").exists():
            assert time.monotonic() < deadline
        assert list(server.temporary.glob("kerasemo-serve-*")) == []
