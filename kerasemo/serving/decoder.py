"""Processes that decode files, seen from the server: each has one file at a time, and is replaced if it ends."""

import asyncio
import json
import logging
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from kerasemo.errors import BrokenClip, InputError
from kerasemo.serving.limits import Limits
from kerasemo.serving.messages import HEADER, JSON, LARGEST, from_payload, pack
from kerasemo.serving.problems import Busy, HttpProblem, TooLarge

__all__ = ["RETRY_S", "Decoder"]

RETRY_S = 1
"""Seconds after which a refused request may try again; most files take less."""
log = logging.getLogger("uvicorn.error")


class Decoder:
    """A fixed number of processes that decode; requests wait for a free one, in order.

    Args:
        models: folder of each SavedModel, and the moved files of its preprocessing.
        limits: the limits; `processes` is their number.
    """

    def __init__(self, models: list[tuple[Path, list[Path]]], limits: Limits):
        self.limits, self.asked = limits, 0
        folders = [(str(folder), [*map(str, moved)]) for folder, moved in models]
        self._settings = {"models": folders, "memory_mb": limits.memory_mb, "length_s": limits.length_s}
        self._free: asyncio.Queue[_Process] = asyncio.Queue()
        self._all: set[_Process] = set()
        self._starting: set[asyncio.Task] = set()

    async def start(self) -> None:
        """Start the processes, and wait until they are ready."""
        await asyncio.gather(*(self._add_process() for _ in range(self.limits.processes)))

    async def stop(self) -> None:
        """End all processes."""
        for task in self._starting:
            task.cancel()
        await asyncio.gather(*self._starting, return_exceptions=True)
        await asyncio.gather(*(process.end() for process in self._all), return_exceptions=True)

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Take a place in the queue for the time of the block.

        Yields:
            Nothing.

        Raises:
            Busy: No place is free.
        """
        if self.asked >= self.limits.processes + self.limits.waiting:
            raise Busy(self.limits.waiting, RETRY_S)
        self.asked += 1
        try:
            yield
        finally:
            self.asked -= 1

    async def answers(self, task: dict) -> AsyncIterator[dict]:
        """Yield the results of a task. If not all are taken, close the iterator, see `contextlib.aclosing`.

        Args:
            task: see `decode.answers`.

        Yields:
            Named arrays.

        Raises:
            BrokenClip, InputError: as the readers of media files.
            TooLarge: The file is longer than the limit, or takes more memory.
        """
        process = await self._take()
        is_done = False
        try:
            await process.send(task)
            while not is_done:
                kind, answer = await self._next(process, task["name"])
                is_done = kind == JSON
                if is_done:
                    _raise_if_wrong(answer, task["name"], self.limits)
                else:
                    yield answer
        finally:
            if is_done:
                self._free.put_nowait(process)
            else:  # too slow, not needed any more, or ended
                self._replace(process)

    async def _take(self) -> "_Process":
        """Return a process that is free, and still there: the system ends processes if memory is short."""
        while (process := await self._free.get()).has_ended:
            self._replace(process)
        return process

    def _replace(self, process: "_Process") -> None:
        self._all.discard(process)
        starting = asyncio.create_task(self._add_process_instead(process))
        self._starting.add(starting)
        starting.add_done_callback(self._starting.discard)

    async def _next(self, process: "_Process", name: str) -> tuple[bytes, dict]:
        try:
            return await process.receive()
        except (asyncio.IncompleteReadError, ConnectionError, ValueError):
            log.warning("A process ended while it decoded %s; another one takes its place.", name)
            raise BrokenClip(f"{name} cannot be decoded: it is damaged, or takes too much memory.") from None

    async def _add_process_instead(self, process: "_Process") -> None:
        await process.end()
        while True:
            try:
                return await self._add_process()
            except (HttpProblem, OSError) as error:  # such as too little memory at the moment
                log.warning("%s", error)
                await asyncio.sleep(RETRY_S)

    async def _add_process(self) -> None:
        process = await _Process.start(self._settings)
        self._all.add(process)
        try:
            await process.receive()
        except asyncio.IncompleteReadError:
            self._all.discard(process)
            await process.end()
            raise HttpProblem(500, "A process that decodes files does not start.") from None
        self._free.put_nowait(process)


class _Process:
    """One process with its pipes, and the folder in which it works.

    The folder contains links to files of the server. The process removes it if the server has been killed.
    """

    def __init__(self, process: asyncio.subprocess.Process, folder: tempfile.TemporaryDirectory):
        self.process, self.folder = process, folder

    @classmethod
    async def start(cls, settings: dict) -> "_Process":
        folder = tempfile.TemporaryDirectory(prefix="kerasemo-serve-", ignore_cleanup_errors=True)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "kerasemo.serving.decode", json.dumps({**settings, "folder": folder.name})),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for the server, which ends its processes when all is answered
        )
        return cls(process, folder)

    async def send(self, content: dict) -> None:
        try:
            self.process.stdin.write(pack(content))
            await self.process.stdin.drain()
        except ConnectionError:
            pass  # the process has ended, as the missing answer will show

    async def receive(self) -> tuple[bytes, dict]:
        kind, length = HEADER.unpack(await self.process.stdout.readexactly(HEADER.size))
        if length > LARGEST:
            raise ValueError(f"a message of {length} bytes")
        return kind, from_payload(kind, await self.process.stdout.readexactly(length))

    @property
    def has_ended(self) -> bool:
        return self.process.returncode is not None

    async def end(self) -> None:
        if not self.has_ended:
            self.process.kill()
        await self.process.communicate()  # its pipes are only closed when they have been read
        self.folder.cleanup()


def _raise_if_wrong(answer: dict, name: str, limits: Limits) -> None:
    """Raise the error that a process reports."""
    if "log" in answer:
        log.warning("%s: %s", name, answer["log"])
    if "broken" in answer:
        raise BrokenClip(answer["broken"])
    if "wrong" in answer:
        raise InputError(answer["wrong"])
    if "memory" in answer:
        sentence = f"{name} takes more than {limits.memory_mb} MB to decode; give a shorter recording."
        raise TooLarge(sentence, limits.memory_mb, "megabytes of memory")
    if "too_long_s" in answer:
        sentence = f"{name} has {answer['too_long_s']:.0f} s, more than {limits.length_s:g} s; give a part of it."
        raise TooLarge(sentence, limits.length_s, "seconds")
