"""The `kerasemo` command. Heavy imports stay inside the commands, so that `kerasemo --help` answers at once."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from kerasemo import console
from kerasemo.errors import WrongCall

if TYPE_CHECKING:
    import zipfile
    from collections.abc import Mapping

    import numpy as np

    from kerasemo.export import ServedModel

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None)

Corpus = Annotated[
    Literal["ravdess", "avec2019", "iemocap", "folder"],
    typer.Argument(help="Name of the corpus; folder: clips of any origin, a folder for each class."),
]
Synthetic = Annotated[
    Literal["ravdess", "avec2019", "iemocap", "films"],
    typer.Argument(help="Name of the corpus; films: clips of films in a folder for each emotion."),
]
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
    ties: Annotated[
        Literal["random", "drop"] | None,
        typer.Option(help="iemocap: turns without a majority get one of the labels most voted for, or are left out."),
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="iemocap: what the draws follow from.")] = None,
    emotion: Annotated[
        list[str] | None, typer.Option(help="iemocap: a label to keep; repeat it.  [default: neu, ang, hap, sad]")
    ] = None,
    merge_excited: Annotated[bool, typer.Option("--merge-excited", help="iemocap: count exc as hap.")] = False,
    improvised_only: Annotated[bool, typer.Option("--improvised-only", help="iemocap: no scripted dialogues.")] = False,
    clips: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="folder: a CSV of the clips and their emotion, not folders."),
    ] = None,
) -> None:
    """Read a corpus' official folders and write its manifest, a clip a row."""
    from kerasemo import manifest
    from kerasemo.corpora import CORPORA

    given = _given(
        corpus,
        {
            "iemocap": {
                "ties": ties,
                "seed": seed,
                "emotions": emotion,
                "merge_excited": merge_excited or None,
                "improvised_only": improvised_only or None,
            },
            "folder": {"clips": clips},
        },
    )
    reader = CORPORA[corpus](**given)
    table = reader.read(root)
    manifest.save(table, output)
    print(f"{output}: {len(table)} clips of {table['speaker'].nunique()} {reader.held_out}")
    for note in reader.notes(table):
        print(note)


