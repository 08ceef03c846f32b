"""The `kerasemo` command. Heavy imports stay inside the commands, so that `kerasemo --help` answers at once."""

import os
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from kerasemo import console
from kerasemo.errors import WrongCall

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None)

Corpus = Annotated[Literal["ravdess", "avec2019"], typer.Argument(help="Name of the corpus.")]
Manifest = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV that `kerasemo manifest` wrote.")]
Root = Annotated[Path, typer.Option(exists=True, file_okay=False, help="Folder that the manifest's paths start from.")]
RunFolder = Annotated[Path, typer.Argument(exists=True, file_okay=False, help="Run folder.")]
Jobs = Annotated[
    int, typer.Option(min=1, default_factory=os.cpu_count, show_default="one a core", help="Processes side by side.")
]


@app.callback()
def options(
    context: typer.Context, debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False
) -> None:
    """Multimodal emotion recognition: corpora, features, SavedModels, reports. The papers are run by experiments/."""
    context.with_resource(console.plain_errors(debug))


@app.command()
def manifest(
    corpus: Corpus,
    root: Annotated[Path, typer.Option(exists=True, file_okay=False, help="Folder of your copy of the corpus.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="CSV to write.")],
) -> None:
    """Read a corpus' official folders and write its manifest, a clip a row."""
    from kerasemo import corpora, manifest

    table = corpora.reader(corpus)(root)
    manifest.save(table, output)
    print(f"{output}: {len(table)} clips of {table['speaker'].nunique()} speakers")


@app.command()
def synth(
    corpus: Corpus,
    output: Annotated[Path, typer.Option("--output", "-o", file_okay=False, help="Folder to write; new or empty.")],
    jobs: Jobs,
    actors: Annotated[
        int | None, typer.Option(min=1, max=24, help="ravdess: the first so many actors.  [default: all]")
    ] = None,
    clips_per_emotion: Annotated[
        int | None, typer.Option(min=1, help="ravdess: clips of each actor, channel and emotion.  [default: all]")
    ] = None,
    audio_share: Annotated[
        float | None, typer.Option(min=0, max=1, help="ravdess: share of clips whose sound shows the emotion.")
    ] = None,
    video_share: Annotated[
        float | None, typer.Option(min=0, max=1, help="ravdess: share of clips whose face shows it.")
    ] = None,
    train: Annotated[int | None, typer.Option(min=2, max=34, help="avec2019: recordings of Train a language.")] = None,
    devel: Annotated[int | None, typer.Option(min=2, max=14, help="avec2019: recordings of Devel a language.")] = None,
    width: Annotated[int | None, typer.Option(min=8, help="avec2019: features of each set.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="What every random choice follows from.")] = 0,
) -> None:
    """Write a synthetic corpus in the owners' layout: real media files, made-up people, known truth."""
    from kerasemo.corpora import synthetic

    of_corpus = {
        "ravdess": {
            "actors": actors and range(1, actors + 1),
            "clips_per_emotion": clips_per_emotion,
            "audio_share": audio_share,
            "video_share": video_share,
        },
        "avec2019": {"train": train, "devel": devel, "width": width},
    }
    given = {
        name: {option: value for option, value in options.items() if value is not None}
        for name, options in of_corpus.items()
    }
    strange = [f"--{option.replace('_', '-')}" for name in given if name != corpus for option in given[name]]
    if strange:
        raise WrongCall(f"{corpus} has no {', '.join(strange)}; leave it out.")
    write = {"ravdess": synthetic.write_ravdess, "avec2019": synthetic.write_sewa}[corpus]
    write(output, **given[corpus], seed=seed, jobs=jobs)
    print(f"{output}: synthetic {corpus}")


@app.command()
def features(
    feature_set: Annotated[
        Literal["mfcc", "mfcc_functionals", "egemaps", "egemaps_functionals", "frames", "faces", "resnet50", "vgg16"],
        typer.Argument(help="What to compute."),
    ],
    manifest: Manifest,
    root: Root,
    output: Annotated[Path, typer.Option("--output", "-o", help="NPZ to write (.npz): an array a clip, by its name.")],
    jobs: Jobs,
    max_bad: Annotated[float, typer.Option(min=0, max=1, help="Share of broken clips that is still fine.")] = 0.05,
    weights: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="ImageNet weights of resnet50 and vgg16 (.h5).")
    ] = None,
) -> None:
    """Compute features of every clip; broken clips are set aside and listed beside the output."""
    import zipfile

    import numpy as np

    from kerasemo import files
    from kerasemo import manifest as manifests
    from kerasemo.features import FEATURE_SETS
    from kerasemo.features.store import FeatureStore

    if output.suffix != ".npz":
        raise WrongCall(f"{output} is no NPZ file; give a name that ends in .npz.")
    if (weights is not None) != (feature_set in ("resnet50", "vgg16")):
        raise WrongCall("resnet50 and vgg16 need --weights, the other feature sets have none.")
    of_set = FEATURE_SETS[feature_set](**({} if weights is None else {"weights": str(weights)}))
    table = manifests.load(manifest)
    # Opened first: a place that cannot be written is known before the work. Member by member: `np.savez` takes names
    # as keywords, and some clips' names are keywords of its own.
    with files.whole(output) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        extraction = FeatureStore().extract(table, root, of_set, jobs=jobs, max_bad=max_bad)
        for clip, array in extraction.features.items():
            with archive.open(f"{clip}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)
    print(f"{output}: {feature_set} of {len(extraction.features)} clips")
    listed = output.with_suffix(".set_aside.csv")
    listed.unlink(missing_ok=True)
    if len(extraction.set_aside):
        with files.whole(listed) as temporary:
            extraction.set_aside.to_csv(temporary, index=False)
        print(f"{listed}: {len(extraction.set_aside)} clips set aside, each with its reason")


@app.command()
def audit(
    manifest: Manifest,
    split: Annotated[
        Path, typer.Option(exists=True, dir_okay=False, help="CSV: clip or speaker, and partition or fold.")
    ],
    root: Annotated[
        Path | None, typer.Option(exists=True, file_okay=False, help="Also compare the content of the files under it.")
    ] = None,
) -> None:
    """Tell which speakers, dialogues, files or identical contents stand on both sides of a split; exit 1 if any."""
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


@app.command()
def fuse(
    predictions: Annotated[
        list[Path], typer.Argument(exists=True, file_okay=False, help="A folder of predictions for each model.")
    ],
    labels: Annotated[Path, typer.Option(exists=True, file_okay=False, help="Folder of the labels.")],
    output: Annotated[Path, typer.Option("--output", "-o", file_okay=False, help="Folder to write; new or empty.")],
    jobs: Jobs,
    method: Annotated[list[str] | None, typer.Option(help="One or more of the methods.  [default: all]")] = None,
    stages: Annotated[int, typer.Option(min=1, help="Stages of the multistage SVR.")] = 5,
    protocol: Annotated[
        Literal["in-sample", "held-out", "both"],
        typer.Option(help="in-sample: scored on what was fitted, as published. held-out: dialogues held out."),
    ] = "both",
    folds: Annotated[int, typer.Option(min=2, help="Folds of dialogues.")] = 7,
    groups: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="CSV recording,dialogue: what to hold out whole.")
    ] = None,
    scoring: Annotated[
        Literal["plain", "avec"], typer.Option(help="plain: CCC by N throughout. avec: variances by N - 1.")
    ] = "plain",
    seed: Annotated[int, typer.Option(min=0, help="What folds and intervals follow from.")] = 0,
) -> None:
    """Fuse saved predictions of several models, and say what holds on dialogues that the fusion has not seen."""
    from kerasemo.fusion.fuse import fuse
    from kerasemo.fusion.methods import METHODS
    from kerasemo.reporting.fusion_figures import plot_fusion

    fused = fuse(
        predictions,
        labels,
        methods=method or METHODS,
        stages=stages,
        protocol=protocol,
        folds=folds,
        groups=groups,
        seed=seed,
        jobs=jobs,
        out=output,
        scoring=scoring,
    )
    for note in fused.notes:
        print(note)
    print(_as_ccc_table(fused.rows), end="")
    if fused.default:
        print(f"Recommended by its held-out scores: {fused.default}")
    print(plot_fusion(output))


def _as_ccc_table(rows: list[dict]) -> str:
    import pandas as pd

    table = pd.DataFrame(rows).pivot(index=["method", "stage", "protocol"], columns="target", values="ccc")
    columns = list(dict.fromkeys(row["target"] for row in rows))
    order = list(dict.fromkeys((row["method"], row["stage"], row["protocol"]) for row in rows))
    return table.loc[order, columns].reset_index().to_string(index=False, float_format="%.3f") + "\n"


@app.command()
def export(
    run: RunFolder,
    model: Annotated[str, typer.Argument(help="Name of a trained model, such as architecture_4.paper.")],
    output: Annotated[Path, typer.Option("--output", "-o", file_okay=False, help="Folder of the SavedModel.")],
) -> None:
    """Write a trained network as a SavedModel, reloaded and compared before it counts as written."""
    from kerasemo.export import export_model

    export_model(run, model, output)
    print(f"{output}: SavedModel of {model}")


@app.command()
def predict(
    saved_model: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="Folder of a SavedModel.")],
    media: Annotated[list[Path], typer.Argument(help="wav, mp4 and the like.")],
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of a table.")] = False,
) -> None:
    """Give the probability of each class for media files; exit 1 if one of them cannot be used."""
    from kerasemo.errors import BrokenClip
    from kerasemo.export import ServedModel

    served = ServedModel(saved_model)
    answers, reasons = [], []
    for path in media:
        try:
            answers.append(served.predict(path).rename(str(path)))
        except BrokenClip as error:
            reasons.append(str(error))
    print(_as_json(answers) if as_json else _as_table(answers), end="")
    for reason in reasons:
        print(f"Error: {reason}", file=sys.stderr)
    if reasons:
        sys.exit(1)


def _as_json(answers: list) -> str:
    import json

    rows = [{"file": p.name, "predicted": p.idxmax(), "probabilities": p.astype(float).to_dict()} for p in answers]
    return json.dumps(rows, indent=2, ensure_ascii=False) + "\n"


def _as_table(answers: list) -> str:
    import pandas as pd

    if not answers:
        return ""
    table = pd.DataFrame(answers).T
    table.insert(0, "predicted", table.idxmax(axis=1))
    return table.to_string(float_format="%.3f") + "\n"


@app.command()
def plot(run: RunFolder) -> None:
    """Draw the loss curves of every model of a run."""
    from kerasemo.reporting.report import plot_run

    for path in plot_run(run):
        print(path)


@app.command()
def report(
    runs: Annotated[list[Path], typer.Argument(exists=True, file_okay=False, help="Run folders.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="HTML to write.  [default: report.html in the run folder]")
    ] = None,
) -> None:
    """Write one self-contained HTML page about one run or several."""
    from kerasemo.reporting.report import write_report

    print(write_report(runs, output))


def main() -> None:
    """Entry point: exit status 0 done, 1 the work failed, 2 the call was wrong."""
    app()
