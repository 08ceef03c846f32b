"""t-SNE figures: the embedding vectors of clips as points in a plane.

Source: van der Maaten and Hinton 2008, "Visualizing data using t-SNE", Journal of Machine Learning Research 9.
"""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from sklearn.manifold import TSNE
from threadpoolctl import threadpool_limits

from kerasemo.reporting.figures import COLOURS, FAINT, INK, SMALL_PT, blank, plain

__all__ = ["FEWEST", "PERPLEXITY", "embedding_figure", "tsne"]

PERPLEXITY = 30.0
FEWEST = 5
"""Smallest number of points; with fewer, their neighbourhoods are meaningless."""


def tsne(vectors: np.ndarray, seed: int) -> np.ndarray:
    """Map vectors to points in a plane with the same neighbours.

    Args:
        vectors: `clips x values`, with at least `FEWEST` clips.
        seed: seed of the optimisation, which starts from the principal components.

    Returns:
        `clips x 2`. Distances between groups, and the sizes of groups, have no meaning.

    Raises:
        ValueError: There are too few clips.
    """
    if len(vectors) < FEWEST:
        raise ValueError(f"t-SNE needs {FEWEST} clips or more. Received: {len(vectors)}")
    perplexity = min(PERPLEXITY, (len(vectors) - 1) / 3)
    # One thread is enough for a few hundred points, and the number of threads affects rounding errors.
    with threadpool_limits(1):
        return TSNE(perplexity=perplexity, init="pca", random_state=seed).fit_transform(vectors)


def embedding_figure(
    points: np.ndarray, labels: Sequence[str], classes: Sequence[str], title: str, notice: str | None = None
) -> Figure:
    """Draw points, with a colour and marker for each class.

    Args:
        points: `clips x 2`.
        labels: the class of each clip.
        classes: all classes, in order.
        title: the figure's title.
        notice: a warning to print under the title.

    Returns:
        The figure.
    """
    figure = blank(title, notice, 3.6)
    axes = figure.add_subplot()
    labels = np.asarray(labels)
    for number, name in enumerate(classes):
        x, y = points[labels == name].T
        # There are 7 colours and 6 markers, so that 42 classes have different combinations.
        colour, marker = COLOURS[number % len(COLOURS)], "osD^vP"[number % 6]
        axes.plot(x, y, marker, color=colour, label=name, markersize=4, alpha=0.8, markeredgewidth=0)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_color(FAINT)
    axes.spines[:].set_linewidth(0.5)
    axes.legend(
        fontsize=SMALL_PT, frameon=False, labelcolor=INK, loc="upper left", bbox_to_anchor=(1, 1), handletextpad=0.1
    )
    return plain(figure)
