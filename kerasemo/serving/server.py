"""Starts the server, and ends it when everything that was asked has been answered."""

import contextlib
import re
import socket
import sys
from collections.abc import Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import uvicorn

from kerasemo.errors import InputError
from kerasemo.serving.app import create_app
from kerasemo.serving.decoder import Decoder
from kerasemo.serving.guard import is_local
from kerasemo.serving.limits import MEGABYTE, Limits
from kerasemo.serving.models import load_models

__all__ = ["BACKLOG", "serve"]

BACKLOG = 2048
"""Number of connections that may wait to be accepted."""


def serve(
    folders: Collection[Path],
    *,
    moved: Iterable[Path] = (),
    host: str = "127.0.0.1",
    port: int = 8000,
    token: str | None = None,
    origins: Collection[str] = (),
    limits: Limits | None = None,
) -> None:
    """Serve SavedModels until the process gets SIGTERM or Ctrl-C; what has been asked is answered first.

    Args:
        folders: folders of SavedModels.
        moved: new paths of files that their preprocessing reads.
        host: address to bind to.
        port: port to bind to; 0: any that is free.
        token, origins: see `guard.Guard`.
        limits: what is accepted.

    Raises:
        InputError: A SavedModel cannot be used, the address is in use, or no browser can send the token or an origin.
    """
    _require_usable(token, origins)
    limits, moved = limits or Limits(), list(moved)
    bound = _bind(host, port)
    with bound, ThreadPoolExecutor(1, "network") as executor:
        models = load_models(folders, moved, executor)
        decoder = Decoder([(Path(folder).resolve(), [path.resolve() for path in moved]) for folder in folders], limits)
        app = create_app(models, decoder, limits, token, origins, host)
        if token is None and not is_local(host):
            print("Everybody who reaches this address can use it; --token changes that.", file=sys.stderr)
        config = uvicorn.Config(
            app, log_level="warning", access_log=False, server_header=False, ws_max_size=MEGABYTE,
            timeout_graceful_shutdown=round(limits.time_s) + 1,
        )  # fmt: skip
        server = _Server(config, f"http://{f'[{host}]' if ':' in host else host}:{bound.getsockname()[1]}")
        with contextlib.suppress(KeyboardInterrupt):  # the usual end, which the server passes on when it has ended
            server.run([bound])


def _require_usable(token: str | None, origins: Collection[str]) -> None:
    if token is not None and not re.fullmatch(r"[\w.~-]+", token, re.ASCII):
        raise InputError("a token has letters, digits and the characters - . _ ~ only; choose another --token.")
    for origin in origins:
        if not re.fullmatch(r"https?://[^/*?#\s]+", origin):
            raise InputError(f"an origin is like https://example.org, without a path or *. Received: {origin}")


class _Server(uvicorn.Server):
    """Prints its address when it is ready."""

    def __init__(self, config: uvicorn.Config, address: str):
        super().__init__(config)
        self.address = address

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            print(self.address, flush=True)


def _bind(host: str, port: int) -> socket.socket:
    # The protocol is stated because asyncio sends at once only then; otherwise each answer takes 40 ms more.
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, proto=socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
        bound.listen(BACKLOG)
    except OSError as error:
        bound.close()
        raise InputError(f"{host}:{port} cannot be used ({error.strerror}); choose another --port or --host.") from None
    return bound
