"""What a network makes of clips, as points in a plane: t-SNE.

Source: van der Maaten and Hinton 2008, "Visualizing data using t-SNE", Journal of Machine Learning Research 9.
"""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from sklearn.manifold import TSNE
from threadpoolctl import threadpool_limits

from kerasemo.reporting.figures import COLOURS, FAINT, INK, SMALL_PT, blank, plain

PERPLEXITY = 30.0
FEWEST = 5
"""Points below which their neighbourhoods say nothing."""


def tsne(vectors: np.ndarray, seed: int) -> np.ndarray:
    """Points in a plane whose neighbours are those of the vectors.

    Args:
        vectors: `clips x values`, `FEWEST` clips or more.
        seed: what the search follows from; it begins at the principal components.

    Returns:
        `clips x 2`. Distances between far groups, and their sizes, mean nothing.

    Raises:
        ValueError: too few clips.
    """
    if len(vectors) < FEWEST:
        raise ValueError(f"t-SNE needs {FEWEST} clips or more. Received: {len(vectors)}")
    perplexity = min(PERPLEXITY, (len(vectors) - 1) / 3)
    # One thread: some hundred points are not worth more, and the last bits would hang on their number.
    with threadpool_limits(1):
        return TSNE(perplexity=perplexity, init="pca", random_state=seed).fit_transform(vectors)


def embedding_figure(
    points: np.ndarray, labels: Sequence[str], classes: Sequence[str], title: str, notice: str | None = None
) -> Figure:
    """Points, each class in its colour and sign.

    Args:
        points: `clips x 2`.
        labels: the class of each clip.
        classes: all classes, in order.
        title: the figure's title.
        notice: a warning to print under the title.
    """
    figure = blank(title, notice, 3.6)
    axes = figure.add_subplot()
    labels = np.asarray(labels)
    for number, name in enumerate(classes):
        x, y = points[labels == name].T
        # Colour and sign come round at different times, so that a pair stands for one class.
        colour, sign = COLOURS[number % len(COLOURS)], "osD^vP"[number % 6]
        axes.plot(x, y, sign, color=colour, label=name, markersize=4, alpha=0.8, markeredgewidth=0)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_color(FAINT)
    axes.spines[:].set_linewidth(0.5)
    axes.legend(
        fontsize=SMALL_PT, frameon=False, labelcolor=INK, loc="upper left", bbox_to_anchor=(1, 1), handletextpad=0.1
    )
    return plain(figure)
