"""`kerasemo serve`."""

import importlib.util
from pathlib import Path
from typing import Annotated

import typer

from kerasemo.cli.predict import Moved
from kerasemo.errors import InputError

__all__ = [
    "PACKAGES",
    "Folders",
    "Host",
    "LongestS",
    "MaxSize",
    "Memory",
    "Origins",
    "Port",
    "Processes",
    "TimeLimit",
    "Token",
    "Waiting",
    "serve",
]

PACKAGES = ("fastapi", "uvicorn", "python_multipart", "websockets")

Folders = Annotated[list[Path], typer.Argument(exists=True, file_okay=False, help="Folders of SavedModels.")]
Host = Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 lets other computers in.")]
Port = Annotated[int, typer.Option(min=0, max=65_535, help="Port to listen on; 0 takes any that is free.")]
Token = Annotated[
    str | None,
    typer.Option(envvar="KERASEMO_TOKEN", help="Token that requests need, as `Authorization: Bearer`."),
]
Origins = Annotated[
    list[str] | None, typer.Option("--allow-origin", help="Origin of other pages that may ask, such as https://a.org.")
]
MaxSize = Annotated[float, typer.Option(min=0.001, help="Largest file, in MB.")]
LongestS = Annotated[float, typer.Option("--max-length", min=1, help="Longest recording, in seconds.")]
Memory = Annotated[int, typer.Option("--max-memory", min=64, help="Memory that decoding a file may take, in MB.")]
TimeLimit = Annotated[float, typer.Option("--max-time", min=0.1, help="Longest time for a file, in seconds.")]
Waiting = Annotated[int, typer.Option("--queue", min=0, help="Number of files that may wait; more are refused.")]
Processes = Annotated[
    int | None, typer.Option("--jobs", min=1, help="Number of processes that decode.  [default: one per core]")
]


def serve(
    saved_model: Folders,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    token: Token = None,
    allow_origin: Origins = None,
    file: Moved = None,
    max_size: MaxSize = 50,
    max_length: LongestS = 600,
    max_memory: Memory = 1024,
    max_time: TimeLimit = 60,
    queue: Waiting = 64,
    jobs: Processes = None,
) -> None:
    """Serve SavedModels on a page, and to programs.

    The page shows emotion over time for a file or a microphone; /docs describes the interface for programs.
    """
    if missing := [name for name in PACKAGES if not importlib.util.find_spec(name)]:
        raise InputError(f"this command needs {' and '.join(missing)}; install with: pip install kerasemo[serve]")
    from kerasemo.serving.limits import Limits
    from kerasemo.serving.server import serve as run

    count = {} if jobs is None else {"processes": jobs}
    limits = Limits(max_size, max_length, max_memory, max_time, queue, **count)
    run(saved_model, moved=file or (), host=host, port=port, token=token, origins=allow_origin or (), limits=limits)
