"""Refuses requests of other origins, of other host names, and without the token, before anything is read."""

import asyncio
import hmac
import ipaddress
from collections.abc import Collection
from urllib.parse import SplitResult, urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kerasemo.serving.problems import HttpProblem

__all__ = ["BEARER", "DRAIN_S", "Guard", "is_local"]

BEARER = "bearer."
"""Before the token in the list of subprotocols of a WebSocket, to which a browser cannot add a header."""
DRAIN_S = 10
"""Longest time for which the rest of a refused upload is read and forgotten, seconds; else its sender would not read
the answer."""
CONTENT = "default-src 'self'; media-src 'self' blob:; img-src 'self' blob: data:; frame-ancestors 'none'"
SECURITY = [
    (b"content-security-policy", CONTENT.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
]


class Guard:
    """Lets requests through that may be answered.

    Args:
        app: the application.
        token: what `/v1/` and `/openapi.json` need as a bearer token; None: nothing.
        origins: other origins whose pages may ask.
        host: the address that the server is bound to. If it is a local one, requests for other host names are refused:
            a page of another origin could let its own name lead here.
        drained_bytes: how much of a refused upload is read.
    """

    def __init__(self, app: ASGIApp, token: str | None, origins: Collection[str], host: str, drained_bytes: int):
        self.app, self.token, self.origins, self.host = app, token, frozenset(origins), host
        self.drained_bytes = drained_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        upload = _Upload(receive, send, self.drained_bytes, Headers(scope=scope))
        if (problem := self._problem(scope)) is None:
            await self.app(scope, upload.receive, upload.send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": problem.detail})
        else:
            await problem.as_response()(scope, upload.receive, upload.send)

    def _problem(self, scope: Scope) -> HttpProblem | None:
        headers = Headers(scope=scope)
        asked = headers.get("host", "")
        if is_local(self.host) and not is_local(_parts(f"//{asked}").hostname or ""):
            return HttpProblem(403, f"this server answers on this computer only, not as {asked}.")
        origin = headers.get("origin")
        if origin not in (None, *self.origins) and _parts(origin).netloc != asked:
            return HttpProblem(403, f"pages of {origin} may not ask this server; allow it with --allow-origin.")
        is_open = not scope["path"].startswith(("/v1/", "/openapi.json")) or scope.get("method") == "OPTIONS"
        if self.token is None or is_open:
            return None
        if hmac.compare_digest(_token_of(headers).encode(), self.token.encode()):
            return None
        return HttpProblem(
            401, "send the token of this server as `Authorization: Bearer`.", {"WWW-Authenticate": "Bearer"}
        )


class _Upload:
    """Watches whether the body of a request has ended, and reads its rest before an error is sent."""

    def __init__(self, receive: Receive, send: Send, drained_bytes: int, headers: Headers):
        self._receive, self._send = receive, send
        self._left = drained_bytes
        self._begun, self._ended = "expect" not in headers, False

    async def receive(self) -> Message:
        self._begun = True
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        self._ended = message["type"] != "http.request" or not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", []), *SECURITY]
            if message["status"] >= 400:
                await self._drain()
        await self._send(message)

    async def _drain(self) -> None:
        try:
            async with asyncio.timeout(DRAIN_S):
                while self._begun and not self._ended and self._left > 0:
                    await self.receive()
        except TimeoutError:
            pass


def is_local(host: str) -> bool:
    """Return whether a host is this computer.

    Args:
        host: name or address.

    Example:
        >>> is_local("localhost"), is_local("127.0.0.1"), is_local("::1"), is_local("example.org")
        (True, True, True, False)
    """
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _parts(address: str) -> SplitResult:
    try:
        return urlsplit(address)
    except ValueError:  # such as an IPv6 address without its end
        return urlsplit("")


def _token_of(headers: Headers) -> str:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return token.strip()
    offered = [each.strip() for each in headers.get("sec-websocket-protocol", "").split(",")]
    return next((each.removeprefix(BEARER) for each in offered if each.startswith(BEARER)), "")
