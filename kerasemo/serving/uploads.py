"""Receives a file without a name on the disk, so that nothing is left of it, however the server ends."""

import asyncio
import os
import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from fastapi import Request
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from kerasemo.serving.limits import Limits
from kerasemo.serving.problems import HttpProblem, TooLarge

__all__ = ["Upload", "received", "safe_name", "stored"]

OPEN_FILES = Path("/proc/self/fd")
"""Where Linux lists open files. Other systems have no such place: there, a file has a name until it is closed."""
LONGEST_NAME = 60
MOST_FIELDS = 10
FORM_BYTES = 16_384
"""What a form may have in addition to its file, bytes."""


@dataclass(frozen=True)
class Upload:
    """A file that was received, and the other fields of the form.

    Attributes:
        path: where other processes find the file.
        name: name that the client gave it.
        fields: name -> text.
    """

    path: str
    name: str
    fields: dict[str, str]


@asynccontextmanager
async def received(request: Request, limits: Limits, names: Collection[str]) -> AsyncIterator[Upload]:
    """Receive the file of a form; it is removed when the block ends.

    Args:
        request: the request.
        limits: the size of the file.
        names: names of the fields that the form may have, `file` among them.

    Raises:
        TooLarge: The file is larger than the limit; the rest is not read.
        HttpProblem: The form has no file or unknown fields.
    """
    form = await _form(request, limits)
    try:
        upload, fields = form.get("file"), {name: value for name, value in form.items() if name != "file"}
        if not isinstance(upload, UploadFile):
            raise HttpProblem(400, "the form has no file; send one as the field `file`.")
        if unknown := [name for name in fields if name not in names]:
            known = ", ".join(name for name in names if name != "file")
            raise HttpProblem(400, f"the form has unknown fields ({', '.join(unknown)}); it takes {known}.")
        if (upload.size or 0) > limits.size_bytes:
            raise _too_large(limits)
        async with stored(upload) as path:
            name = safe_name(upload.filename or "")
            yield Upload(path, name, {name: str(value) for name, value in fields.items()})
    finally:
        await form.close()


@asynccontextmanager
async def stored(content: UploadFile | bytes) -> AsyncIterator[str]:
    """Write a file; it exists until the block ends.

    Yields:
        Its path for other processes.
    """
    new_file = tempfile.TemporaryFile if OPEN_FILES.exists() else tempfile.NamedTemporaryFile
    with new_file(prefix="kerasemo-serve-") as file:
        if isinstance(content, bytes):
            file.write(content)
        else:
            await asyncio.to_thread(shutil.copyfileobj, content.file, file)
        file.flush()
        yield f"/proc/{os.getpid()}/fd/{file.fileno()}" if OPEN_FILES.exists() else file.name


def safe_name(name: str) -> str:
    """Return the name of a file without folders, and without what a program could take for anything but a name.

    FFmpeg, for example, would read `pipe:0.mp4` from its standard input.

    Args:
        name: the name that a client gave.

    Example:
        >>> safe_name("../a/pipe:0.mp4"), safe_name("-"), safe_name("Grüße (2).wav")
        ('pipe_0.mp4', 'recording', 'Grüße (2).wav')
    """
    last = re.split(r"[/\\]", name)[-1]
    return re.sub(r"[^\w .()-]", "_", last)[-LONGEST_NAME:].lstrip(" .-") or "recording"


async def _form(request: Request, limits: Limits) -> FormData:
    most = limits.size_bytes + FORM_BYTES
    if int(request.headers.get("content-length") or 0) > most:
        raise _too_large(limits)
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise HttpProblem(400, "send a form (multipart/form-data) with the recording as the field `file`.")
    receive, n_bytes = request.receive, 0

    async def counted() -> dict:
        nonlocal n_bytes
        message = await receive()
        n_bytes += len(message.get("body", b""))
        if n_bytes > most:
            raise _too_large(limits)
        return message

    try:
        return await Request(request.scope, counted).form(max_files=1, max_fields=MOST_FIELDS)
    except HTTPException as error:
        raise HttpProblem(400, f"the form cannot be read: {error.detail.rstrip('.')}.") from None
    except ClientDisconnect:
        raise HttpProblem(400, "the form ended before its end.") from None


def _too_large(limits: Limits) -> TooLarge:
    sentence = f"the file is larger than {limits.size_mb:g} MB; give a shorter or compressed recording."
    return TooLarge(sentence, limits.size_bytes, "bytes")
