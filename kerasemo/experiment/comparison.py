"""Comparison of networks over several seeds with speakers held out: accuracies, differences, spread of features."""

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from kerasemo.experiment.outcome import Folds, Outcome
from kerasemo.reporting.curves import Curve, Panel, grid
from kerasemo.reporting.figures import look

__all__ = ["DIFFERENCE", "PROTOCOL", "draw_spread", "hits", "rows"]

PROTOCOL = "speaker"
DIFFERENCE = "difference of test accuracies"


def rows(outcome: Outcome, table: str, labels: Mapping[str, str], proposed: str) -> Iterator[dict]:
    """Yield the accuracy of each network over all of its seeds, and how much more accurate the proposed one is.

    Args:
        outcome: the trained study; networks may differ in their number of seeds.
        table: name of the table.
        labels: network -> its row; there are no rows if the proposed network is not trained.
        proposed: the network to compare with all others, paired by clip.
    """
    trained = {network: outcome.of(network, PROTOCOL) for network in labels}
    if not trained[proposed].cells:
        return
    for network, folds in trained.items():
        yield from folds.over_seeds(table, labels[network])
    for network, folds in trained.items():
        if network != proposed:
            values = (hits(trained[proposed]) - hits(folds)).reset_index(name="value")
            yield folds.mean(values, table, f"{labels[proposed]} minus: {labels[network]}", DIFFERENCE)


def hits(folds: Folds) -> pd.Series:
    """Return the share of correct predictions of each clip over all seeds, indexed by clip and speaker.

    Args:
        folds: the models of one network under one protocol.
    """
    predictions = folds.predictions()
    correct = predictions.assign(value=predictions["predicted"] == predictions["emotion"])
    return correct.groupby(["clip", "speaker"])["value"].mean()


def draw_spread(outcome: Outcome, labels: Mapping[str, str], features: Sequence[str]) -> None:
    """Draw the standard deviation of features over the epochs, mean of folds and seeds.

    Args:
        outcome: the trained study; its histories have the metric `spread` of the features.
        labels: network -> title of its panel; networks that are not trained are left out.
        features: names of the outputs.
    """
    trained = {title: outcome.of(network, PROTOCOL) for network, title in labels.items()}
    histories = {title: folds.mean_history() for title, folds in trained.items() if folds.cells}
    panels = [
        Panel(
            panel,
            "standard deviation",
            [Curve(name, *look(i), history["epoch"], history[f"{name}_spread"]) for i, name in enumerate(features)],
        )
        for panel, history in histories.items()
    ]
    if panels:
        title = "Spread of the features over the clips of a batch, in training"
        outcome.save(grid(panels, title, outcome.notice), "spread", title)
