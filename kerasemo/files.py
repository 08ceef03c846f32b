"""Writes files and folders completely or not at all, and gives the folder for cached files."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs

__all__ = ["UNFINISHED", "sweep", "user_cache", "whole"]

UNFINISHED = ".unfinished-"


@contextmanager
def whole(path: str | os.PathLike) -> Iterator[Path]:
    """Yield a temporary path in the same folder; move it to `path` when the block ends, delete it on an error.

    The block may write a file or create a folder there. At any moment, even if the process is killed, `path` has the
    old or the new content, never a part. Replacing an existing folder takes two steps: if the process is killed between
    them, nothing is at `path`. `sweep` removes temporary files of killed processes.

    Args:
        path: path of the result. Missing parent folders are created.

    Yields:
        The temporary path, with the same name as `path`.

    Raises:
        OSError: The parent folder cannot be created or written.

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
    # A temporary folder on the same file system: the rename is atomic, and the file keeps its name and suffix.
    folder = Path(tempfile.mkdtemp(prefix=UNFINISHED, dir=path.parent))
    try:
        temporary = folder / path.name
        yield temporary
        if temporary.is_dir() and path.is_dir():
            path.rename(folder / "replaced")
        temporary.replace(path)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sweep(folder: str | os.PathLike) -> None:
    """Remove incomplete files of killed processes anywhere below a folder; no process may be writing there.

    Args:
        folder: the folder.
    """
    for unfinished in list(Path(folder).rglob(f"{UNFINISHED}*")):
        shutil.rmtree(unfinished)


def user_cache(*parts: str) -> Path:
    """Return a path for cached files, in `$KERASEMO_CACHE` or in the user's cache folder.

    Args:
        parts: names of the folders and the file below it.
    """
    folder = os.environ.get("KERASEMO_CACHE")
    return Path(folder or platformdirs.user_cache_path("kerasemo", appauthor=False)).joinpath(*parts)
