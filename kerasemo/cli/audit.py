"""`kerasemo audit`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from kerasemo.cli.arguments import SPLIT_HELP, Manifest

Split = Annotated[Path, typer.Option(exists=True, dir_okay=False, help=SPLIT_HELP)]
Root = Annotated[
    Path | None,
    typer.Option(
        exists=True, file_okay=False, help="Root folder of the media files; if given, file contents are compared too."
    ),
]


def audit(manifest: Manifest, split: Split, root: Root = None) -> None:
    """Find speakers, dialogues or files on both sides of a split.

    The exit status is 1 if there are any.
    """
    from kerasemo import manifest as manifests
    from kerasemo.evaluation.audit import audit, read_split, without_side

    table, sides = manifests.load(manifest), read_split(split)
    leaks = audit(table, sides, root)
    if n := without_side(table, sides):
        print(f"{n} of {len(table)} clips stand on no side.")
    if leaks.empty:
        print("Nothing stands on two sides.")
        return
    print(leaks.to_string(index=False))
    counts = leaks["kind"].value_counts(sort=False)
    print(f"On two sides or more: {', '.join(f'{n} {kind}' for kind, n in counts.items())}.")
    sys.exit(1)
