"""What the experiment scripts have in common: their options, and how a run begins, resumes and ends."""

import os
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from kerasemo import files
from kerasemo.console import plain_errors
from kerasemo.errors import InputError, WrongCall
from kerasemo.training.run import Run

if TYPE_CHECKING:
    import pandas as pd

SYNTHETIC_NOTICE = "synthetic corpus: not comparable with the paper"

Root = Annotated[
    Path | None,
    typer.Option(exists=True, file_okay=False, help="Your copy of the corpus. Without it a synthetic one is written."),
]
Protocol = Annotated[
    Literal["paper", "speaker", "both"],
    typer.Option(help="paper: as published. speaker: no speaker on two sides. both: side by side."),
]
Seed = Annotated[int, typer.Option(min=0, max=2**32 - 1, help="What every random choice follows from.")]
Epochs = Annotated[int | None, typer.Option(min=1, help="Epochs of training.  [default: the paper's]")]
Quick = Annotated[
    bool, typer.Option("--quick", help="A smaller synthetic corpus, fewer epochs; the networks stay as they are.")
]
Jobs = Annotated[
    int,
    typer.Option(
        min=1,
        default_factory=os.cpu_count,
        show_default="one a core",
        help="Processes side by side; the numbers do not depend on it.",
    ),
]
Scheduler = Annotated[str | None, typer.Option(help="Dask scheduler to train on, such as tcp://host:8786.")]
Weighting = Annotated[
    Literal["static", "softmax", "uncertainty", "liebel_korner", "dwa", "gradnorm", "random", "pcgrad"],
    typer.Option(help="How the losses of several tasks become one; see `kerasemo.weighting`."),
]
MaxBad = Annotated[float, typer.Option(min=0, max=1, help="Share of broken clips beyond which the run fails.")]
Out = Annotated[Path, typer.Option(help="Folder of all runs.")]
Resume = Annotated[
    Path | None, typer.Option(exists=True, file_okay=False, help="Run folder of an interrupted run to finish.")
]
Debug = Annotated[bool, typer.Option("--debug", help="Show tracebacks.")]

ALLOWED_WITH_RESUME = {"resume", "jobs", "scheduler", "debug"}


@contextmanager
def session(context: typer.Context, key: str, title: str, citation: str) -> Iterator[Run]:
    """Begin or resume a run, and end it: report page, exit status, one sentence for whatever went wrong.

    The options of the command stand in `run.config["options"]`; a resumed run has those it was begun with.

    Args:
        context: the command's context; its parameters are the options.
        key: the experiment's key, such as `goswami2018`.
        title: the paper's title.
        citation: authors, year and venue.
    """
    options = {
        name: str(value.resolve()) if isinstance(value, Path) else value for name, value in context.params.items()
    }
    with plain_errors(options["debug"]):
        if options["resume"]:
            run = _resumed(context, key)
        else:
            run = Run.create(
                options["out"], key, {"title": title, "citation": citation, "options": options, "notes": []}
            )
    resume_with = shlex.join([sys.executable, sys.argv[0], "--resume", str(run.path)])
    with plain_errors(options["debug"], interrupted=f"Interrupted. What is done is kept; go on with: {resume_with}"):
        run.logger().info("Run folder: %s", run.path)
        try:
            yield run
        except InputError:
            # Nothing is trained yet: a folder without results would only be in the way.
            if not options["resume"] and not (run.path / "checkpoints").exists():
                shutil.rmtree(run.path)
            raise
        from kerasemo.reporting.report import write_report

        run.logger().info("Report: %s", write_report([run.path]).resolve())


def _resumed(context: typer.Context, key: str) -> Run:
    run = Run(context.params["resume"])
    given = {
        name for name in context.params if context.get_parameter_source(name).name == "COMMANDLINE"
    } - ALLOWED_WITH_RESUME
    if given:
        names = ", ".join(f"--{name.replace('_', '-')}" for name in sorted(given))
        raise WrongCall(f"a resumed run keeps the options it was begun with; leave out {names}.")
    if run.config.get("experiment") != key:
        raise InputError(f"{run.path} is a run of {run.config.get('experiment')}, not of {key}.")
    files.sweep(run.path)
    run.config["options"] |= {name: context.params[name] for name in ("jobs", "scheduler")}
    return run


def chosen_protocols(options: SimpleNamespace) -> list[str]:
    """The protocols that `--protocol` asks for."""
    return ["paper", "speaker"] if options.protocol == "both" else [options.protocol]


def synthetic_root(key: str, write: Callable, options: SimpleNamespace, **size) -> Path:
    """The folder of the default corpus, written into the user's cache on first use.

    Args:
        key: the experiment's key.
        write: one of `corpora.synthetic`, takes the folder, `seed`, `jobs` and `size`.
        options: of the run.
        size: how large the corpus is.
    """
    root = files.user_cache("synthetic", f"{key}-{'quick' if options.quick else 'full'}-{options.seed}")
    write(root, **size, seed=options.seed, jobs=options.jobs)
    return root


def name_corpus(run: Run, root: Path, name: str, synthetic_name: str | None = None, **entries) -> None:
    """Write into the run's configuration what its numbers are measured on, and the notice that goes with it.

    Args:
        run: the run.
        root: the corpus' folder.
        name: what the corpus is called in the tables.
        synthetic_name: what its synthetic twin is a synthetic one of; None: `name`.
        entries: what else became known of the corpus, such as `classes`.
    """
    from kerasemo.corpora.synthetic import is_synthetic

    synthetic = is_synthetic(root)
    corpus = f"synthetic {synthetic_name or name}" if synthetic else name
    run.configure(corpus=corpus, notice=SYNTHETIC_NOTICE if synthetic else None, **entries)


def set_aside(run: Run, clips: "pd.DataFrame") -> None:
    """Write which clips are not used, each with its reason, into the run's folder, and note how many there are.

    Args:
        run: the run.
        clips: `clip, file, feature_set, reason`, as `training.items.read_items` gives them.
    """
    run.write_table(clips, "set_aside.csv")
    if len(clips):
        run.note(f"{len(clips)} clips are set aside; set_aside.csv says why.")


def export_to_run(run: Run, model: str) -> None:
    """Put the SavedModel of a trained network into the run's folder."""
    from kerasemo.export import export_model

    folder = run.path / "saved_model" / model
    export_model(run.path, model, folder)
    run.logger().info("SavedModel: %s", folder)
