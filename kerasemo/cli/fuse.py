"""`kerasemo fuse`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from kerasemo.cli.arguments import Jobs, NewFolder

__all__ = ["Folds", "Groups", "Labels", "Methods", "Predictions", "Protocol", "Scoring", "Seed", "Stages", "fuse"]

Predictions = Annotated[
    list[Path], typer.Argument(exists=True, file_okay=False, help="Folders of predictions, one per model.")
]
Labels = Annotated[Path, typer.Option(exists=True, file_okay=False, help="Folder of the labels.")]
Methods = Annotated[list[str] | None, typer.Option(help="Fusion method; may be repeated.  [default: all]")]
Stages = Annotated[int, typer.Option(min=1, help="Number of stages of the multistage SVR.")]
Protocol = Annotated[
    Literal["in-sample", "held-out", "both"],
    typer.Option(
        help="in-sample: score on the data used for fitting, as published. held-out: score on other dialogues."
    ),
]
Folds = Annotated[int, typer.Option(min=2, help="Number of cross-validation folds; each holds out whole dialogues.")]
Groups = Annotated[
    Path | None,
    typer.Option(
        exists=True,
        dir_okay=False,
        help="CSV with columns recording and dialogue; recordings of a dialogue are held out together.",
    ),
]
Scoring = Annotated[
    Literal["plain", "avec"],
    typer.Option(help="plain: CCC with all moments divided by N. avec: variances divided by N - 1."),
]
Seed = Annotated[int, typer.Option(min=0, help="Random seed of the folds and confidence intervals.")]


def fuse(
    predictions: Predictions,
    labels: Labels,
    output: NewFolder,
    jobs: Jobs,
    method: Methods = None,
    protocol: Protocol = "both",
    groups: Groups = None,
    scoring: Scoring = "plain",
    stages: Stages = 5,
    folds: Folds = 7,
    seed: Seed = 0,
) -> None:
    """Fuse predictions of several models and score the fusion.

    Scores can be computed on dialogues that were not used for fitting.
    """
    from kerasemo.fusion.fuse import fuse
    from kerasemo.fusion.methods import METHODS
    from kerasemo.reporting.fusion_figures import plot_fusion

    numbers = {"stages": stages, "folds": folds, "seed": seed, "jobs": jobs}
    choices = {"methods": method or METHODS, "protocol": protocol, "groups": groups, "scoring": scoring}
    fused = fuse(predictions, labels, out=output, **choices, **numbers)
    for note in fused.notes:
        print(note)
    print(_as_ccc_table(fused.rows), end="")
    if fused.default:
        print(f"Recommended: {fused.default}, which makes all its choices on the training folds")
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
