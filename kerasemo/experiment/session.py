"""Start, resume and end of a run, with a lock so that only one process uses a run folder."""

import fcntl
import json
import os
import shlex
import shutil
import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from kerasemo import files
from kerasemo.console import plain_errors
from kerasemo.errors import InputError, WrongCall
from kerasemo.evaluation.tables import short
from kerasemo.experiment.options import Options
from kerasemo.training.run import Run

__all__ = ["ALLOWED_WITH_RESUME", "LOCK", "Paper", "locked", "session"]

ALLOWED_WITH_RESUME = {"resume", "jobs", "scheduler", "debug"}
LOCK = ".lock"


@dataclass(frozen=True)
class Paper:
    """The paper that an experiment reproduces.

    Attributes:
        key: name of the experiment and of the folder of its runs, such as `goswami2018`.
        title: title of the paper.
        citation: authors, year and venue.
    """

    key: str
    title: str
    citation: str


@contextmanager
def session(
    paper: Paper, options: Options, given: Collection[str], command: Sequence[str], arguments: Sequence[str] = ()
) -> Iterator[tuple[Run, Options]]:
    """Start or resume a run; at its end, write the report page and turn errors into a message and an exit status.

    Args:
        paper: the paper that is reproduced.
        options: the options of the command.
        given: the names of the options that the user has given explicitly.
        command: the command without its options and arguments, for the message after an interruption.
        arguments: names of its arguments, for the message at the end; a resumed run needs none.

    Yields:
        The run and its options; a resumed run has the options with which it was started.
    """
    with plain_errors(options.debug):
        if options.resume:
            run, options = _resumed(paper.key, options, given)
        else:
            options.check()
            config = {"title": paper.title, "citation": paper.citation, "options": options.to_config(), "notes": []}
            run = Run.create(options.out, paper.key, config)
    resume_with = shlex.join([sys.executable, *command, "--resume", str(run.path)])
    interrupted = f"Interrupted. Finished work is saved; continue with: {resume_with}"
    with plain_errors(options.debug, interrupted), locked(run.path):
        files.sweep(run.path)
        run.logger().info("Run folder: %s", run.path)
        try:
            yield run, options
        except InputError:
            # Nothing is trained yet: a folder without results is of no use, unless it says which clips are unusable.
            is_useful = (run.path / "checkpoints").exists() or _lists_clips(run.path / "set_aside.csv")
            if not options.resume and not is_useful:
                shutil.rmtree(run.path)
                with suppress(OSError):
                    run.path.parent.rmdir()
            raise
        from kerasemo.reporting.report import write_report

        # Pages are passed on, recordings of licensed corpora may not be; `kerasemo report` adds them on request.
        page = write_report([run.path], with_recordings=bool(run.config["notice"])).resolve()
        _print_headline(run)
        run.logger().info("Report: %s", page)
        _print_next(run, [*command, *arguments])


def _print_headline(run: Run) -> None:
    """Print the test scores of the main table."""
    from kerasemo.reporting.headline import headline, score_text
    from kerasemo.reporting.results import PROTOCOLS

    rows = json.loads((run.path / "results.json").read_text(encoding="utf-8"))
    if found := headline(rows, run.config.get("exported")):
        table = Table(
            "", "published", *PROTOCOLS.values(), title=f"{found.rows[0]['table']}, {found.rows[0]['metric']}"
        )
        for line in found.lines:
            published = "" if line.published is None else short(line.published)
            table.add_row(line.row, published, *(score_text(line.scores.get(protocol)) for protocol in PROTOCOLS))
        Console().print(table)
        Console().print(found.sentence)


def _print_next(run: Run, command: Sequence[str]) -> None:
    """Print commands that a user may want to run next."""
    models = sorted((run.path / "saved_model").glob("*"))
    # The environment may not be activated, as after `make demo`.
    kerasemo = "kerasemo" if shutil.which("kerasemo") else Path(sys.executable).with_name("kerasemo")
    tries = [[kerasemo, "plot", run.path], *([kerasemo, "predict", model, "CLIP"] for model in models[:1])]
    if run.config["notice"]:
        tries.append([sys.executable, *command, "--root", "DIR"])
    print("Try next:", *(f"  {shlex.join(map(str, words))}" for words in tries), sep="\n")


def _lists_clips(path: Path) -> bool:
    return path.exists() and len(path.read_text(encoding="utf-8").splitlines()) > 1


def _resumed(key: str, options: Options, given: Collection[str]) -> tuple[Run, Options]:
    run = Run(options.resume)
    if not_allowed := sorted(set(given) - ALLOWED_WITH_RESUME):
        names = ", ".join(f"--{name.replace('_', '-')}" for name in not_allowed)
        raise WrongCall(f"a resumed run keeps the options with which it was started; leave out {names}.")
    if run.config.get("experiment") != key:
        raise InputError(f"{run.path} is a run of {run.config.get('experiment')}, not of {key}.")
    earlier_options = type(options).from_config(run.config["options"])
    return run, replace(earlier_options, **{name: getattr(options, name) for name in ALLOWED_WITH_RESUME})


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Lock a run folder for other processes; the system releases the lock when this process ends.

    Args:
        folder: the run folder.

    Returns:
        A context; inside it, the folder is locked.

    Raises:
        InputError: another process uses the folder.
    """
    path = folder / LOCK
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            process = file.read().strip() or "(unknown)"
            raise InputError(f"{folder} is in use by process {process}; wait until it ends, or stop it.") from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        try:
            yield
        finally:
            path.unlink(missing_ok=True)
