"""Reads a run folder, which may be unfinished or damaged."""

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pandas as pd

from kerasemo import manifest
from kerasemo.errors import InputError
from kerasemo.reporting.decisions import Decisions, pooled, read_decisions
from kerasemo.training.run import CLIPS

__all__ = ["LOG_LINES", "WITHOUT_EFFECT", "Content", "RunFolder", "flat", "is_main", "pooled_name", "read"]

Content = TypeVar("Content")

LOG_LINES = 40
WITHOUT_EFFECT = {"out", "resume", "jobs", "scheduler", "debug", "tensorboard"}
"""Options without effect on the results."""
_LOG_BYTES = 65_536
_NUMBERS = ["published", "measured", "low", "high", "n"]


@dataclass(frozen=True)
class RunFolder:
    """The contents of a run folder.

    Attributes:
        path: the folder.
        config: `config.json`.
        environment: `environment.json`, or empty.
        results: the rows of `results.json`; None if the run has not finished.
        histories: model name -> a table with one row per epoch.
        figures: file name -> a figure of the experiment (`figures/*.png`), as PNG.
        predictions: what each model predicts for the test clips, with the folds and seeds of a protocol pooled.
        clips: the manifest of the corpus, or an empty table.
        set_aside: the clips that the run left out (`clip, file, feature_set, reason`), or an empty table.
        log: the last lines of `log.txt`.
        problems: one sentence for each file that exists but cannot be read.
    """

    path: Path
    config: dict
    environment: dict
    results: list[dict] | None
    histories: dict[str, pd.DataFrame]
    figures: dict[str, bytes]
    predictions: list[Decisions]
    clips: pd.DataFrame
    set_aside: pd.DataFrame
    log: str
    problems: list[str]

    @property
    def finished(self) -> bool:
        """Whether the run has finished: `results.json` is written last."""
        return (self.path / "results.json").exists()

    @property
    def notice(self) -> str | None:
        """The warning that all figures and pages of this run must show, or None."""
        return self.config.get("notice")


def read(path: str | os.PathLike) -> RunFolder:
    """Read a run folder; values of missing files are empty, unreadable files are listed in `problems`.

    Args:
        path: the run folder.

    Returns:
        What the folder contains.

    Raises:
        InputError: The folder is missing or has no readable `config.json`.
    """
    path = Path(path)
    if not (path / "config.json").is_file():
        raise InputError(f"{path} is no run folder: it has no config.json; give the folder that an experiment wrote.")
    try:
        config = _json_of(path / "config.json", dict)
    except (OSError, ValueError) as error:
        raise InputError(f"{path / 'config.json'} cannot be read: {error}; run the experiment again.") from None
    problems: list[str] = []
    histories = _read_files(path, "history/*.csv", _history, problems)
    decided = _read_files(
        path,
        "predictions/*/test*.csv",
        lambda file: read_decisions(file, pooled_name(file.parent.name), config.get("classes", {})),
        problems,
    )
    return RunFolder(
        path=path,
        config=config,
        environment=_read_file(path / "environment.json", lambda file: _json_of(file, dict), {}, problems),
        results=_read_file(path / "results.json", _results, None, problems),
        histories={file.stem: history for file, history in histories.items()},
        figures={file.name: png for file, png in _read_files(path, "figures/*.png", _png, problems).items()},
        predictions=pooled(decided.values()),
        clips=_read_file(path / CLIPS, manifest.load, pd.DataFrame(), problems),
        set_aside=_read_file(path / "set_aside.csv", _strings, pd.DataFrame(), problems),
        log=_read_file(path / "log.txt", _tail, "", problems),
        problems=problems,
    )


def pooled_name(model: str) -> str:
    """Return a model's name without its fold and seed, which is equal for all folds and seeds of a protocol.

    Args:
        model: the model's name.

    Example:
        >>> pooled_name("dense_0.seed1.speaker.fold2"), pooled_name("architecture_1.paper.train50")
        ('dense_0.speaker', 'architecture_1.paper.train50')
    """
    return re.sub(r"\.(fold|seed)\d+(?=\.|$)", "", model)


def is_main(model: str) -> bool:
    """Return whether a model is a main model, not a variation such as one with less training data.

    Args:
        model: the model's name.

    Example:
        >>> is_main("architecture_4.speaker"), is_main("architecture_1.paper.train50")
        (True, False)
    """
    return pooled_name(model).count(".") <= 1


def flat(nested: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield the values of nested mappings, each with its dotted name.

    Args:
        nested: the values.
        prefix: what comes before each name.

    Example:
        >>> dict(flat({"seed": 1, "packages": {"keras": "3.15"}}))
        {'seed': '1', 'packages.keras': '3.15'}
    """
    for name, value in nested.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", str(value)


def _natural(name: str) -> list[str | int]:
    """Return a key that sorts fold2 before fold10."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]


def _read_file(path: Path, reader: Callable[[Path], Content], default: Content, problems: list[str]) -> Content:
    """Read a file; return `default` if it does not exist or is damaged, and add damage to the problems."""
    if not path.exists():
        return default
    try:
        return reader(path)
    except (OSError, ValueError) as error:
        reason = str(error).strip().splitlines()[0].rstrip(".")
        problems.append(f"{path.parent.name}/{path.name} cannot be read: {reason}.")
        return default


def _read_files(
    folder: Path, pattern: str, reader: Callable[[Path], Content], problems: list[str]
) -> dict[Path, Content]:
    """Read all files of a pattern, fold2 before fold10, without damaged files."""
    files = sorted(folder.glob(pattern), key=lambda file: _natural(str(file)))
    contents = {file: _read_file(file, reader, None, problems) for file in files}
    return {file: content for file, content in contents.items() if content is not None}


def _json_of(path: Path, kind: type[Content]) -> Content:
    content = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(content, kind):
        raise InputError(f"it is not a JSON {'object' if kind is dict else 'list'}")
    return content


def _results(path: Path) -> list[dict]:
    rows = _json_of(path, list)
    for row in rows:
        if not isinstance(row, dict) or not {"table", "row"} <= row.keys():
            raise InputError("a row has no table or no row name")
        for name in _NUMBERS:
            if not isinstance(row.get(name), int | float | None):
                raise InputError(f"{name} of row {row['row']!r} is not a number")
    return rows


def _history(path: Path) -> pd.DataFrame:
    history = pd.read_csv(path)
    if "epoch" not in history:
        raise InputError("it has no column epoch")
    words = [column for column in history if not pd.api.types.is_numeric_dtype(history[column])]
    if words:
        raise InputError(f"column {words[0]} contains something other than numbers")
    return history


def _png(path: Path) -> bytes:
    content = path.read_bytes()
    if not content.startswith(b"\x89PNG\r\n\x1a\n"):
        raise InputError("it is not a PNG image")
    return content


def _strings(path: Path) -> pd.DataFrame:
    """Read a CSV file as strings, so that a clip named `NA` or `007` keeps its name."""
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def _tail(path: Path) -> str:
    with path.open("rb") as log:
        log.seek(0, os.SEEK_END)
        log.seek(max(0, log.tell() - _LOG_BYTES))
        text = log.read().decode("utf-8", errors="replace")
    return "\n".join(text.splitlines()[-LOG_LINES:])