@app.command()
def synth(
    corpus: Synthetic,
    output: Annotated[Path, typer.Option("--output", "-o", file_okay=False, help="Folder to write; new or empty.")],
    jobs: Jobs,
    actors: Annotated[
        int | None, typer.Option(min=1, max=24, help="ravdess: the first so many actors.  [default: all]")
    ] = None,
    clips_per_emotion: Annotated[
        int | None, typer.Option(min=1, help="ravdess: clips of each actor, channel and emotion.  [default: all]")
    ] = None,
    audio_share: Annotated[
        float | None, typer.Option(min=0, max=1, help="not avec2019: share of clips whose sound shows the emotion.")
    ] = None,
    video_share: Annotated[
        float | None, typer.Option(min=0, max=1, help="not avec2019: share of clips whose face shows it.")
    ] = None,
    train: Annotated[int | None, typer.Option(min=2, max=34, help="avec2019: recordings of Train a language.")] = None,
    devel: Annotated[int | None, typer.Option(min=2, max=14, help="avec2019: recordings of Devel a language.")] = None,
    width: Annotated[int | None, typer.Option(min=8, help="avec2019: features of each set.")] = None,
    sessions: Annotated[
        int | None, typer.Option(min=1, max=5, help="iemocap: the first so many sessions.  [default: all]")
    ] = None,
    dialogues: Annotated[int | None, typer.Option(min=1, max=30, help="iemocap: dialogues of each session.")] = None,
    turns: Annotated[int | None, typer.Option(min=1, help="iemocap: turns of each dialogue.")] = None,
    films: Annotated[int | None, typer.Option(min=1, max=99, help="films: how many films.")] = None,
    clips: Annotated[int | None, typer.Option(min=1, max=999, help="films: clips of each film.")] = None,
    lean: Annotated[
        float | None, typer.Option(min=0.25, max=1, help="films: share of a film's clips in its foremost emotion.")
    ] = None,
    faceless: Annotated[
        float | None, typer.Option(min=0, max=1, help="films: share of clips without a clear face.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="What every random choice follows from.")] = 0,
) -> None:
    """Write a synthetic corpus in the owners' layout: real media files, made-up people, known truth."""
    from kerasemo.corpora import synthetic

    shares = {"audio_share": audio_share, "video_share": video_share}
    given = _given(
        corpus,
        {
            "ravdess": {
                "actors": actors and range(1, actors + 1),
                "clips_per_emotion": clips_per_emotion,
                **shares,
            },
            "avec2019": {"train": train, "devel": devel, "width": width},
            "iemocap": {
                "sessions": sessions and range(1, sessions + 1),
                "dialogues": dialogues,
                "turns": turns,
                **shares,
            },
            "films": {"films": films, "clips": clips, "lean": lean, "faceless": faceless, **shares},
        },
    )
    synthetic.SYNTHETIC_CORPORA[corpus](**given, seed=seed).write(output, jobs)
    print(f"{output}: synthetic {corpus}")


def _given(chosen: str, options: dict[str, dict[str, object]]) -> dict[str, object]:
    """The options that are given, of those that the chosen corpus or feature set has.

    Raises:
        WrongCall: one is given that it does not have.
    """
    own = options.get(chosen, {})
    given = {option: value for of_one in options.values() for option, value in of_one.items() if value is not None}
    strange = [f"--{option.replace('_', '-')}" for option in given if option not in own]
    if strange:
        raise WrongCall(f"{chosen} has no {', '.join(strange)}; leave it out.")
    return given


@app.command()
def features(
    feature_set: Annotated[
        Literal[
            "waveform",
            "mfcc",
            "mfcc_functionals",
            "short_term",
            "egemaps",
            "egemaps_functionals",
            "frames",
            "face_pairs",
            "faces",
            "face_video",
            "resnet50",
            "vgg16",
        ],
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
    scale: Annotated[
        Literal["deviation", "variance"] | None, typer.Option(help="waveform: what samples are divided by.")
    ] = None,
    crop: Annotated[
        Literal["fixed", "track"] | None, typer.Option(help="face_video: where the face is in IEMOCAP, or a track.")
    ] = None,
    detector: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="faces: YuNet (.onnx).  [default: Haar cascades]")
    ] = None,
    landmarks: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="faces: dlib's 68 landmarks (.dat), to turn faces to the front."
        ),
    ] = None,
) -> None:
    """Compute features of every clip; broken clips are set aside and listed beside the output."""
    import zipfile

    from kerasemo import files
    from kerasemo import manifest as manifests
    from kerasemo.features import FEATURE_SETS
    from kerasemo.features.store import FeatureStore

    if output.suffix != ".npz":
        raise WrongCall(f"{output} is no NPZ file; give a name that ends in .npz.")
    if (weights is not None) != (feature_set in ("resnet50", "vgg16")):
        raise WrongCall("resnet50 and vgg16 need --weights, the other feature sets have none.")
    of_network = {"weights": weights and str(weights)}
    options = {
        "resnet50": of_network,
        "vgg16": of_network,
        "waveform": {"scale": scale},
        "face_video": {"crop": crop},
        "faces": {"detector": detector and str(detector), "landmarks": landmarks and str(landmarks)},
    }
    of_set = FEATURE_SETS[feature_set](**_given(feature_set, options))
    table = manifests.load(manifest)
    # Opened first: a place that cannot be written is known before the work.
    with files.whole(output) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        extraction = FeatureStore().extract(table, root, of_set, jobs=jobs, max_bad=max_bad, in_memory=False)
        _write_arrays(archive, extraction.features)
    print(f"{output}: {feature_set} of {len(extraction.features)} clips")
    for note in of_set.notes():
        print(note)
    listed = output.with_suffix(".set_aside.csv")
    listed.unlink(missing_ok=True)
    if len(extraction.set_aside):
        with files.whole(listed) as temporary:
            extraction.set_aside.to_csv(temporary, index=False)
        print(f"{listed}: {len(extraction.set_aside)} clips set aside, each with its reason")


