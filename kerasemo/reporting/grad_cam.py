"""Where in a spectrogram a network finds what it decides by: Grad-CAM.

Source: Selvaraju, Cogswell, Das, Vedantam, Parikh and Batra 2017, "Grad-CAM: visual explanations from deep networks via
gradient-based localization", ICCV, equations 1 and 2.
"""

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf
from matplotlib.figure import Figure

from kerasemo.reporting.figures import INK, SMALL_PT, blank, plain, style

_PANEL_IN = 1.3


def grad_cam(
    network: keras.Model, spectrograms: np.ndarray, task: str, classes: Sequence[int], layer: str
) -> np.ndarray:
    """The parts of spectrograms that speak for a class.

    The maps of a convolution are added up, each times the mean gradient by its values of the class's score before the
    softmax; what is below 0 speaks against the class and is cut off.

    Args:
        network: from `spectrogram` to its tasks, each a dense layer of that name; see `models.spectrogram_cnn`.
        spectrograms: `batch x frames x mels x 1`.
        task: which task.
        classes: the class number to explain, one a spectrogram.
        layer: name of the convolution, behind its ReLU.

    Returns:
        `batch x frames x mels`, 0 to 1, the largest of each 1; all 0 where nothing speaks for the class.
    """
    head = network.get_layer(task)
    inner = keras.Model(network.input, [network.get_layer(layer).output, head.input])
    with tf.GradientTape() as tape:
        maps, features = inner({"spectrogram": spectrograms}, training=False)
        scores = tf.gather(features @ head.kernel + head.bias, classes, batch_dims=1)
    weights = tf.reduce_mean(tape.gradient(scores, maps), axis=(1, 2), keepdims=True)
    found = tf.nn.relu(tf.reduce_sum(weights * maps, axis=-1, keepdims=True))
    found = tf.image.resize(found, spectrograms.shape[1:3])[..., 0]
    return tf.math.divide_no_nan(found, tf.reduce_max(found, axis=(1, 2), keepdims=True)).numpy()


def grad_cam_figure(
    spectrograms: np.ndarray,
    maps: np.ndarray,
    names: Sequence[str],
    seconds: float,
    title: str,
    notice: str | None = None,
) -> Figure:
    """Spectrograms, and below each its map on it: what is red speaks for the class.

    Args:
        spectrograms: `n x frames x mels`, dB.
        maps: what `grad_cam` gives of them.
        names: what to call each.
        seconds: how long they are.
        title: the figure's title.
        notice: a warning to print under the title.
    """
    columns = 2
    rows = -(-len(names) // columns)
    figure = blank(title, notice, 2 * rows * _PANEL_IN)
    grid = figure.add_gridspec(2 * rows, columns)
    for number, (spectrogram, found, name) in enumerate(zip(spectrograms, maps, names, strict=True)):
        row, column = divmod(number, columns)
        extent = (0, seconds, 0, spectrogram.shape[1])
        options = {"origin": "lower", "aspect": "auto", "extent": extent}
        for line, is_map in enumerate((False, True)):
            axes = figure.add_subplot(grid[2 * row + line, column])
            axes.imshow(spectrogram.T, cmap="gray_r" if is_map else "magma", **options)
            if is_map:
                axes.imshow(found.T, cmap="Reds", vmin=0, vmax=1, alpha=0.8 * found.T, **options)
            else:
                axes.set_title(name, loc="left", fontsize=SMALL_PT, color=INK)
            style(axes)
            axes.grid(False)
            axes.set_yticks([])
            axes.set_ylabel("" if column else "mel bands")
            axes.set_xlabel("time, s" if is_map and row == rows - 1 else "")
            axes.tick_params(labelbottom=is_map)
    return plain(figure)
