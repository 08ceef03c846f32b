"""How a run begins, resumes and ends, and that one process at a time works on it."""

import fcntl
import os
import shlex
import shutil
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from kerasemo import files
from kerasemo.console import plain_errors
from kerasemo.errors import InputError, WrongCall
from kerasemo.experiment.options import Options
from kerasemo.training.run import Run

ALLOWED_WITH_RESUME = {"resume", "jobs", "scheduler", "debug"}
LOCK = ".lock"


@dataclass(frozen=True)
class Paper:
    """What an experiment reproduces.

    Attributes:
        key: such as `goswami2018`; names the runs' folder.
        title: of the paper.
        citation: authors, year and venue.
    """

    key: str
    title: str
    citation: str


@contextmanager
def session(paper: Paper, options: Options, given: Collection[str]) -> Iterator[tuple[Run, Options]]:
    """Begin or resume a run, and end it: report page, exit status, one sentence for whatever went wrong.

    Args:
        paper: what is reproduced.
        options: what the command was given.
        given: the names of the options that the user has given.

    Yields:
        The run and its options, which for a resumed run are those that it was begun with.
    """
    with plain_errors(options.debug):
        if options.resume:
            run, options = _resumed(paper.key, options, given)
        else:
            options.check()
            config = {"title": paper.title, "citation": paper.citation, "options": options.to_config(), "notes": []}
            run = Run.create(options.out, paper.key, config)
    resume_with = shlex.join([sys.executable, sys.argv[0], "--resume", str(run.path)])
    interrupted = f"Interrupted. What is done is kept; go on with: {resume_with}"
    with plain_errors(options.debug, interrupted), locked(run.path):
        files.sweep(run.path)
        run.logger().info("Run folder: %s", run.path)
        try:
            yield run, options
        except InputError:
            # Nothing is trained yet: a folder without results would only be in the way.
            if not options.resume and not (run.path / "checkpoints").exists():
                shutil.rmtree(run.path)
            raise
        from kerasemo.reporting.report import write_report

        run.logger().info("Report: %s", write_report([run.path]).resolve())


def _resumed(key: str, options: Options, given: Collection[str]) -> tuple[Run, Options]:
    run = Run(options.resume)
    if kept := sorted(set(given) - ALLOWED_WITH_RESUME):
        names = ", ".join(f"--{name.replace('_', '-')}" for name in kept)
        raise WrongCall(f"a resumed run keeps the options it was begun with; leave out {names}.")
    if run.config.get("experiment") != key:
        raise InputError(f"{run.path} is a run of {run.config.get('experiment')}, not of {key}.")
    begun = type(options).from_config(run.config["options"])
    return run, replace(begun, **{name: getattr(options, name) for name in ALLOWED_WITH_RESUME})


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Let no other process work on a run folder meanwhile; the system ends the lock with this process.

    Raises:
        InputError: another process works on it.
    """
    path = folder / LOCK
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            process = file.read().strip() or "another one"
            raise InputError(f"{folder} is being worked on, by process {process}; wait for it, or end it.") from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        try:
            yield
        finally:
            path.unlink(missing_ok=True)
