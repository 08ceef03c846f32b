"""Answers while a recording is made: 16-bit samples in, probabilities of the last window out."""

import asyncio
import io
from collections.abc import Mapping

import numpy as np
import soundfile
from fastapi import WebSocket, WebSocketDisconnect

from kerasemo.errors import InputError
from kerasemo.serving.decoder import Decoder
from kerasemo.serving.guard import BEARER
from kerasemo.serving.models import Model, Part, chosen
from kerasemo.serving.problems import Busy, HttpProblem
from kerasemo.serving.uploads import stored

__all__ = ["EVERY_S", "RATES", "SAMPLE_BYTES", "LastWindow", "answer", "as_wav"]

EVERY_S = 0.5
"""Default time between answers, seconds of sound."""
RATES = (4_000, 192_000)
"""Lowest and highest sampling rate, hertz."""
SAMPLE_BYTES = 2
_REFUSED, _LATER = 1008, 1013


class LastWindow:
    """The last seconds of sound that is being recorded.

    Args:
        rate: sampling rate, hertz.
        window_s: length of the window, seconds.
        every_s: seconds of new sound after which the next window is due.
    """

    def __init__(self, rate: int, window_s: float, every_s: float):
        self.rate = rate
        self._length, self._step = round(window_s * rate) * SAMPLE_BYTES, round(every_s * rate) * SAMPLE_BYTES
        self._kept, self._n_bytes, self._answered = bytearray(), 0, 0

    @property
    def time_s(self) -> float:
        """The length of all sound so far, seconds."""
        return self._n_bytes / SAMPLE_BYTES / self.rate

    def add(self, samples: bytes) -> None:
        """Add new sound, and forget what is before the window.

        Args:
            samples: little-endian 16-bit samples.
        """
        self._kept += samples
        self._n_bytes += len(samples)
        del self._kept[: -self._length]

    def due(self) -> bytes | None:
        """Return the window if enough sound is new; the next is counted from now."""
        if self._n_bytes - self._answered < self._step:
            return None
        self._answered = self._n_bytes
        return bytes(self._kept)


async def answer(socket: WebSocket, models: Mapping[str, Model], decoder: Decoder) -> None:
    """Answer a WebSocket until it is closed.

    Its address states `model`, `rate` in hertz and `every_s`; its messages are little-endian 16-bit samples of one
    channel. If the server is slower than the sound, windows are left out.
    """
    offered = [each for each in socket.scope.get("subprotocols", ()) if each.startswith(BEARER)]
    await socket.accept(subprotocol=offered[0] if offered else None)
    try:
        model, window = _asked(socket, models)
        async with decoder.place():
            await _exchange(socket, model, window, decoder)
    except WebSocketDisconnect:
        pass
    except TimeoutError:
        await socket.close(_REFUSED, f"no sound has come for {decoder.limits.time_s:g} s.")
    except (HttpProblem, InputError) as error:
        await socket.close(_LATER if isinstance(error, Busy) else _REFUSED, str(error))


async def _exchange(socket: WebSocket, model: Model, window: LastWindow, decoder: Decoder) -> None:
    running: asyncio.Task | None = None
    try:
        while True:
            async with asyncio.timeout(decoder.limits.time_s):
                message = await socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            samples = message.get("bytes")
            if samples is None or len(samples) % SAMPLE_BYTES:
                raise HttpProblem(400, "send 16-bit samples as binary messages.")
            window.add(samples)
            if (running is None or running.done()) and (due := window.due()):
                running = asyncio.create_task(_predict(socket, model, due, window.rate, window.time_s, decoder))
    finally:
        if running is not None:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


async def _predict(socket: WebSocket, model: Model, samples: bytes, rate: int, time_s: float, decoder: Decoder) -> None:
    """Predict from a window as from a file, and send the result."""
    name = "sound.wav"
    try:
        async with asyncio.timeout(decoder.limits.time_s), stored(name, as_wav(samples, rate)) as folder:
            result = await model.predict(decoder, folder, name, Part())
        content = {name: value for name, value in result.items() if name != "file"}
    except (HttpProblem, InputError) as error:
        content = {"model": model.name, "problem": str(error)}
    except TimeoutError:
        content = {"model": model.name, "problem": f"there was no answer within {decoder.limits.time_s:g} s."}
    await socket.send_json({"time_s": round(time_s, 3), **content})


def as_wav(samples: bytes, rate: int) -> bytes:
    """Return samples as a wav file.

    Args:
        samples: little-endian 16-bit samples of one channel.
        rate: sampling rate, hertz.
    """
    file = io.BytesIO()
    soundfile.write(file, np.frombuffer(samples, "<i2"), rate, "PCM_16", format="WAV")
    return file.getvalue()


def _asked(socket: WebSocket, models: Mapping[str, Model]) -> tuple[Model, LastWindow]:
    query = socket.query_params
    model = chosen(models, query.get("model"))
    if model.media != ["audio"]:
        raise HttpProblem(400, f"{model.name} needs pictures; live answers are for sound alone.")
    try:
        rate, every_s = int(query.get("rate", 16_000)), float(query.get("every_s", EVERY_S))
    except ValueError:
        raise HttpProblem(400, "rate and every_s are numbers.") from None
    if not RATES[0] <= rate <= RATES[1] or not 0.1 <= every_s <= 60:
        raise HttpProblem(400, f"rate is {RATES[0]} to {RATES[1]} Hz, and every_s is 0.1 to 60 s.")
    return model, LastWindow(rate, model.live_window_s, every_s)
