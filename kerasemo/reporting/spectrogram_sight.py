"""Figures that explain a network on spectrograms: t-SNE of its embeddings of clips, and Grad-CAM maps."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from kerasemo.training.segments import UNKNOWN, Segments

if TYPE_CHECKING:
    import keras


def draw(
    network: Path,
    segments: Segments,
    task: str,
    classes: list[str],
    segment_s: float,
    seed: int,
    name: str,
    save: Callable[[Figure, str, str], None],
    notice: str | None,
) -> None:
    """Draw the embedding of some clips, and the Grad-CAM map of the most probable segment of each class.

    Args:
        network: the saved network, see `models.from_waveform`.
        segments: the segments of the clips. Segments without a label for the task are ignored; if none has a label,
            nothing is drawn.
        task: name of the task.
        classes: the names of its classes, in order.
        segment_s: length of a segment, seconds.
        seed: seed of t-SNE.
        name: name of the network, for the titles.
        save: function that receives a figure, its kind (`tsne` or `grad_cam`) and its title.
        notice: a warning to print under the titles.
    """
    from kerasemo.models.from_waveform import parts
    from kerasemo.training.saving import load_network

    segments = segments.rows(np.flatnonzero(segments.targets[task] != UNKNOWN))
    if not len(segments):
        return
    spectrogram, classifier = parts(load_network(network))
    spectrograms = spectrogram.predict(segments.once().map(lambda x, *_: x), verbose=0)
    vectors, probabilities = _embeddings_and_probabilities(classifier, spectrograms, task)
    _draw_embedding(vectors, segments, task, classes, seed, name, save, notice)
    _draw_maps(classifier, spectrograms, probabilities, segments, task, classes, segment_s, name, save, notice)


def _embeddings_and_probabilities(
    network: "keras.Model", spectrograms: np.ndarray, task: str
) -> tuple[np.ndarray, np.ndarray]:
    import keras

    from kerasemo.models.spectrogram_cnn import EMBEDDING

    model = keras.Model(network.input, [network.get_layer(EMBEDDING).output, network.output[task]])
    return model.predict({"spectrogram": spectrograms}, batch_size=32, verbose=0)


def _draw_embedding(vectors, segments, task, classes, seed, name, save, notice) -> None:
    from kerasemo.reporting.embedding import FEWEST, embedding_figure, tsne

    clips = pd.DataFrame(vectors).groupby(segments.index["clip"].to_numpy(), sort=False).mean()
    if len(clips) < FEWEST:
        return
    numbers = pd.Series(segments.targets[task], segments.index["clip"]).groupby(level=0).first().loc[clips.index]
    title = f"t-SNE of the embedding, {name}"
    points = tsne(clips.to_numpy(), seed)
    save(embedding_figure(points, [classes[number] for number in numbers], classes, title, notice), "tsne", title)


def _draw_maps(network, spectrograms, probabilities, segments, task, classes, segment_s, name, save, notice) -> None:
    from kerasemo.models.spectrogram_cnn import LAST_CONVOLUTION
    from kerasemo.reporting.grad_cam import grad_cam, grad_cam_figure

    present = np.unique(segments.targets[task])
    rows = [np.where(segments.targets[task] == number, probabilities[:, number], -1).argmax() for number in present]
    maps = grad_cam(network, spectrograms[rows], task, present, LAST_CONVOLUTION)
    title = f"Grad-CAM of {task}, {name}"
    names = [classes[number] for number in present]
    figure = grad_cam_figure(spectrograms[rows, ..., 0], maps, names, segment_s, title, notice)
    save(figure, "grad_cam", title)
