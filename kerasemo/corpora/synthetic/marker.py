"""The file `synthetic.json` at the root of a synthetic corpus: what marks it as one, and how it was made."""

import json
import os
from pathlib import Path

from kerasemo.errors import InputError

NAME = "synthetic.json"

# Raise it when the same parameters give other files, so that an old corpus is not taken for a new one.
EDITION = 1


def is_synthetic(root: str | os.PathLike) -> bool:
    """Whether a corpus folder was written by this package; a folder that is not there was not."""
    return _content(Path(root)) is not None


def write(root: str | os.PathLike, corpus: str, parameters: dict) -> None:
    """Mark a folder as the synthetic form of a corpus.

    Args:
        root: the folder.
        corpus: the corpus' name, such as `ravdess`.
        parameters: all that its files depend on, as plain JSON values.
    """
    text = json.dumps(_expected(corpus, parameters), indent=2)
    Path(root, NAME).write_text(text + "\n", encoding="utf-8")


def stands(root: str | os.PathLike, corpus: str, parameters: dict) -> bool:
    """Whether this very corpus is at `root` already.

    Raises:
        InputError: something else is there; it must not be replaced.
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
