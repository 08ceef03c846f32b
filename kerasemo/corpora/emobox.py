"""EmoBox's lists of corpora -> manifest, and back.

Source: Ma et al. 2024, "EmoBox: Multilingual Multi-corpus Speech Emotion Recognition Toolkit and Benchmark",
Interspeech. `data/<corpus>/<corpus>.jsonl` has a line per clip with the keys of `write`; paths start from the folder
that holds `downloads/`. Beside it are `data.seg.wrd.stm` (name, channel and speaker of each clip, separated by blanks),
`label_map.json` (label of the corpus -> class) and the folds, `fold_1/<corpus>_train_fold_1.jsonl` and so on.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import av
import pandas as pd

from kerasemo.command_line import option
from kerasemo.corpora import tables
from kerasemo.corpora.table import Table
from kerasemo.corpora.tables import FILE
from kerasemo.errors import InputError, one_line

__all__ = ["CLASSES", "PARTITIONS", "SPEAKERS", "EmoBox"]

SPEAKERS, CLASSES = "data.seg.wrd.stm", "label_map.json"
PARTITIONS = ("train", "valid", "test")
_OF_FILES = ("dataset", "type", "sample_rate", "num_frame", "task", "length", "channel")


@dataclass(frozen=True)
class EmoBox(Table):
    """A list of EmoBox (.jsonl), with the speakers, the classes and the folds beside it.

    Args:
        clips: the list, such as data/iemocap/iemocap.jsonl.
        fold: number of the fold whose train, valid and test lists become the column `partition`.
    """

    name: ClassVar[str] = "emobox"
    layout: ClassVar[Mapping[str, str]] = {
        "clip": "key",
        FILE: "wav",
        "emotion": "emo",
        "start_s": "start_time",
        "end_s": "end_time",
    }

    fold: int | None = option(None, min=1)

    def read(self, root: str | os.PathLike) -> pd.DataFrame:
        rows, beside = tables.read_rows(self.clips), Path(self.clips).parent
        if missing := [name for name in ("key", "wav", "emo") if name not in rows]:
            raise InputError(
                f"{self.clips} is no list of EmoBox: it has no {', '.join(missing)}, but {', '.join(rows)}."
            )
        rows = rows.drop(columns=[name for name in _OF_FILES if name in rows])
        if (beside / SPEAKERS).is_file() and "speaker" not in rows:
            lines = (beside / SPEAKERS).read_text(encoding="utf-8").splitlines()
            rows["speaker"] = rows["key"].map({fields[0]: fields[2] for line in lines if (fields := line.split())[2:]})
        if (beside / CLASSES).is_file():
            rows["emo"] = rows["emo"].replace(_class_names(beside / CLASSES))
        if self.fold is not None:
            rows["partition"] = rows["key"].map(_partitions(beside / f"fold_{self.fold}", self.fold))
        return self._manifest(rows, Path(root), self.clips)

    @classmethod
    def write(cls, table: pd.DataFrame, root: Path, output: Path) -> None:
        """Write a manifest as EmoBox' list; speakers and other labels are keys that EmoBox passes over.

        A clip that begins within its file has an end, too: that of the file.

        Args:
            table: the manifest, with the column `emotion`.
            root: the folder that its paths are relative to; each sound is opened for its rate, channels and length.
            output: name of the list, which must end in `.jsonl`.

        Raises:
            InputError: the name of the list ends otherwise, or the manifest has no emotions.
        """
        if output.suffix != ".jsonl":
            raise InputError(f"{output}: lists of EmoBox are JSON lines; give a name that ends in .jsonl.")
        if "emotion" not in table:
            raise InputError("lists of EmoBox need the column emotion, which the manifest does not have.")
        rows = tables.to_rows(table, cls.layout, *_OF_FILES)
        of_files = {path: _sound(root, path) for path in rows["wav"].unique()}
        rate, length, channels = (rows["wav"].map(lambda path, i=i: of_files[path][i]) for i in range(3))
        times = rows.reindex(columns=["start_time", "end_time"])
        is_part = times.notna().any(axis=1)
        rows["start_time"] = times["start_time"].fillna(0.0).where(is_part)
        rows["end_time"] = times["end_time"].fillna(length).where(is_part)
        length = (rows["end_time"] - rows["start_time"]).fillna(length)
        frames = (length * rate).round().astype(int)
        rows = rows.assign(dataset=output.stem, type="raw", sample_rate=rate, num_frame=frames, task="category")
        rows = rows.assign(length=length, channel=channels)
        tables.write_rows(rows, output)


def _class_names(path: Path) -> dict[str, str]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"{path} is no list of classes: {one_line(error)}.") from None


def _partitions(folder: Path, fold: int) -> dict[str, str]:
    """The partition of each clip in a fold."""
    lists = {part: path for part in PARTITIONS for path in folder.glob(f"*_{part}_fold_{fold}.jsonl")}
    if not lists:
        raise InputError(f"{folder} holds no lists of fold {fold} such as ..._train_fold_{fold}.jsonl.")
    return {key: part for part, path in lists.items() for key in tables.read_rows(path)["key"]}


def _sound(root: Path, path: str) -> tuple[int, float, int]:
    """Sampling rate, length in seconds and number of channels of a file."""
    try:
        with av.open(os.fspath(root / path)) as container:
            stream = container.streams.audio[0]
            return stream.rate, container.duration / av.time_base, stream.channels
    except (av.FFmpegError, IndexError, TypeError) as error:
        raise InputError(
            f"{root / path} has no sound that can be read, but EmoBox needs its length: {one_line(error)}."
        ) from None
