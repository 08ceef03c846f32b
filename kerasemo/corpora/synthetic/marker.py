"""The file `synthetic.json` at the root of a synthetic corpus: a mark, and the parameters of the corpus."""

import json
import os
from pathlib import Path

from kerasemo.errors import InputError

__all__ = ["EDITION", "NAME", "is_synthetic", "stands", "write"]

NAME = "synthetic.json"

# Increase it when the same parameters produce different files, so that old corpora are recognised.
EDITION = 1


def is_synthetic(root: str | os.PathLike) -> bool:
    """Return whether a corpus folder exists and was written by this package.

    Args:
        root: the folder.
    """
    return _content(Path(root)) is not None


def write(root: str | os.PathLike, corpus: str, parameters: dict) -> None:
    """Mark a folder as a synthetic corpus.

    Args:
        root: the folder.
        corpus: name of the corpus, such as `ravdess`.
        parameters: all parameters of the files, as JSON values.
    """
    text = json.dumps(_expected(corpus, parameters), indent=2)
    Path(root, NAME).write_text(text + "\n", encoding="utf-8")


def stands(root: str | os.PathLike, corpus: str, parameters: dict) -> bool:
    """Return whether this corpus with these parameters is already at `root`.

    Args:
        root: the folder of the corpus.
        corpus: key of the corpus.
        parameters: the parameters it was to be written with, as values that JSON can represent.

    Raises:
        InputError: something else is at `root`, which must not be replaced.
    """
    root = Path(root)
    if not root.exists():
        return False
    if not root.is_dir():
        raise InputError(f"{root} is a file, where a corpus folder was to be written; choose another folder.")
    if not any(root.iterdir()):
        return False
    content = _content(root)
    if content is None:
        raise InputError(f"{root} holds files that are no synthetic corpus; choose an empty or a new folder.")
    if content != _expected(corpus, parameters):
        raise InputError(
            f"{root} holds a synthetic corpus made with other parameters (see {root / NAME}); "
            "choose another folder or delete it."
        )
    return True


def _expected(corpus: str, parameters: dict) -> dict:
    return {"synthetic_corpus": corpus, "edition": EDITION, "parameters": parameters}


def _content(root: Path) -> dict | None:
    try:
        content = json.loads((root / NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) and "synthetic_corpus" in content else None
