"""Files and folders that appear whole or not at all, and the place for those that can be made again."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs

UNFINISHED = ".unfinished-"


@contextmanager
def whole(path: str | os.PathLike) -> Iterator[Path]:
    """Yield a temporary path beside `path`; move it to `path` when the block ends, drop it when the block raises.

    The block may write a file or make a folder there. A reader, or a process killed at any moment, sees the old
    content or the new one, never a part. A folder that already stands at `path` is replaced in two steps: killed
    between them, a process leaves nothing there. What a killed process leaves beside `path`, `sweep` removes.

    Args:
        path: where the result shall stand. Missing parent folders are made.

    Raises:
        OSError: the parent folder cannot be made or written.

    Example:
        >>> import tempfile
        >>> target = Path(tempfile.mkdtemp()) / "results" / "scores.txt"
        >>> with whole(target) as temporary:
        ...     _ = temporary.write_text("0.93")
        >>> target.read_text()
        '0.93'
    """
    path = Path(path).absolute()
    path.parent.mkdir(parents=True, exist_ok=True)
    # A folder of its own on the same file system: the rename stays atomic and the name keeps its suffix.
    workplace = Path(tempfile.mkdtemp(prefix=UNFINISHED, dir=path.parent))
    try:
        temporary = workplace / path.name
        yield temporary
        if temporary.is_dir() and path.is_dir():
            path.rename(workplace / "replaced")
        temporary.replace(path)
    finally:
        shutil.rmtree(workplace, ignore_errors=True)


def sweep(folder: str | os.PathLike) -> None:
    """Remove what killed processes left half-written anywhere below a folder; none may be at work there."""
    for unfinished in list(Path(folder).rglob(f"{UNFINISHED}*")):
        shutil.rmtree(unfinished)


def user_cache(*parts: str) -> Path:
    """A place for what can be made again: below `$KERASEMO_CACHE`, or below the user's cache folder."""
    folder = os.environ.get("KERASEMO_CACHE")
    return Path(folder or platformdirs.user_cache_path("kerasemo", appauthor=False)).joinpath(*parts)
