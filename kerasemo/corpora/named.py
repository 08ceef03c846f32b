"""Files whose names tell the labels of a clip -> the media of each clip."""

import os
import re
from pathlib import Path

from kerasemo.errors import InputError

__all__ = ["find"]


def find(root: str | os.PathLike, names: re.Pattern[str], example: str) -> dict[str, dict[str, str]]:
    """Find the files of a corpus by their names, anywhere below its root.

    Args:
        root: the folder of the copy.
        names: pattern of the file names, with a group `clip` (the name without the ending) and a group `audio` or
            `video`, or both, which match the ending of the medium.
        example: path of a file in the official layout, for messages.

    Returns:
        Clip -> medium -> path below the root, in the order of the clips' names.

    Raises:
        InputError: The root is missing, has no such file, or has one clip twice.
    """
    root = Path(root)
    if not root.is_dir():
        raise InputError(f"{root} is no folder; give the folder that holds {example}.")
    found: dict[str, dict[str, str]] = {}
    for folder, folders, files in os.walk(root):
        folders.sort()
        for match in filter(None, map(names.fullmatch, sorted(files))):
            path = Path(folder, match[0]).relative_to(root).as_posix()
            medium = next(medium for medium in ("audio", "video") if match.groupdict().get(medium))
            if other := found.setdefault(match["clip"], {}).get(medium):
                raise InputError(f"{root} holds one recording twice, {other} and {path}; remove one.")
            found[match["clip"]][medium] = path
    if not found:
        raise InputError(f"{root} holds no file named like {example}.")
    return dict(sorted(found.items()))
