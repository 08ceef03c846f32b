"""`kerasemo audit`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from kerasemo.cli.arguments import SPLIT_HELP, Jobs, Manifest

__all__ = ["Root", "Sound", "Split", "audit"]

Split = Annotated[Path, typer.Option(exists=True, dir_okay=False, help=SPLIT_HELP)]
Root = Annotated[
    Path | None,
    typer.Option(
        exists=True, file_okay=False, help="Root folder of the media files; if given, their contents are compared too."
    ),
]
Sound = Annotated[
    bool,
    typer.Option(
        "--sound/--no-sound",
        help="With --root: also decode the sound of all files and find the same recording in other encodings.",
    ),
]


def audit(manifest: Manifest, split: Split, jobs: Jobs, root: Root = None, sound: Sound = True) -> None:
    """Find speakers, dialogues, files or recordings on both sides of a split.

    The exit status is 1 if there are any.
    """
    from kerasemo import manifest as manifests
    from kerasemo.evaluation.audit import audit, find_sounds, read_split, without_side

    table, sides = manifests.load(manifest), read_split(split)
    sounds, unheard = find_sounds(table, root, jobs) if root and sound else (None, {})
    leaks = audit(table, sides, root, sounds)
    if unheard:
        print(f"The sound of {len(unheard)} files was not compared; the first: {next(iter(unheard.values()))}")
    if n := without_side(table, sides):
        print(f"{n} of {len(table)} clips stand on no side.")
    if leaks.empty:
        print("Nothing stands on two sides.")
        return
    print(leaks.to_string(index=False))
    counts = leaks["kind"].value_counts(sort=False)
    print(f"On two sides or more: {', '.join(f'{n} {kind}' for kind, n in counts.items())}.")
    sys.exit(1)
