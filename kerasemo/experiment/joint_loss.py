"""What the joint loss of several tasks came to: final weights, and each clip's loss, weighted and at equal weights.

Weighted losses of models with different weights do not compare, those at equal weights do.
"""

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from kerasemo.evaluation.scores import negative_log_likelihood
from kerasemo.experiment.outcome import Folds, Outcome
from kerasemo.reporting import curves

WEIGHTS_OF_SUM_1 = ("static", "softmax")
"""Weightings whose joint loss is a mean of the tasks' losses, where static weights add up to 1."""


def rows(
    folds: Folds,
    table: str,
    label: str,
    weighting: str,
    tasks: Sequence[str],
    published: Sequence[float | None] | None = None,
) -> Iterator[dict]:
    """Rows of the results: the final weight of each task, and the losses of the validation clips.

    Args:
        folds: of one network.
        table, label: where the rows stand.
        weighting: how the losses were weighed.
        tasks: whose losses were weighed.
        published: of each task its final weight, then the sum of the joint loss over all clips; None: not known.
    """
    *weights, total = published or [None] * (len(tasks) + 1)
    for task, number in zip(tasks, weights, strict=True):
        final = pd.DataFrame({"value": _final_weights(folds, task), "speaker": "all"})
        yield folds.mean(final, table, label, f"final weight of {task}", number)
    losses = losses_of_clips(folds, tasks)
    if weighting in WEIGHTS_OF_SUM_1:
        per_clip = folds.mean(losses.assign(value=losses["joint"]), table, label, "validation NLL per clip")
        if folds.protocol == "paper":  # a sum depends on the size of the set
            sums = {name: per_clip[name] and len(losses) * per_clip[name] for name in ("measured", "low", "high")}
            yield {**per_clip, "metric": "validation NLL, sum", "published": total, **sums}
        yield per_clip
    equal = losses.assign(value=losses[list(tasks)].mean(axis=1))
    yield folds.mean(equal, table, label, "validation NLL per clip, equal weights")


def losses_of_clips(folds: Folds, tasks: Sequence[str], partition: str = "validation") -> pd.DataFrame:
    """Each clip's cross-entropy in each task, and `joint`, weighed with the final weights of its fold; `speaker`."""
    parts = []
    for fold in folds.each():
        predictions = {task: fold.predictions(partition, task) for task in tasks}
        losses = pd.DataFrame({task: negative_log_likelihood(table, task) for task, table in predictions.items()})
        joint = sum(_final_weights(fold, task)[0] * losses[task] for task in tasks)
        parts.append(losses.assign(joint=joint, speaker=predictions[tasks[0]]["speaker"]))
    return pd.concat(parts, ignore_index=True)


def _final_weights(folds: Folds, task: str) -> list[float]:
    return [history[f"{task}_weight"].iloc[-1] for history in folds.histories()]


def figures(
    outcome: Outcome, labels: Mapping[str, str], compared: Mapping[str, Sequence[str]], file: str, title: str
) -> None:
    """Joint loss, loss at equal weights, and task weights per epoch, a figure each for every protocol.

    Args:
        outcome: what was trained.
        labels: of each network.
        compared: what is compared in a panel of the joint loss -> the networks.
        file, title: of the joint loss.
    """
    for protocol in outcome.options.protocols:
        outcome.draw_weights(protocol, labels)
        means = {folds.network: curves.with_equal_weights(folds.mean_history()) for folds in outcome.under(protocol)}
        for name, heading, column, panels in [
            (file, title, "loss", compared),
            ("equal_weights", "Joint loss at equal weights", "equal_loss", {"": list(means)}),
        ]:
            drawn = curves.compared_panels(means, labels, column, panels)
            whole_title = f"{heading} per epoch, {protocol} protocol, mean of the folds"
            outcome.save(curves.grid(drawn, whole_title, outcome.notice), f"{name}_{protocol}", whole_title)
