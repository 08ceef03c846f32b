"""`kerasemo predict`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from kerasemo.errors import WrongCall

if TYPE_CHECKING:
    from kerasemo.export import ServedModel

__all__ = [
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
    from kerasemo.errors import BrokenClip
    from kerasemo.export import ServedModel

    media = media or []
    _refuse(media, card, as_json, over_time, every or output)
    if None not in (start, end) and end <= start:
        raise WrongCall("--end lies before --start.")
    served = ServedModel(saved_model, file or ())
    if card:
        print(served.card)
    answers, reasons = [], []
    for path in media:
        try:
            if over_time:
                _write_timeline(served, path, (start, end, gender), every, output or Path())
            else:
                answers.append(served.predict(path, start, end, gender).rename(str(path)))
        except BrokenClip as error:
            reasons.append(str(error))
    print(_as_json(answers) if as_json else _as_table(answers), end="")
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


def _write_timeline(served: "ServedModel", path: Path, part: tuple, every_s: float | None, folder: Path) -> None:
    from kerasemo.export.windows import EVERY_S
    from kerasemo.timeline import timeline, write_timeline

    table = timeline(served, path, *part, every_s=every_s or EVERY_S)
    csv, picture = (folder / f"{path.name}.timeline.{suffix}" for suffix in ("csv", "png"))
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
