"""Means of results over runs that differ in their seed alone."""

import json
import shlex
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from kerasemo.errors import InputError
from kerasemo.reporting import run_folder
from kerasemo.reporting.run_folder import WITHOUT_EFFECT, RunFolder

__all__ = ["PLACES", "over_seeds"]

PLACES = {"seed", "root", "devices", *WITHOUT_EFFECT}
"""Options in which the averaged runs may differ."""


def over_seeds(runs: Sequence[Path]) -> pd.DataFrame:
    """Average each measured score over the seeds of the runs; scores of runs with other options stay separate rows.

    Args:
        runs: folders of finished runs.

    Returns:
        One row per score: `table, row, model, metric, protocol, corpus, published`; `mean` over the seeds; `low, high`,
        the mean ends of their intervals; `deviation`, the standard deviation over seeds (NaN for one seed);
        `seeds`, separated by spaces; `n`, the number of scored items, mean over the seeds; `command` without the
        options of `PLACES`; `commit` of the code.

    Raises:
        InputError: a run has not finished or does not tell its command, or two runs have the same options and seed.
    """
    folders = [run_folder.read(path) for path in runs]
    for folder in folders:
        if not folder.results:
            raise InputError(f"{folder.path} has no results; finish the run with --resume first.")
        if "command" not in folder.environment:
            raise InputError(f"{folder.path} has no environment.json that tells its command; leave this run out.")
    table = pd.DataFrame([{**row, **_origin(folder)} for folder in folders for row in folder.results])
    same = ["table", "row", "model", "metric", "protocol", "corpus", "options"]
    if table.duplicated([*same, "seed"]).any():
        raise InputError("two of the runs have the same options and seed; give each run once.")
    means = table.groupby(same, sort=False, as_index=False).agg(
        published=("published", "first"),
        mean=("measured", "mean"),
        low=("low", "mean"),
        high=("high", "mean"),
        deviation=("measured", "std"),
        seeds=("seed", lambda seeds: " ".join(map(str, sorted(seeds)))),
        n=("n", "mean"),
        command=("command", "first"),
        commit=("commit", lambda commits: " ".join(dict.fromkeys(commits))),
    )
    return means.dropna(subset="mean", ignore_index=True).drop(columns="options")


def _origin(folder: RunFolder) -> dict[str, object]:
    """Return seed, command and commit of a run, and its other options as text; options without a value do not count."""
    options = folder.config["options"]
    others = {name: value for name, value in options.items() if name not in PLACES and value is not None}
    return {
        "seed": options["seed"],
        "options": json.dumps(others, sort_keys=True),
        "command": _without_places(folder.environment["command"]),
        "commit": str(folder.environment.get("git_commit"))[:10],
    }


def _without_places(command: Sequence[str]) -> str:
    """Return a command without the options of `PLACES` and their values, and without the folder of the script."""
    words, keep = [Path(command[0]).name.replace("__main__.py", "kerasemo")], True
    for word in command[1:]:
        if word.startswith("--"):
            keep = word.removeprefix("--").partition("=")[0] not in PLACES
        words += [word] * keep
    return shlex.join(words)
