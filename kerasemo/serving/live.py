"""Answers while a recording is made: 16-bit samples and pictures in, probabilities of the last window out."""

import asyncio
import base64
import math
from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import WebSocket, WebSocketDisconnect

from kerasemo.errors import InputError
from kerasemo.serving.decoder import Decoder
from kerasemo.serving.guard import BEARER
from kerasemo.serving.models import Model, Recording, chosen, gender_of
from kerasemo.serving.problems import Busy, HttpProblem
from kerasemo.serving.uploads import stored
from kerasemo.serving.window import SAMPLE_BYTES, LastWindow

__all__ = ["EVERY_S", "FRAME_RATES", "PICTURE_BYTES", "RATES", "answer"]

EVERY_S = 0.5
"""Default time between answers, seconds of the recording."""
RATES = (4_000, 192_000)
"""Lowest and highest sampling rate, hertz."""
FRAME_RATES = (1, 30)
"""Lowest and highest number of pictures per second."""
PICTURE_BYTES = 2**17
"""Largest picture, bytes."""
_REFUSED, _LATER = 1008, 1013
_REASON_BYTES = 123
"""Longest reason for closing a WebSocket, bytes (RFC 6455, section 5.5)."""


async def answer(socket: WebSocket, models: Mapping[str, Model], decoder: Decoder) -> None:
    """Answer a WebSocket until it is closed.

    Its address states `model`, `rate` in hertz, `frame_rate`, `every_s` and `gender`. Binary messages are little-endian
    16-bit samples of one channel; text messages are JPEG files in base64, one for each frame. If the server is slower
    than the recording, windows are left out.
    """
    offered = [each for each in socket.scope.get("subprotocols", ()) if each.startswith(BEARER)]
    await socket.accept(subprotocol=offered[0] if offered else None)
    try:
        connection = _asked(socket, models, decoder)
        async with decoder.place():
            await connection.exchange()
    except WebSocketDisconnect:
        pass
    except TimeoutError:
        await _close(socket, _REFUSED, f"nothing has come for {decoder.limits.time_s:g} s.")
    except (HttpProblem, InputError) as error:
        await _close(socket, _LATER if isinstance(error, Busy) else _REFUSED, str(error))


async def _close(socket: WebSocket, code: int, sentence: str) -> None:
    await socket.close(code, sentence.encode()[:_REASON_BYTES].decode(errors="ignore"))


@dataclass
class _Connection:
    """A WebSocket, and what it asks for."""

    socket: WebSocket
    model: Model
    gender: str | None
    window: LastWindow
    decoder: Decoder

    async def exchange(self) -> None:
        """Take messages until the client goes; a window that is due is predicted meanwhile."""
        running: asyncio.Task | None = None
        try:
            while True:
                async with asyncio.timeout(self.decoder.limits.time_s):
                    message = await self.socket.receive()
                if message["type"] == "websocket.disconnect":
                    return
                self.add(message)
                if running is not None and running.done():
                    running.result()  # an error that is no fault of the recording ends the connection
                    running = None
                if running is None and (due := self.window.due()):
                    running = asyncio.create_task(self.predict(*due, self.window.time_s))
        finally:
            if running is not None:
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)

    def add(self, message: dict) -> None:
        """Add what a message contains. The network must take it, so that a mistake of the sender is seen."""
        samples, picture = message.get("bytes"), _picture(message.get("text"))
        if samples is not None and "audio" in self.model.media and len(samples) % SAMPLE_BYTES == 0:
            self.window.add_sound(samples)
        elif picture is not None and "video" in self.model.media:
            self.window.add_picture(picture)
        else:
            kinds = {
                "audio": "16-bit samples as binary messages",
                "video": f"JPEG pictures of at most {PICTURE_BYTES // 1024} KB in base64 as text messages",
            }
            raise HttpProblem(400, f"send {' and '.join(kinds[medium] for medium in self.model.media)}.")

    async def predict(self, name: str, content: bytes, time_s: float) -> None:
        """Predict from a window as from a file, and send the result."""
        limit_s = self.decoder.limits.time_s
        try:
            async with asyncio.timeout(limit_s), stored(content) as path:
                result = await self.model.predict(self.decoder, Recording(path, name, gender=self.gender))
            result.pop("file")
        except (HttpProblem, InputError) as error:
            result = {"model": self.model.name, "problem": str(error)}
        except TimeoutError:
            result = {"model": self.model.name, "problem": f"there was no answer within {limit_s:g} s."}
        await self.socket.send_json({"time_s": round(time_s, 3), **result})


def _picture(text: str | None) -> bytes | None:
    """Return the bytes of a picture in base64; None if it is none, or too large."""
    try:
        picture = base64.b64decode(text or "", validate=True)
    except ValueError:
        return None
    return picture if 0 < len(picture) <= PICTURE_BYTES else None


def _asked(socket: WebSocket, models: Mapping[str, Model], decoder: Decoder) -> _Connection:
    query = socket.query_params
    model = chosen(models, query.get("model"))
    rate = round(_number(query, "rate", 16_000, RATES, "Hz"))
    frame_rate = round(_number(query, "frame_rate", 10, FRAME_RATES, "pictures per second"))
    every_s = _number(query, "every_s", EVERY_S, (0.1, 60), "s")
    window = LastWindow(model.media, rate, frame_rate, model.live_window_s, every_s)
    return _Connection(socket, model, gender_of(query), window, decoder)


def _number(query: Mapping[str, str], name: str, default: float, limits: tuple[float, float], unit: str) -> float:
    text = query.get(name, default)
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not limits[0] <= value <= limits[1]:
        raise HttpProblem(400, f"{name} is {limits[0]:g} to {limits[1]:g} {unit}. Received: {text}")
    return value
