"""`kerasemo predict`."""

import os
import sys
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from kerasemo.errors import BrokenClip, WrongCall
from kerasemo.workers import computed_ahead

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from kerasemo.export import Preprocessing

__all__ = [
    "FILES_PER_PROCESS",
    "AsJson",
    "Card",
    "End",
    "Every",
    "Folder",
    "Gender",
    "Media",
    "Moved",
    "Output",
    "OverTime",
    "Start",
    "predict",
]

FILES_PER_PROCESS = 20
"""To start a process takes as long as to read this many files of some seconds."""

Folder = Annotated[Path, typer.Argument(exists=True, file_okay=False, help="Folder of a SavedModel.")]
Media = Annotated[list[Path] | None, typer.Argument(help="Media files, such as wav or mp4.")]
Card = Annotated[bool, typer.Option("--card", help="Print the model card: what the network is for, and its scores.")]
Gender = Annotated[
    Literal["female", "male"] | None,
    typer.Option(help="Gender of the speaker, to choose the sound channel and the face if a recording has two people."),
]
Start = Annotated[float | None, typer.Option(min=0, help="Start of the part to use, in seconds.")]
End = Annotated[float | None, typer.Option(min=0, help="End of the part to use, in seconds.")]
Moved = Annotated[
    list[Path] | None,
    typer.Option(
        exists=True, dir_okay=False, help="New location of a file that the preprocessing needs, if it was moved."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
OverTime = Annotated[
    bool,
    typer.Option("--timeline", help="Predict over time: write FILE.timeline.csv and FILE.timeline.png for each file."),
]
Every = Annotated[
    float | None, typer.Option(min=0.1, help="With --timeline: time between windows, in seconds.  [default: 2]")
]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", file_okay=False, help="With --timeline: folder to write to.  [default: current folder]"
    ),
]


def predict(
    saved_model: Folder,
    media: Media = None,
    card: Card = False,
    gender: Gender = None,
    start: Start = None,
    end: End = None,
    file: Moved = None,
    as_json: AsJson = False,
    over_time: OverTime = False,
    every: Every = None,
    output: Output = None,
) -> None:
    """Predict the probability of each class for media files, or a number.

    The exit status is 1 if one of the files cannot be used.
    """
    media, moved, part = media or [], tuple(file or ()), (start, end, gender)
    _refuse(media, card, as_json, over_time, every or output)
    if None not in (start, end) and end <= start:
        raise WrongCall("--end lies before --start.")
    if card:
        print(_preprocessing(saved_model, moved).card)
    if over_time:
        results = list(_timelines(saved_model, moved, media, part, every, output or Path()))
    else:
        results = list(_predictions(saved_model, moved, media, part))
        answers = [result for result in results if not isinstance(result, BrokenClip)]
        print(_as_json(answers) if as_json else _as_table(answers), end="")
    reasons = [result for result in results if isinstance(result, BrokenClip)]
    for reason in reasons:
        print(f"Error: {reason}", file=sys.stderr)
    if reasons:
        sys.exit(1)


def _refuse(media: list[Path], card: bool, as_json: bool, over_time: bool, is_for_timeline: object) -> None:
    """Raise a `WrongCall` if nothing is asked for, or the options contradict each other."""
    if not media and not card:
        raise WrongCall("give a media file, such as a wav or mp4, or --card.")
    if card and as_json:
        raise WrongCall("the model card is Markdown; leave --json or --card out.")
    if over_time and as_json:
        raise WrongCall("--timeline writes CSV files; leave --json out.")
    if not over_time and is_for_timeline:
        raise WrongCall("--every and --output are for --timeline; leave them out, or add it.")
    if over_time and len({path.name for path in media}) < len(media):
        raise WrongCall("two of the files have one name, and so would their timelines; give them one at a time.")


def _predictions(
    folder: Path, moved: tuple[Path, ...], media: list[Path], part: tuple
) -> "Iterator[pd.Series | BrokenClip]":
    """Yield the prediction of each file, or why it cannot be used."""
    if not media:
        return
    jobs = min(os.cpu_count(), 1 + len(media) // FILES_PER_PROCESS)
    # The first files are read while TensorFlow is imported here.
    with computed_ahead(_read, [(folder, moved, path, *part) for path in media], jobs) as inputs:
        from kerasemo.export import ServedModel

        served = ServedModel(folder, moved)
        for path, items in zip(media, inputs, strict=True):
            yield items if isinstance(items, BrokenClip) else served.decide(items).rename(str(path))


def _read(folder: Path, moved: tuple[Path, ...], path: Path, *part) -> "dict[str, np.ndarray] | BrokenClip":
    """Return the inputs of the network for one file, or why it cannot be used."""
    from threadpoolctl import threadpool_limits

    try:
        with threadpool_limits(1):  # as for training
            return _preprocessing(folder, moved).read(path, *part)
    except BrokenClip as error:
        return error


@lru_cache(maxsize=1)
def _preprocessing(folder: Path, moved: tuple[Path, ...]) -> "Preprocessing":
    from kerasemo.export import Preprocessing

    return Preprocessing(folder, moved)


def _timelines(
    folder: Path, moved: tuple[Path, ...], media: list[Path], part: tuple, every_s: float | None, output: Path
) -> Iterator[BrokenClip]:
    """Write and print the timeline of each file; yield why files cannot be used."""
    from kerasemo.export import ServedModel
    from kerasemo.export.windows import EVERY_S
    from kerasemo.timeline import timeline, write_timeline

    served = ServedModel(folder, moved)
    for path in media:
        try:
            table = timeline(served, path, *part, every_s=every_s or EVERY_S)
        except BrokenClip as error:
            yield error
            continue
        csv, picture = (output / f"{path.name}.timeline.{suffix}" for suffix in ("csv", "png"))
        write_timeline(table, path.name, csv, picture)
        print(f"{csv}: {len(table)} windows\n{picture}")


def _as_json(answers: list) -> str:
    import json

    from kerasemo.export import as_record

    rows = [{"file": answer.name, **as_record(answer)} for answer in answers]
    return json.dumps(rows, indent=2, ensure_ascii=False) + "\n"


def _as_table(answers: list) -> str:
    import pandas as pd

    if not answers:
        return ""
    table = pd.DataFrame(answers)
    if len(table.columns) > 1:
        table.insert(0, "predicted", table.idxmax(axis=1))
    return table.to_string(float_format="%.3f") + "\n"