def _write_arrays(archive: "zipfile.ZipFile", arrays: "Mapping[str, np.ndarray]") -> None:
    """Write an NPZ member by member: `np.savez` takes names as keywords, and a clip's name may be one of its own."""
    import numpy as np

    for clip, array in arrays.items():
        with archive.open(f"{clip}.npy", "w", force_zip64=True) as member:
            np.lib.format.write_array(member, array, allow_pickle=False)


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

    table = pd.DataFrame(rows)
    keys = ["method", "stage", "protocol"]
    scores = table.pivot(index=keys, columns="target", values="ccc")
    average = table[table["target"] == table["target"].iloc[-1]].set_index(keys)
    scores = scores.loc[average.index, table["target"].unique()]
    if average["low"].notna().all():
        low, high = (average[bound].map("{:.3f}".format) for bound in ("low", "high"))
        scores["95 % of the average"] = "[" + low + ", " + high + "]"
    return scores.reset_index().to_string(index=False, float_format="%.3f") + "\n"


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
    gender: Annotated[
        Literal["female", "male"] | None,
        typer.Option(help="The speaker's, where two people share a recording: whose channel and face are read."),
    ] = None,
    start: Annotated[float | None, typer.Option(min=0, help="Begin here, seconds.")] = None,
    end: Annotated[float | None, typer.Option(min=0, help="End here, seconds.")] = None,
    file: Annotated[
        list[Path] | None,
        typer.Option(exists=True, dir_okay=False, help="A file that the network's preprocessing reads and that moved."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of a table.")] = False,
    over_time: Annotated[
        bool, typer.Option("--timeline", help="Over time: for each file FILE.timeline.csv and FILE.timeline.png.")
    ] = False,
    every: Annotated[
        float | None, typer.Option(min=0.1, help="--timeline: from window to window, seconds.  [default: 2]")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", file_okay=False, help="--timeline: folder.  [default: this one]")
    ] = None,
) -> None:
    """Give the probability of each class for media files; exit 1 if one of them cannot be used."""
    from kerasemo.errors import BrokenClip
    from kerasemo.export import ServedModel

    if over_time and as_json:
        raise WrongCall("--timeline writes CSV files; leave --json out.")
    if not over_time and (every or output):
        raise WrongCall("--every and --output are for --timeline; leave them out, or add it.")
    if over_time and len({path.name for path in media}) < len(media):
        raise WrongCall("two of the files have one name, and so would their timelines; give them one at a time.")
    if None not in (start, end) and end <= start:
        raise WrongCall("--end lies before --start.")
    served = ServedModel(saved_model, file or ())
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


def _write_timeline(served: "ServedModel", path: Path, part: tuple, every_s: float | None, folder: Path) -> None:
    from kerasemo.timeline import EVERY_S, timeline, write_timeline

    table = timeline(served, path, *part, every_s=every_s or EVERY_S)
    csv, picture = (folder / f"{path.name}.timeline.{suffix}" for suffix in ("csv", "png"))
    write_timeline(table, path.name, csv, picture)
    print(f"{csv}: {len(table)} windows\n{picture}")


def _as_json(answers: list) -> str:
    import json

    rows = [{"file": p.name, "predicted": p.idxmax(), "probabilities": p.astype(float).to_dict()} for p in answers]
    return json.dumps(rows, indent=2, ensure_ascii=False) + "\n"


def _as_table(answers: list) -> str:
    import pandas as pd

    if not answers:
        return ""
    table = pd.DataFrame(answers)
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
