"""`kerasemo serve`: what is said before the server starts; tests/serving asks a server."""

import json
import socket

import pytest


def test_a_folder_that_is_no_saved_model_is_an_error(kerasemo, tmp_path):
    done = kerasemo("serve", tmp_path, "--port", 0)
    assert done.exit_code == 1 and "is no SavedModel; give a folder that `kerasemo export` wrote." in done.stderr


def test_a_port_that_is_in_use_is_an_error(kerasemo, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = kerasemo("serve", tmp_path, "--port", port)
    assert done.exit_code == 1
    assert done.stderr == (
        f"Error: 127.0.0.1:{port} cannot be used (Address already in use); choose another --port or --host.\n"
    )


def test_a_network_of_features_is_an_error(kerasemo, tmp_path, monkeypatch):
    description = {"inputs": {}, "classes": ["happy", "sad"], "decision": "emotion"}
    (tmp_path / "assets.extra").mkdir()
    (tmp_path / "assets.extra" / "kerasemo.json").write_text(json.dumps(description))
    (tmp_path / "saved_model.pb").touch()
    monkeypatch.setattr("tensorflow.saved_model.load", lambda folder: None)
    done = kerasemo("serve", tmp_path, "--port", 0)
    assert done.exit_code == 1 and "takes features, not media files; it cannot be served." in done.stderr


@pytest.mark.parametrize("missing", ["fastapi", "uvicorn"])
def test_a_missing_package_is_named_with_its_extra(kerasemo, tmp_path, monkeypatch, missing):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == missing else True)
    done = kerasemo("serve", tmp_path)
    assert done.exit_code == 1
    assert done.stderr == f"Error: this command needs {missing}; install with: pip install kerasemo[serve]\n"


@pytest.mark.parametrize("token", ["", "two words", "a/b=", "ä"])
def test_a_token_that_no_browser_can_send_is_an_error(kerasemo, tmp_path, token):
    done = kerasemo("serve", tmp_path, "--token", token)
    assert done.exit_code == 1 and done.stderr.startswith("Error: a token has letters, digits and the")


@pytest.mark.parametrize("origin", ["*", "example.org", "https://example.org/", "https://*.example.org"])
def test_an_origin_that_no_browser_sends_is_an_error(kerasemo, tmp_path, origin):
    done = kerasemo("serve", tmp_path, "--allow-origin", origin)
    assert done.exit_code == 1
    assert done.stderr == f"Error: an origin is like https://example.org, without a path or *. Received: {origin}\n"


@pytest.mark.parametrize("option", [("--max-size", 0), ("--jobs", 0), ("--queue", -1), ("--port", 70_000)])
def test_a_limit_out_of_range_is_a_wrong_call(kerasemo, tmp_path, option):
    assert kerasemo("serve", tmp_path, *option).exit_code == 2
