"""Grad-CAM: the parts of a spectrogram on which the decision of a network is based.

Source: Selvaraju, Cogswell, Das, Vedantam, Parikh and Batra 2017, "Grad-CAM: visual explanations from deep networks via
gradient-based localization", ICCV, equations 1 and 2.
"""

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf
from matplotlib.figure import Figure

from kerasemo.reporting.figures import INK, SMALL_PT, blank, plain, style

__all__ = ["grad_cam", "grad_cam_figure"]

_PANEL_IN = 1.3


def grad_cam(
    network: keras.Model, spectrograms: np.ndarray, task: str, classes: Sequence[int], layer: str
) -> np.ndarray:
    """Compute how much each part of a spectrogram contributes to the score of a class.

    The result is the sum of the maps of a convolution. Each map is weighted by the mean gradient of the class's score,
    before the softmax, with respect to its values. Negative values, which decrease the score, are set to 0.

    Args:
        network: a model from `spectrogram` to its tasks, each a dense layer with the name of the task; see
            `models.spectrogram_cnn`.
        spectrograms: `batch x frames x mels x 1`.
        task: name of the task.
        classes: the number of the class to explain, for each spectrogram.
        layer: name of the convolution, after its ReLU.

    Returns:
        `batch x frames x mels`, 0 to 1, where the maximum of each spectrogram is 1; all 0 if no part contributes to the
        score.
    """
    head = network.get_layer(task)
    inner = keras.Model(network.input, [network.get_layer(layer).output, head.input])
    with tf.GradientTape() as tape:
        maps, features = inner({"spectrogram": spectrograms}, training=False)
        scores = tf.gather(features @ head.kernel + head.bias, classes, batch_dims=1)
    weights = tf.reduce_mean(tape.gradient(scores, maps), axis=(1, 2), keepdims=True)
    heatmaps = tf.nn.relu(tf.reduce_sum(weights * maps, axis=-1, keepdims=True))
    heatmaps = tf.image.resize(heatmaps, spectrograms.shape[1:3])[..., 0]
    return tf.math.divide_no_nan(heatmaps, tf.reduce_max(heatmaps, axis=(1, 2), keepdims=True)).numpy()


def grad_cam_figure(
    spectrograms: np.ndarray,
    maps: np.ndarray,
    names: Sequence[str],
    seconds: float,
    title: str,
    notice: str | None = None,
) -> Figure:
    """Draw spectrograms, and below each the spectrogram with its Grad-CAM map; red parts contribute to the class.

    Args:
        spectrograms: `n x frames x mels`, dB.
        maps: the result of `grad_cam` for the spectrograms.
        names: the name of each spectrogram.
        seconds: their duration, seconds.
        title: the figure's title.
        notice: a warning to print under the title.

    Returns:
        The figure.
    """
    columns = 2
    rows = -(-len(names) // columns)
    figure = blank(title, notice, 2 * rows * _PANEL_IN)
    grid = figure.add_gridspec(2 * rows, columns)
    for number, (spectrogram, heatmap, name) in enumerate(zip(spectrograms, maps, names, strict=True)):
        row, column = divmod(number, columns)
        extent = (0, seconds, 0, spectrogram.shape[1])
        options = {"origin": "lower", "aspect": "auto", "extent": extent}
        for line, is_map in enumerate((False, True)):
            axes = figure.add_subplot(grid[2 * row + line, column])
            axes.imshow(spectrogram.T, cmap="gray_r" if is_map else "magma", **options)
            if is_map:
                axes.imshow(heatmap.T, cmap="Reds", vmin=0, vmax=1, alpha=0.8 * heatmap.T, **options)
            else:
                axes.set_title(name, loc="left", fontsize=SMALL_PT, color=INK)
            style(axes)
            axes.grid(False)
            axes.set_yticks([])
            axes.set_ylabel("" if column else "mel bands")
            axes.set_xlabel("time, s" if is_map and row == rows - 1 else "")
            axes.tick_params(labelbottom=is_map)
    return plain(figure)
