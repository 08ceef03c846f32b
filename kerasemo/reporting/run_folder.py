"""Reading a run folder, finished or not, as far as it can be read."""

import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pandas as pd

from kerasemo.errors import InputError

Piece = TypeVar("Piece")

LOG_LINES = 40
_LOG_BYTES = 65_536
_NUMBERS = ["published", "measured", "low", "high", "n"]


@dataclass(frozen=True)
class RunFolder:
    """What a run folder holds.

    Attributes:
        path: the folder.
        config: `config.json`.
        environment: `environment.json`, or empty.
        results: the rows of `results.json`; None while the run has not finished.
        histories: per model name, its table with a row per epoch.
        figures: per file name, the experiment's own figures (`figures/*.png`), as PNG.
        predictions: per model, its predictions for the test partition, the folds of one protocol pooled: a table with
            columns `clip`, `task`, `label`, `predicted`.
        set_aside: the clips the run left out (columns clip, file, feature_set, reason), or an empty table.
        log: the last lines of `log.txt`.
        problems: one sentence for each file that is there and cannot be read.
    """

    path: Path
    config: dict
    environment: dict
    results: list[dict] | None
    histories: dict[str, pd.DataFrame]
    figures: dict[str, bytes]
    predictions: dict[str, pd.DataFrame]
    set_aside: pd.DataFrame
    log: str
    problems: list[str]

    @property
    def finished(self) -> bool:
        """Whether the run came to its end: `results.json` is written last."""
        return (self.path / "results.json").exists()

    @property
    def notice(self) -> str | None:
        """What every figure and page of this run must say, if anything."""
        return self.config.get("notice")


def read(path: str | os.PathLike) -> RunFolder:
    """Read a run folder; missing pieces stay empty, unreadable ones are named in `problems`.

    Raises:
        InputError: the folder is missing or has no readable `config.json`, so it is no run folder.
    """
    path = Path(path)
    if not (path / "config.json").is_file():
        raise InputError(f"{path} is no run folder: it has no config.json; give the folder that an experiment wrote.")
    try:
        config = _json_of(path / "config.json", dict)
    except (OSError, ValueError) as error:
        raise InputError(f"{path / 'config.json'} cannot be read: {error}; run the experiment again.") from None
    problems: list[str] = []
    histories = _each(path, "history/*.csv", _history, problems)
    predictions: dict[str, list[pd.DataFrame]] = {}
    tables = _each(
        path,
        "predictions/*/test.csv",
        lambda file: _predictions(file, config),
        problems,
    )
    for file, table in tables.items():
        predictions.setdefault(without_fold(file.parent.name), []).append(table)
    return RunFolder(
        path=path,
        config=config,
        environment=_piece(path / "environment.json", lambda file: _json_of(file, dict), {}, problems),
        results=_piece(path / "results.json", _results, None, problems),
        histories={file.stem: history for file, history in histories.items()},
        figures={file.name: png for file, png in _each(path, "figures/*.png", _png, problems).items()},
        predictions={model: pd.concat(tables, ignore_index=True) for model, tables in predictions.items()},
        set_aside=_piece(path / "set_aside.csv", _strings, pd.DataFrame(), problems),
        log=_piece(path / "log.txt", _tail, "", problems),
        problems=problems,
    )


def without_fold(model: str) -> str:
    """A model's name without its fold: what the folds of one protocol share.

    >>> without_fold("architecture_4.speaker.fold2"), without_fold("architecture_1.paper.train50")
    ('architecture_4.speaker', 'architecture_1.paper.train50')
    """
    return re.sub(r"\.fold\d+(?=\.|$)", "", model)


def is_main(model: str) -> bool:
    """Whether a model is a network under a protocol and no variation of it, such as one on less training data.

    >>> is_main("architecture_4.speaker"), is_main("architecture_1.paper.train50")
    (True, False)
    """
    return without_fold(model).count(".") <= 1


def _natural(name: str) -> list[str | int]:
    """A key that sorts fold2 before fold10."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]


def _piece(path: Path, reader: Callable[[Path], Piece], absent: Piece, problems: list[str]) -> Piece:
    """What the reader makes of a file; `absent` where there is none or it is damaged, which joins the problems."""
    if not path.exists():
        return absent
    try:
        return reader(path)
    except (OSError, ValueError) as error:
        reason = str(error).strip().splitlines()[0].rstrip(".")
        problems.append(f"{path.parent.name}/{path.name} cannot be read: {reason}.")
        return absent


def _each(folder: Path, pattern: str, reader: Callable[[Path], Piece], problems: list[str]) -> dict[Path, Piece]:
    """What the reader makes of each file of the pattern, fold2 before fold10, the damaged ones left out."""
    files = sorted(folder.glob(pattern), key=lambda file: _natural(str(file)))
    pieces = {file: _piece(file, reader, None, problems) for file in files}
    return {file: piece for file, piece in pieces.items() if piece is not None}


def _json_of(path: Path, kind: type[Piece]) -> Piece:
    content = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(content, kind):
        raise InputError(f"it holds no JSON {'object' if kind is dict else 'list'}")
    return content


def _results(path: Path) -> list[dict]:
    rows = _json_of(path, list)
    for row in rows:
        if not isinstance(row, dict) or not {"table", "row"} <= row.keys():
            raise InputError("a row has no table or no row name")
        for name in _NUMBERS:
            if not isinstance(row.get(name), int | float | None):
                raise InputError(f"{name} of row {row['row']!r} is no number")
    return rows


def _history(path: Path) -> pd.DataFrame:
    history = pd.read_csv(path)
    if "epoch" not in history:
        raise InputError("it has no column epoch")
    words = [column for column in history if not pd.api.types.is_numeric_dtype(history[column])]
    if words:
        raise InputError(f"column {words[0]} holds something else than numbers")
    return history


def _predictions(path: Path, config: dict) -> pd.DataFrame:
    table = _strings(path)
    columns = list(table)
    task = columns[columns.index("predicted") - 1] if "predicted" in columns else None
    classes = config.get("classes", {}).get(task)
    if classes is None or "clip" not in table:
        raise InputError("it has no columns clip, a task of config.json and predicted")
    unknown = (set(table[task]) | set(table["predicted"])) - set(classes)
    if unknown:
        raise InputError(f"{min(unknown)!r} is no class of {task} in config.json")
    return table[["clip", task, "predicted"]].rename(columns={task: "label"}).assign(task=task)


def _png(path: Path) -> bytes:
    content = path.read_bytes()
    if not content.startswith(b"\x89PNG\r\n\x1a\n"):
        raise InputError("it is no PNG image")
    return content


def _strings(path: Path) -> pd.DataFrame:
    """A CSV file as strings: a clip named `NA` or `007` keeps its name."""
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def _tail(path: Path) -> str:
    with path.open("rb") as log:
        log.seek(0, os.SEEK_END)
        log.seek(max(0, log.tell() - _LOG_BYTES))
        text = log.read().decode("utf-8", errors="replace")
    return "\n".join(text.splitlines()[-LOG_LINES:])
