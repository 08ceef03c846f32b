"""Results for the joint loss of several tasks: final weights, and losses per clip, weighted and with equal weights."""

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from kerasemo.evaluation.scores import negative_log_likelihood
from kerasemo.experiment.outcome import Folds, Outcome
from kerasemo.reporting import curves

__all__ = ["NOT_COMPARABLE", "WEIGHTS_OF_SUM_1", "figures", "rows"]

NOT_COMPARABLE = "Weighted losses of models with different weights are not comparable; losses with equal weights are."
WEIGHTS_OF_SUM_1 = ("static", "softmax")
"""Weightings whose joint loss is a weighted mean of the tasks' losses, provided that the static weights sum to 1."""


def rows(
    folds: Folds,
    table: str,
    label: str,
    weighting: str,
    tasks: Sequence[str],
    published: Sequence[float | None] | None = None,
) -> Iterator[dict]:
    """Yield rows of the results: the final weight of each task, and the losses of the validation clips.

    Args:
        folds: the folds of one network.
        table, label: name of the table, and of the row in it.
        weighting: name of the weighting of the losses.
        tasks: the weighted tasks.
        published: the published final weight of each task, then the sum of the joint loss over all clips; None: not
            known.
    """
    *weights, total = published or [None] * (len(tasks) + 1)
    final = [history.iloc[-1] for history in folds.histories()]
    for task, number in zip(tasks, weights, strict=True):
        values = pd.DataFrame({"value": [last[f"{task}_weight"] for last in final], "speaker": "all"})
        yield folds.mean(values, table, label, f"final weight of {task}", number)
    losses = _losses_of_clips(folds, tasks, final)
    if weighting in WEIGHTS_OF_SUM_1:
        per_clip = folds.mean(losses.assign(value=losses["joint"]), table, label, "validation NLL per clip")
        if folds.protocol == "paper":  # a sum depends on the size of the set
            sums = {name: per_clip[name] and len(losses) * per_clip[name] for name in ("measured", "low", "high")}
            yield {**per_clip, "metric": "validation NLL, sum", "published": total, **sums}
        yield per_clip
    equal = losses.assign(value=losses[list(tasks)].mean(axis=1))
    yield folds.mean(equal, table, label, "validation NLL per clip, equal weights")


def _losses_of_clips(folds: Folds, tasks: Sequence[str], final: Sequence[pd.Series]) -> pd.DataFrame:
    """Return the losses of each validation clip.

    Args:
        folds: the folds of one network.
        tasks: the weighted tasks.
        final: the last epoch in the history of each fold.

    Returns:
        One row per clip: the cross-entropy of each task, `joint` (their sum, weighted with the final weights of the
        fold), and `speaker`.
    """
    parts = []
    for fold, last in zip(folds.each(), final, strict=True):
        predictions = {task: fold.predictions("validation", task) for task in tasks}
        losses = pd.DataFrame({task: negative_log_likelihood(table, task) for task, table in predictions.items()})
        joint = sum(last[f"{task}_weight"] * losses[task] for task in tasks)
        parts.append(losses.assign(joint=joint, speaker=predictions[tasks[0]]["speaker"]))
    return pd.concat(parts, ignore_index=True)


def figures(
    outcome: Outcome, labels: Mapping[str, str], compared: Mapping[str, Sequence[str]], file: str, title: str
) -> None:
    """Draw joint loss, loss with equal weights and task weights over the epochs, each in one figure per protocol.

    Args:
        outcome: the trained study.
        labels: label of each network.
        compared: title of a panel of the joint loss -> the networks that it compares.
        file, title: file name and title of the figure of the joint loss.
    """
    for protocol in outcome.options.protocols:
        outcome.draw_weights(protocol, labels)
        means = {folds.network: curves.with_equal_weights(folds.mean_history()) for folds in outcome.under(protocol)}
        for name, heading, column, panels in [
            (file, title, "loss", compared),
            ("equal_weights", "Joint loss at equal weights", "equal_loss", {"": list(means)}),
        ]:
            compared_panels = curves.compared_panels(means, labels, column, panels)
            full_title = f"{heading} per epoch, {protocol} protocol, mean of the folds"
            outcome.save(curves.grid(compared_panels, full_title, outcome.notice), f"{name}_{protocol}", full_title)
